"""What a run was given and what came of it, as formulas over a proof: together they must have a model."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from apimpolicy import compile_expression
from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.reasoning.languages.language import TooLarge
from apimpolicy.reasoning.scenarios.goals import BRANCH
from apimpolicy.reasoning.semantics.json_trees import KINDS
from apimpolicy.reasoning.semantics.values import ABSENT, NULL, FieldValue, Number, Text, Truth, Value, where
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.testing.claims.conditions import answered_by
from apimpolicy.testing.claims.formulas import _by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.gateway.context.execution import Context
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.reasoning.proving.proof import Proof
    from apimpolicy.reasoning.terms.term import Term
    from apimpolicy.reasoning.transfer.flow import End
    from apimpolicy.testing.claims.facts import BranchProofs

_ENTITIES = ("api", "operation", "product", "subscription", "user", "workspace")
_MOST_CONDITIONS = 8
_ODD = re.compile(r"\d{4}-\d\d-\d\d|/Date\(")
"""Strings that are read as dates."""


def is_admitted(
    branches: BranchProofs, gateway: Gateway, result: Result, variables: Sequence[str], headers: Sequence[str]
) -> bool:
    """Return whether a proof admits what a request did. Variables and headers of the response are those that count."""
    proof, goals = branches.proof, branches.harness.goals.reached(result.trace)
    try:
        known = [
            *_given(proof, gateway, result),
            terms.any_of(*(_is_end(end, result, variables, headers) for end in proof.ends)),
        ]
        taken = [branches.formula(goal) for goal in goals if goal.kind == BRANCH]
        questions = [[each for each in taken if each is not None]]
        for goal in sorted(goals, key=str)[:_MOST_CONDITIONS]:  # a condition of a loop or lambda has several outcomes
            if goal.kind != BRANCH:
                questions.append([branches.formula(goal) or terms.TRUE])
        return not any(proof.question(terms.all_of(*known, *more)).decide().is_proven for more in questions)
    except TooLarge:
        return True


def _given(proof: Proof, gateway: Gateway, result: Result) -> Iterator[Term]:
    """Yield what the inputs of the proof are for the request."""
    context = gateway.exchange(result.request).context
    for name in _ENTITIES:
        setattr(context, name, getattr(result.exchange.context, name))
    with use_environment(gateway.environment()):
        for key, variable in list(proof.unknowns.inputs.items()):
            known = _input(context, key)
            if isinstance(known, bool):
                yield variable if known else terms.not_(variable)
            elif isinstance(known, str):
                yield terms.same(variable, terms.text(to_utf16(known)))
        yield from _json(proof, context)


def _value(context: Context, code: str) -> Any:
    try:
        return compile_expression(f"@({code})").evaluate(context)
    except DotnetException:
        return None


def _input(context: Context, key: Any) -> bool | str | None:
    match key:
        case ("header" | "query" as kind, name, *rest):
            of = "context.Request.Headers" if kind == "header" else "context.Request.Url.Query"
            is_there = _value(context, f'{of}.ContainsKey("{name}")') is True
            values = list(_value(context, f'{of}["{name}"]')) if is_there else []
            found: dict[str, bool | str | None] = {"there": is_there, "repeats": len(values) > 1}
            if is_there:
                found[""] = _value(context, f'{of}.GetValueOrDefault("{name}", "")')
            if len(values) > 1:
                found |= {"first": values[0], "second": values[1]}
            return found.get(rest[0] if rest else "")
        case ("method",):
            return str(_value(context, "context.Request.Method"))
        case ("address",):
            return str(_value(context, "context.Request.IpAddress"))
        case ("url", name):
            return str(_value(context, f"context.Request.Url.{name}"))
        case ("there", "body"):
            return _value(context, "context.Request.Body != null") is True
        case ("there", "certificate"):
            return _value(context, "context.Request.Certificate != null") is True
        case ("there", name):
            return getattr(context, name) is not None
        case ("variable", _, "there"):
            return False
        case ("body", "text"):
            text = _value(context, "context.Request.Body?.As<string>(true)")
            return text if isinstance(text, str) else None
    return None


def _json(proof: Proof, context: Context) -> Iterator[Term]:
    """Yield the tree of a body of plain JSON."""
    text = _value(context, "context.Request.Body?.As<string>(true)")
    try:
        tree = json.loads(text, object_pairs_hook=_once) if isinstance(text, str) else None
    except ValueError:
        return
    body = proof.unknowns.inputs.get(("body", "text"))
    for key, variable in list(proof.unknowns.inputs.items()):
        match key:
            case ("json", (_, of), path, what) if of is body and tree is not None:
                known = _of_tree(tree, path, what)
                if isinstance(known, bool):
                    yield variable if known else terms.not_(variable)
                elif isinstance(known, int):
                    yield terms.equal(variable, terms.number(known))
                elif isinstance(known, str):
                    yield terms.same(variable, terms.text(to_utf16(known)))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


_MISSING = object()


def _of_tree(tree: Any, path: Sequence[str | int], what: str) -> bool | int | str | None:
    token, parent = tree, None
    for step in path:
        parent = token
        is_inside = isinstance(token, dict if isinstance(step, str) else list)
        known = token.get(step, _MISSING) if is_inside and isinstance(step, str) else _MISSING
        token = token[step] if is_inside and isinstance(step, int) and step < len(token) else known
        if token is _MISSING:
            return False if what == "there" and isinstance(parent, dict) else None
    if isinstance(token, float) or (isinstance(token, str) and _ODD.match(token)):
        return None
    kinds = {dict: "object", str: "string", bool: "boolean", int: "integer", list: "array", type(None): "null"}
    kind = kinds[type(token)]
    if what in KINDS:
        return kind == what if KINDS.index(what) <= KINDS.index(kind) else None
    match what, kind:
        case ("text", "string") | ("truth", "boolean"):
            return token  # type: ignore[no-any-return] # it is of the kind
        case ("digits", "integer"):
            return str(token)
        case ("length", "array"):
            return len(token)
        case ("there" | "valid", _):
            return True
    return None


def _is_end(end: End, result: Result, variables: Sequence[str], headers: Sequence[str]) -> Term:
    status = terms.number(result.response.status_code)
    reached = where(end.state.get("reached"), lambda leaf: leaf.term if isinstance(leaf, Truth) else terms.FALSE)
    parts = [
        end.condition,
        _by(end, answered_by(result)),
        where(end.status, lambda leaf: terms.equal(leaf.term, status) if isinstance(leaf, Number) else terms.TRUE),
        reached if result.reached_backend else terms.not_(reached),
    ]
    for name in variables:
        has, value = name in result.exchange.variables, None
        if has:
            value = result.exchange.variables[name]
        parts.append(
            where(end.state.get("variable", name), lambda leaf, has=has, value=value: _is_value(leaf, has, value))
        )
    for name in headers:
        values = result.response.headers.get_all(name) if hasattr(result.response.headers, "get_all") else None
        if values is not None:
            cell = end.state.get("response-header", name.lower())
            parts.append(where(cell, lambda leaf, values=values: _is_field(leaf, values)))
    return terms.all_of(*parts)


def _is_value(leaf: Value, has: bool, value: Any) -> Term:
    if leaf is ABSENT or not has:
        return terms.truth(leaf is ABSENT and not has)
    if leaf is NULL or value is None:
        return terms.truth(value is None and (leaf is NULL or not isinstance(leaf, (Truth, Number, Text))))
    match leaf:
        case Truth():
            return (leaf.term if value else terms.not_(leaf.term)) if isinstance(value, bool) else terms.FALSE
        case Text():
            return terms.same(leaf.term, terms.text(value)) if isinstance(value, str) else terms.FALSE
        case Number() if isinstance(value, int) and not isinstance(value, bool):
            return terms.equal(leaf.term, terms.number(int(value)))
        case Number() if leaf.type == "char" and isinstance(value, str) and len(value) == 1:
            return terms.equal(leaf.term, terms.number(ord(value)))
        case Number():
            return terms.truth(not isinstance(value, (str, bool)))
    return terms.TRUE


def _is_field(leaf: Value, values: Sequence[str]) -> Term:
    if not isinstance(leaf, FieldValue) or not values:
        return terms.truth(leaf is ABSENT and not values)
    return terms.same(leaf.joined, terms.text(to_utf16(",".join(values))))
