"""Find the named values of a policy that are secret, by a folder of APIOps' layout or a configuration.

APIOps writes a folder with a `namedValueInformation.json` for each named value. Its name is the id, which is nearly
always the display name too, so that one file is read for each name; only where a name has no folder all are.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.information_files import file_in, folders, read_json
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDERS = ("named values", "named-values")
_FILE = "namedValueInformation.json"


class SecretNames:
    """Finds out about names; each file is read once."""

    def __init__(self) -> None:
        self._by_folder: dict[str, tuple[str, bool] | None] = {}
        self._all: dict[str, dict[str, bool]] = {}

    def of(self, text: str, root: str | None, tables: Mapping[str, Any]) -> dict[str, bool]:
        """Return for each named value in a text whether it is secret, where that is known."""
        found: dict[str, bool] = {}
        values = tables.get("named-values")
        for name in dict.fromkeys(reference.name for reference in find_named_values(text)):
            given = values.get(name) if isinstance(values, dict) else None
            if given is not None:
                found[name] = isinstance(given, dict) and given.get("secret") is True
            elif root is not None and (known := self._in_layout(root, name)) is not None:
                found[name] = known
        return found

    def _in_layout(self, root: str, name: str) -> bool | None:
        for kind in _FOLDERS:
            found = self._read(os.path.join(root, kind, name))
            if found is not None and found[0] == name:
                return found[1]
        if root not in self._all:
            inside = (self._read(folder) for _, folder in folders(root, *_FOLDERS))
            self._all[root] = dict(found for found in inside if found is not None)
        return self._all[root].get(name)

    def _read(self, folder: str) -> tuple[str, bool] | None:
        """Return the display name, and whether the value is secret; None for what can't be read."""
        if folder not in self._by_folder:
            self._by_folder[folder] = None
            path = file_in(folder, _FILE)
            try:
                found = read_json(path) if path is not None else None
            except ConfigurationError:
                found = None
            properties = found.get("properties") if isinstance(found, dict) else None
            if isinstance(properties, dict):
                name = properties.get("displayName")
                is_secret = properties.get("secret") is True or isinstance(properties.get("keyVault"), dict)
                name = name if isinstance(name, str) and name else os.path.basename(folder)
                self._by_folder[folder] = name, is_secret
        return self._by_folder[folder]
