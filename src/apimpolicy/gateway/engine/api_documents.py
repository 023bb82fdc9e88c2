"""The descriptions of an API: an OpenAPI document, schemas by id, a WSDL, a GraphQL schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.entities import Api
from apimpolicy.gateway.engine.document import read_bytes

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from apimpolicy.gateway.context.description import ApiDefinition


class ApiDocuments:
    """The documents of one API, as `Gateway` takes them; each is a path, a text, or data read before.

    `schemas` are JSON Schemas and XSDs by the id that validate-content's `schema-id` names. `compiled` keeps what was
    made of schemas for as long as the gateway lives. Raises ConfigurationError for what cannot be read.
    """

    def __init__(
        self,
        openapi: str | bytes | Path | Mapping[str, Any] | ApiDefinition | None = None,
        schemas: Mapping[str, Any] | None = None,
        wsdl: str | bytes | Path | None = None,
        graphql_schema: str | bytes | Path | None = None,
        *,
        problem: str = "",
    ) -> None:
        self.problem = problem
        """Why documents that the API has aren't here."""
        self.description: ApiDefinition | None = None
        if openapi is not None:
            from apimpolicy.gateway.engine.openapi import load_openapi

            self.description = load_openapi(openapi)
        if wsdl is not None:
            import attrs

            from apimpolicy.gateway.context.description import ApiDefinition

            self.description = attrs.evolve(self.description or ApiDefinition(), xml_schema=_text(wsdl))
        self.schemas = {name: _schema(name, schema) for name, schema in (schemas or {}).items()}
        self.compiled: dict[Any, Any] = {}
        self._graphql_text = None if graphql_schema is None else _text(graphql_schema)
        self._graphql: GraphQLSchema | None = None

    def api(self) -> Api | None:
        """Return the API that is described: its title, an id made of that, and its backend; None without a title."""
        description = self.description
        if description is None or description.title is None:
            return None
        identifier = re.sub(r"[^a-z0-9]+", "-", description.title.lower()).strip("-") or "api"
        return Api(identifier, description.title, service_url=description.service_url)

    @property
    def graphql_schema(self) -> GraphQLSchema | None:
        """Return the GraphQL schema, read when it is first used; None without one. Raises ConfigurationError."""
        if self._graphql is None and self._graphql_text is not None:
            from apimpolicy.gateway.policies.graphql_requests import graphql_schema

            self._graphql = graphql_schema(self._graphql_text)
        return self._graphql


def _schema(name: str, schema: Any) -> Any:
    """Return a JSON Schema as data, or an XSD as text. Raises ConfigurationError."""
    if isinstance(schema, bool):
        return schema
    if isinstance(schema, Mapping):
        return dict(schema)
    text = _text(schema)
    if text.lstrip().startswith("<"):
        return text
    from apimpolicy.gateway.engine.data_files import parse_json_or_yaml

    data = parse_json_or_yaml(text.encode("utf-8", "surrogatepass"), f"the schema '{name}'")
    if not isinstance(data, (dict, bool)):
        raise ConfigurationError(f"the schema '{name}' is neither a JSON Schema nor an XSD")
    return data


def _text(document: str | bytes | Path) -> str:
    """Return a text, or what is in the file that a text of one line without brackets names."""
    is_name = isinstance(document, str) and "\n" not in document and not any(sign in document for sign in "<{")
    if isinstance(document, Path) or is_name:
        document = read_bytes(Path(str(document)))
    if isinstance(document, bytes):
        return document.decode("utf-8-sig", "replace")
    return str(document).removeprefix("\ufeff")
