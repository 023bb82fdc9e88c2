"""Descriptions of the API: `openapi`, `wsdl`, `graphql-schema`, and `[schemas]`, by the ids that policies name.

Each is a file, or the document itself: a text that begins with `<` or `{`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_SINGLE = {"openapi": "openapi", "wsdl": "wsdl", "graphql-schema": "graphql_schema"}


class DescriptionPaths:
    """Return the documents of a configuration's table. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._given = {option: text for key, option in _SINGLE.items() if (text := table.take(key, str)) is not None}
        schemas = table.table("schemas")
        self._schemas = (
            {} if schemas is None else {name: schemas.checked(text, str, name) for name, text in schemas.items()}
        )

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`."""
        found: dict[str, Any] = {option: self._document(text) for option, text in self._given.items()}
        if self._schemas:
            found["schemas"] = {name: self._document(text) for name, text in self._schemas.items()}
        return found

    def _document(self, text: str) -> str | Path:
        return text if text.lstrip().startswith(("<", "{")) else Path(self._table.path(text))
