"""The named parts of a project: fragments, named values, backends, certificates, APIs, operations, with their origin.

They come from the configuration above a file and from a folder in the layout of APIOps. A file that can't be read is
skipped here: `check` and `test` report what is wrong with it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checkout import open_text
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration_files import ConfigurationFinder
from apimpolicy.project.layout import folders_of_kinds, fragments_of, place_of, subfolders
from apimpolicy.text.secrets import HIDDEN, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.editor.occurrences import Kind
    from apimpolicy.editor.rpc import Json

    Elsewhere = Callable[[Kind, str], Iterable["Known"]]


class Known(NamedTuple):
    """A name, a text about it, and the file (with a line from 0 on) that it comes from."""

    name: str
    detail: str
    path: str
    line: int = 0


_TABLES: dict[str, Kind] = {
    "named-values": "named value",
    "fragments": "fragment",
    "backends": "backend",
    "certificates": "certificate",
    "apis": "api",
}
_FOLDERS: dict[str, tuple[Kind, str]] = {
    "named-values": ("named value", "namedValueInformation.json"),
    "backends": ("backend", "backendInformation.json"),
}


class Knowledge:
    """The names of one project, by kind."""

    def __init__(
        self,
        names: dict[Kind, dict[str, Known]],
        configuration: str | None,
        root: str | None,
        elsewhere: Elsewhere = lambda _kind, _path: (),
    ) -> None:
        self._names = names
        self.elsewhere = elsewhere
        """The variables and headers that other files set or send for a file."""
        self.configuration = configuration
        self.root = root

    def all(self, kind: Kind) -> list[Known]:
        return list(self._names.get(kind, {}).values())

    def find(self, kind: Kind, name: str) -> Known | None:
        return self._names.get(kind, {}).get(name)


def knowledge_of(path: str, elsewhere: Elsewhere = lambda _kind, _path: ()) -> Knowledge:
    """Return the names that a file can refer to."""
    names: dict[Kind, dict[str, Known]] = {}
    try:
        configuration = ConfigurationFinder().for_file(path)
    except ConfigurationError:
        configuration = None
    if configuration is not None:
        _read_tables(configuration, names)
    root = place_of(path).root
    if root is not None:
        _read_layout(root, names)
    return Knowledge(names, configuration, root, elsewhere)


def _read_tables(path: str, names: dict[Kind, dict[str, Known]]) -> None:
    from apimpolicy.project.configuration import read_configuration
    from apimpolicy.project.toml_lines import lines_of_keys

    try:
        values = read_configuration(path)
        with open_text(path, encoding="utf-8-sig") as file:
            lines = lines_of_keys(file.read())
    except (ConfigurationError, OSError, UnicodeDecodeError):
        return
    prefix = "tool.apimpolicy." if os.path.basename(path) == "pyproject.toml" else ""
    for table, kind in _TABLES.items():
        found = values.get(table)
        for name, value in found.items() if isinstance(found, dict) else ():
            target, line = path, lines.get(f"{prefix}{table}.{name}", 1) - 1
            if kind == "fragment" and isinstance(value, str) and not value.lstrip().startswith("<"):
                target, line = os.path.join(os.path.dirname(path), value), 0
            names.setdefault(kind, {})[name] = Known(name, _shown(value), target, line)
            operations = value.get("operations") if kind == "api" and isinstance(value, dict) else None
            for operation in operations if isinstance(operations, dict) else ():
                names.setdefault("operation", {})[operation] = Known(operation, f"of {name}", path, line)


def _shown(value: Any) -> str:
    """Return the text about a value for lists and hovers; secrets stay secret."""
    if isinstance(value, dict):
        if value.get("secret"):
            return HIDDEN
        value = value.get("value") or value.get("url") or value.get("path") or ""
    text = str(value)
    return without_secrets(text)[:200]


def _read_layout(root: str, names: dict[Kind, dict[str, Known]]) -> None:
    for name, path in fragments_of(root).items():
        names.setdefault("fragment", {}).setdefault(name, Known(name, os.path.relpath(path, root), path))
    _read_apis(root, names)
    for resource, (kind, file) in _FOLDERS.items():
        for identifier, directory in subfolders(folders_of_kinds(root).get(resource)):
            path = os.path.join(directory, file)
            properties = _properties(path)
            name = str(properties.get("displayName") or identifier) if kind == "named value" else identifier
            said = HIDDEN if properties.get("secret") else str(properties.get("value") or properties.get("url") or "")
            names.setdefault(kind, {}).setdefault(name, Known(name, said, path))


def _read_apis(root: str, names: dict[Kind, dict[str, Known]]) -> None:
    """Add APIs and their operations, by the folders' names, which are their ids."""
    for api, folder in subfolders(os.path.join(root, "apis")):
        names.setdefault("api", {}).setdefault(api, Known(api, "", os.path.join(folder, "apiInformation.json")))
        for operation, place in subfolders(os.path.join(folder, "operations")):
            known = Known(operation, f"of {api}", os.path.join(place, "policy.xml"))
            names.setdefault("operation", {}).setdefault(operation, known)


def _properties(path: str) -> Json:
    try:
        with open_text(path, encoding="utf-8-sig") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    properties = found.get("properties") if isinstance(found, dict) else None
    return properties if isinstance(properties, dict) else {}
