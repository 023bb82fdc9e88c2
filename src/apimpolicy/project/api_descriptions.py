"""What describes the API, as files that a configuration names: `openapi`, `wsdl`, `graphql-schema`, and `[schemas]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_SINGLE = {"openapi": "openapi", "wsdl": "wsdl", "graphql-schema": "graphql_schema"}


class DescriptionPaths:
    """The paths of the documents, taken out of a configuration's table. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._paths = {
            option: Path(table.path(path))
            for key, option in _SINGLE.items()
            if (path := table.take(key, str)) is not None
        }
        schemas = table.table("schemas")
        self._schemas = (
            {}
            if schemas is None
            else {name: Path(schemas.path(schemas.checked(path, str, name))) for name, path in schemas.items()}
        )

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`."""
        found: dict[str, Any] = dict(self._paths)
        if self._schemas:
            found["schemas"] = self._schemas
        return found
