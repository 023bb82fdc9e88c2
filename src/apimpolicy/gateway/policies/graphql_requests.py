"""A GraphQL request: its text, its document, how deep and how large it is, and its fields by type.

The engine is graphql-core; the sentences of syntax and validation errors are its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import graphql
from graphql import GraphQLError, GraphQLSchema

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.message_text import media_type_of
from apimpolicy.gateway.policies.surroundings import azure_text

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage

QUERY_ALONE = "application/graphql"
"""The content type of a body that is the query itself (release notes of July 2022)."""
MAX_TOKENS = 20_000
MAX_SELECTIONS = 10_000
"""Fields and fragments together; fragments in a circle, which are not valid, would never end."""


class GraphQLRequestError(Exception):
    """A request error: `entries` are the errors as GraphQL has them."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        super().__init__(entries[0]["message"])
        self.entries = list(entries)


def error(text: str, /, **values: object) -> GraphQLRequestError:
    """Return an error with a text of `azure_texts`."""
    return GraphQLRequestError({"message": azure_text(text, **values)})


def graphql_schema(text: str) -> GraphQLSchema:
    """Return a schema of SDL text. Raises ConfigurationError."""
    try:
        schema = graphql.build_schema(text)
        problems = graphql.validate_schema(schema)
    except RecursionError:
        raise ConfigurationError("the GraphQL schema is nested too deeply") from None
    except (GraphQLError, TypeError) as problem:
        raise ConfigurationError(f"the GraphQL schema cannot be used: {str(problem)[:300]}") from None
    if problems:
        raise ConfigurationError(f"the GraphQL schema cannot be used: {problems[0].message}")
    return schema


class GraphQLRequest:
    """A GraphQL request: `payload` is its JSON, None where the query is alone; `document` the parsed query."""

    def __init__(self, query: str, payload: dict[str, Any] | None) -> None:
        self.query = query
        self.payload = payload
        try:
            self.document = graphql.parse(query, max_tokens=MAX_TOKENS)
        except GraphQLError as problem:
            raise GraphQLRequestError(_entry(problem)) from None
        except RecursionError:
            raise error("graphql-too-deep") from None

    @classmethod
    def of(cls, request: RequestMessage, content: bytes) -> GraphQLRequest:
        """Read a request: the parameter `query` of a GET, else a body in JSON or the query alone. Raises
        GraphQLRequestError.
        """
        if content and media_type_of(request) == QUERY_ALONE:
            return cls(content.decode("utf-8-sig", "replace"), None)
        if not content:
            values = request.url.query.get_all("query")
            if not values:
                raise error("graphql-query-missing")
            return cls(from_utf16(values[0]), None)
        try:
            payload = json.loads(content.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            raise error("graphql-not-json") from None
        if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            raise error("graphql-body-without-query")
        return cls(payload["query"], payload)

    def send(self, request: RequestMessage, query: str) -> None:
        if self.payload is not None:
            request.set_body(json.dumps({**self.payload, "query": query}, ensure_ascii=False).encode())
        elif media_type_of(request) == QUERY_ALONE:
            request.set_body(query.encode())
        else:
            parameters = request.url.query.copy()
            parameters.set("query", [to_utf16(query)])
            request.url = request.url.with_parameters(parameters)

    def validate(self, schema: GraphQLSchema) -> None:
        """Validate the query against a schema. Raises GraphQLRequestError."""
        try:
            problems = graphql.validate(schema, self.document)
        except RecursionError:
            raise error("graphql-too-deep") from None
        if problems:
            raise GraphQLRequestError(*map(_entry, problems))

    def measure(self, most: int) -> tuple[int, int]:
        """Return the depth (fields within each other, with fragments) and the number of fields, up to `most`."""
        fragments = _fragments(self.document)
        deepest = count = seen = 0
        waiting = [(node.selection_set, 0) for node in self._operations()]
        while waiting and count <= most:
            selection_set, depth = waiting.pop()
            for node in selection_set.selections if selection_set is not None else ():
                seen += 1
                if seen > MAX_SELECTIONS:
                    return deepest, most + 1
                if node.kind == "field":
                    count += 1
                    deepest = max(deepest, depth + 1)
                    waiting.append((node.selection_set, depth + 1))
                elif node.kind == "inline_fragment":
                    waiting.append((node.selection_set, depth))
                elif node.name.value in fragments:
                    waiting.append((fragments[node.name.value].selection_set, depth))
        return deepest, count

    def without(self, schema: GraphQLSchema, refused: Callable[[str, str, bool], bool]) -> str | None:
        """Return the query without fields for which `refused(type, field, is_root)` is true; None if none is left."""
        info = graphql.TypeInfo(schema)
        roots = [schema.query_type, schema.mutation_type, schema.subscription_type]

        emptied: set[str] = set()

        class Remover(graphql.Visitor):
            def enter_field(self, node: Any, *_: Any) -> Any:
                parent = info.get_parent_type()
                name = parent.name if parent is not None else ""
                return graphql.REMOVE if refused(name, node.name.value, parent in roots) else None

            def enter_fragment_spread(self, node: Any, *_: Any) -> Any:
                return graphql.REMOVE if node.name.value in emptied else None

            def leave_field(self, node: Any, *_: Any) -> Any:
                return graphql.REMOVE if _is_empty(node) else None

            leave_inline_fragment = leave_field
            leave_operation_definition = leave_field

            def leave_fragment_definition(self, node: Any, *_: Any) -> Any:
                if not _is_empty(node):
                    return None
                emptied.add(node.name.value)
                return graphql.REMOVE

        edited, emptied_before = self.document, -1
        try:
            while emptied_before < len(emptied):  # the spreads of a fragment that was emptied go in the next turn
                emptied_before = len(emptied)
                edited = graphql.visit(edited, graphql.TypeInfoVisitor(info, Remover()))
        except RecursionError:
            raise error("graphql-too-deep") from None
        if not any(node.kind == "operation_definition" for node in edited.definitions):
            return None
        return graphql.print_ast(edited)

    def _operations(self) -> list[Any]:
        return [node for node in self.document.definitions if node.kind == "operation_definition"]


def _fragments(document: Any) -> dict[str, Any]:
    return {node.name.value: node for node in document.definitions if node.kind == "fragment_definition"}


def _is_empty(node: Any) -> bool:
    return node.selection_set is not None and not node.selection_set.selections


def _entry(problem: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"message": problem.message}
    if problem.locations:
        made["locations"] = [{"line": place.line, "column": place.column} for place in problem.locations]
    return made
