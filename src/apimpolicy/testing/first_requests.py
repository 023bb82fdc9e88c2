"""Candidate requests for a policy's branches, read from its expressions.

Methods, header names and values, query parameters, properties of a JSON body, certificates, tokens. Requests are put
together from these, few at a time.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Call, ConditionalAccess, Convert, IndexerAccess, PropertyAccess
from apimpolicy.checks.nodes import type_name
from apimpolicy.policies.registry import has_trait
from apimpolicy.scenarios.scenario import Scenario
from apimpolicy.testing.first_surroundings import addresses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject

_USUAL = ("partner", "good")
_ALLOWED = "allowed"
_ONE_ONLY = ("certificate", "token", "method", "path", "address")
CERTIFICATES = ("partner", "expired", "self-signed", "other-partner")

Move = tuple[str, str, str]
"""A part of a request: its kind (`method`, `path`, `header`, `query`, `json`, `certificate`, `token`,
`claim`, `address`), its name, its value. The name of a token is that of its provider, its value `good` or `expired`;
that of an address says whether ip-filter lets it through."""


def moves_of(subject: Subject, providers: Iterable[str]) -> list[Move]:
    """Return the parts to try; `providers` are the names of those that issue tokens."""
    found: dict[Move, None] = {}
    text = subject.document.source.text
    if ".Certificate" in text or "<validate-client-certificate" in text:
        found |= {("certificate", "", name): None for name in CERTIFICATES}
    found |= {("token", name, value): None for name in providers for value in ("good", "expired")}
    for expression in subject.expressions:
        for node in expression.compiled.nodes:
            for move in _of_node(expression, node):
                found[move] = None
    for element in subject.elements:
        if has_trait(element.name, "checks-header") and (name := element.get("name")) is not None:
            for value in element.elements():
                found["header", name.value.text, value.text.strip()] = None
        elif has_trait(element.name, "checks-address") and (action := element.get("action")) is not None:
            kind = _ALLOWED if action.value.text == "allow" else "forbidden"
            found |= {("address", kind, address): None for address in addresses_of(element)}
    return list(found)


def _of_node(expression: CheckedExpression, node: Bound) -> Iterator[Move]:
    if isinstance(node, Binary) and node.operator in ("==", "!="):
        left, right = _plain(node.left), _plain(node.right)
        for one, other in ((left, right), (right, left)):
            if other.is_constant and isinstance(other.constant, str):
                yield from _valued(one, other.constant)
    elif isinstance(node, Call) and node.method.name in ("Equals", "Contains", "StartsWith", "EndsWith", "ContainsKey"):
        receiver = node.receiver or (node.arguments[0] if node.arguments else None)
        last = node.arguments[-1] if node.arguments else None
        text = last.constant if last is not None and last.is_constant and isinstance(last.constant, str) else None
        if receiver is not None and text:
            yield from _valued(_plain(receiver), text)
            if node.method.name == "ContainsKey" and isinstance(receiver, PropertyAccess):
                kind = _collection(receiver)
                if kind:
                    yield kind, text, "1"
    if isinstance(node, Call) and node.method.name == "GetValueOrDefault":
        yield from _valued(node, "1")
    elif isinstance(node, IndexerAccess) and type_name(node.receiver) in ("JObject", "JToken") and node.arguments:
        key = node.arguments[0]
        if key.is_constant and isinstance(key.constant, str):
            yield "json", key.constant, "1"


def _valued(node: Expression, value: str) -> Iterator[Move]:
    """Yield what a request must have for this expression to be that text."""
    if isinstance(node, PropertyAccess) and node.property.name == "Method":
        yield "method", "", value.upper()
    elif isinstance(node, PropertyAccess) and node.property.name == "Path":
        yield "path", "", value if value.startswith("/") else f"/{value}"
    elif isinstance(node, Call) and node.method.name == "GetValueOrDefault":
        receiver = node.receiver
        arguments = list(node.arguments)
        if receiver is None and arguments:
            receiver = arguments.pop(0)
        name = arguments[0].constant if arguments and arguments[0].is_constant else None
        if isinstance(receiver, PropertyAccess) and isinstance(name, str) and (kind := _collection(receiver)):
            yield kind, name, value
    elif isinstance(node, IndexerAccess) and node.arguments and node.arguments[0].is_constant:
        if isinstance(node.arguments[0].constant, str) and type_name(node.receiver) in ("JObject", "JToken"):
            yield "json", node.arguments[0].constant, value
    elif isinstance(node, Call) and node.receiver is not None:
        yield from _valued(_plain(node.receiver), value)


def _collection(node: PropertyAccess) -> str:
    owner = type_name(node.receiver)
    if node.property.name == "Claims" and owner == "Jwt":
        return "claim"
    if node.property.name == "Headers" and owner == "IRequest":
        return "header"
    return "query" if node.property.name in ("Query", "QueryParameters") and owner == "IUrl" else ""


def _plain(node: Expression) -> Expression:
    while isinstance(node, (Convert, ConditionalAccess)):
        node = node.operand if isinstance(node, Convert) else node.access
    return node


def tries(moves: list[Move]) -> Iterator[tuple[Move, ...]]:
    """Yield candidate requests, simplest first: nothing, what a valid caller has, then one to three more things."""
    usual = tuple(
        {
            what: (what, name, value) for what, name, value in reversed(moves) if value in _USUAL or name == _ALLOWED
        }.values()
    )
    yield ()
    if usual:
        yield usual
    for size in (1, 2, 3):
        for chosen in itertools.combinations(moves, size):
            named = {what if what in _ONE_ONLY else (what, name) for what, name, _ in chosen}
            if len(named) == size and not (size == 1 and chosen[0] in usual):
                yield (*(move for move in usual if move[0] not in named), *chosen)


def scenario_of(moves: tuple[Move, ...]) -> Scenario:
    """Return the request that has these."""
    made = Scenario()
    query: list[str] = []
    claims = {name: value for what, name, value in moves if what == "claim"}
    for what, name, value in moves:
        if what == "method":
            made.method = value
        elif what == "path":
            made.url = value
        elif what == "header":
            made.headers[name] = value
        elif what == "query":
            query.append(f"{name}={value}")
        elif what == "json":
            made.json, made.has_json = {**(made.json or {}), name: value}, True
            made.method = "POST" if made.method == "GET" else made.method
        elif what == "certificate":
            made.certificate = value
        elif what == "address":
            made.address = value
        elif what == "token":
            options = {**({"expires-in": -60} if value == "expired" else {}), **({"claims": claims} if claims else {})}
            made.token = name, options
    made.url += "?" + "&".join(query) if query else ""
    return made
