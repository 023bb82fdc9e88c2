"""Facts for rules about the service around a policy file: documents of wider scopes, and which named values are secret.

Only what the file has something for is looked up, and the modules that do it are loaded then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.project.files import STANDARD_INPUT
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from apimpolicy.checks.subject import Settings
    from apimpolicy.project.known_service import ServiceView
    from apimpolicy.project.wider_documents import WiderDocuments


class Surroundings:
    """Completes the settings of files; other files are read once."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {}
        self._wider: WiderDocuments | None = None

    def around(
        self, path: str, configuration: str | None, data: bytes, settings: Settings, service: ServiceView | None
    ) -> tuple[Settings, str]:
        """Return the settings with what is known, and a text that changes with it, for the cache."""
        if path == STANDARD_INPUT:
            return settings, ""
        contents: list[object] = []
        if b"Variables" in data and (service is not None or configuration is not None):
            from apimpolicy.project.wider_documents import WiderDocuments

            self._wider = self._wider or WiderDocuments()
            directory = os.path.dirname(configuration or "")
            description = None if service is None else service.description
            tables = self._of_configuration(configuration)

            def is_complete() -> bool:
                return service is not None and not service.may_have_more("apis", "products", "workspaces")

            wider = self._wider.around(path, description, tables, directory, is_complete=is_complete)
            settings = settings._replace(wider=wider.paths, others=wider.others)
            contents += [*wider.contents, wider.others is not None]
        if b"{{" in data:
            secrets = self._secrets(data.decode("utf-8", "replace"), self._of_configuration(configuration), service)
            settings = settings._replace(secrets=secrets)
            contents += sorted(secrets.items())
        if not contents:
            return settings, ""
        from apimpolicy.project.cache import key_of

        return settings, key_of(*contents)

    @staticmethod
    def _secrets(text: str, tables: Mapping[str, Any], service: ServiceView | None) -> dict[str, bool]:
        """Return for each named value in a text whether it is secret, where that is known."""
        found: dict[str, bool] = {}
        values = tables.get("named-values")
        for name in dict.fromkeys(reference.name for reference in find_named_values(text)):
            given = values.get(name) if isinstance(values, dict) else None
            if given is not None:
                found[name] = isinstance(given, dict) and given.get("secret") is True
            elif service is not None and (known := service.named_values.get(name)) is not None:
                found[name] = known
        return found

    def _of_configuration(self, path: str | None) -> dict[str, Any]:
        if path is None:
            return {}
        if path not in self._tables:
            from apimpolicy.project.configuration import read_configuration

            self._tables[path] = read_configuration(path)
        return self._tables[path]
