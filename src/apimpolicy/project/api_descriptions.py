"""What describes the API, as files that a configuration names: `openapi`, `wsdl`, `graphql-schema`, and `[schemas]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_SINGLE = {"openapi": "openapi", "wsdl": "wsdl", "graphql-schema": "graphql_schema"}


class DescriptionPaths:
    """The paths of the documents, taken out of a configuration's table. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._paths = {
            option: table.path(path) for key, option in _SINGLE.items() if (path := table.take(key, str)) is not None
        }
        schemas = table.table("schemas")
        self._schemas = (
            {}
            if schemas is None
            else {name: schemas.path(schemas.checked(path, str, name)) for name, path in schemas.items()}
        )

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`."""
        from pathlib import Path

        found: dict[str, Any] = {option: Path(path) for option, path in self._paths.items()}
        if self._schemas:
            found["schemas"] = {name: Path(path) for name, path in self._schemas.items()}
        return found
