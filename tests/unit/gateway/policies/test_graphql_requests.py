"""GraphQL requests: how deep, how large, and what means harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import ConfigurationError
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.urls import Url
from apimpolicy.gateway.policies.graphql_requests import GraphQLRequest, GraphQLRequestError, graphql_schema

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "type Query { a(x: Int): A, b: Int } type A { a: A, b: Int, c: [A] } interface I { b: Int }"


def request(query: str) -> GraphQLRequest:
    body = json.dumps({"query": query}).encode()
    return GraphQLRequest.of(RequestMessage("POST", Url.parse("/graphql")), body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ b }", (1, 1)),
        ("{ a { a { b } b } b }", (3, 5)),
        ("{ ... { a { b } } }", (2, 2)),
        ("{ ...F } fragment F on Query { a { ...G } } fragment G on A { b c { b } }", (3, 4)),
        ("query One { b } mutation Two { b }", (1, 2)),
        ("{ ...Nobody }", (0, 0)),
    ],
)
def test_depth_and_size(query: str, expected: tuple[int, int]) -> None:
    assert request(query).measure(250) == expected


@pytest.mark.parametrize(
    "query",
    ["", "{", "{ a(", "{" * 3000, "{a" * 3000 + "}" * 3000, "query($x: " + "[" * 3000 + ") {b}", "{ b } " * 20_000],
)
def test_what_cannot_be_read(query: str) -> None:
    with pytest.raises(GraphQLRequestError):
        request(query)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ z }", "Cannot query field 'z' on type 'Query'."),
        ("{ a }", "Field 'a' of type 'A' must have a selection of subfields."),
        ("{ ...F } fragment F on Query { ...F }", "Cannot spread fragment 'F' within itself."),
        ('{ a(x: "s") { b } }', "Int cannot represent non-integer value"),
    ],
)
def test_what_is_not_of_the_schema(query: str, message: str) -> None:
    with pytest.raises(GraphQLRequestError, match=message.replace("(", r"\(")):
        request(query).validate(graphql_schema(SCHEMA))


def named(*names: str) -> Callable[[str, str, bool], bool]:
    return lambda type_name, field, is_root: f"{type_name}.{field}" in names


@pytest.mark.parametrize(
    ("query", "names", "expected"),
    [
        ("{ a { b c { b } } }", ["A.c"], "{ a { b } }"),
        ("{ a { b } b }", ["A.b"], "{ b }"),
        ("{ a { b } }", ["A.b"], None),
        ("{ a { ... on A { b } a { b } } b }", ["A.b"], "{ b }"),
        ("{ a { a: b } b }", ["Query.b"], "{ a { a: b } }"),
        ("{ ...F b } fragment F on Query { a { b } }", ["Query.b"], "{ ...F } fragment F on Query { a { b } }"),
    ],
)
def test_fields_are_taken_out(query: str, names: list[str], expected: str | None) -> None:
    found = request(query).without(graphql_schema(SCHEMA), named(*names))
    assert (None if found is None else " ".join(found.split())) == expected


def test_a_fragment_that_loses_everything_goes_with_its_spreads() -> None:
    found = request("{ ...F b } fragment F on A { b }").without(graphql_schema(SCHEMA), named("A.b"))
    assert found is not None
    assert " ".join(found.split()) == "{ b }"


@pytest.mark.parametrize(
    "text", ["", "type", "type Query { a: Nobody }", "type A { b: Int }", "type Query { a: " + "[" * 5000]
)
def test_what_is_no_schema(text: Any) -> None:
    with pytest.raises(ConfigurationError):
        graphql_schema(text)
