"""Reading JSON against the implementation, for odd bodies."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import compile_expression
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.json.casts import CASTS
from apimpolicy.csharp.dotnet.json.containers import JContainer
from apimpolicy.csharp.dotnet.json.objects import JObject
from apimpolicy.gateway.context.bodies import parse_json
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.urls import Url
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.state import Inputs
from apimpolicy.reasoning.semantics.unknowns import Unknowns
from apimpolicy.reasoning.semantics.values import NULL, Choice, Number, Text, Truth, Value
from apimpolicy.reasoning.terms.term import value_of

if TYPE_CHECKING:
    from apimpolicy.reasoning.terms.term import Term

FORMS = Path(__file__).with_name("json_forms.txt").read_text("utf-8").splitlines()
VALUES = [
    *('"admin"', '"Admin"', '""', '" "', '"k"', '"5"', '" 5 "', '"true"', '"TRUE "', '"1.5"', '"\\u212a"', '"\\ud800"'),
    *('"2024-01-31T10:00:00Z"', '"2024-01-31"', '"/Date(1198908717056)/"', '"9999999999"', '"null"'),
    *("0", "1", "5", "-1", "-0", "100", "101", "255", "256", "2147483647", "2147483648", "-2147483649"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "9" * 40, "010", "0x1F"),
    *("1.0", "1.5", "100.4", "1e3", "-0.0", "1e400", "NaN", "Infinity", "0.1"),
    *("true", "false", "null", "undefined", "{}", '{"b": "k"}', '{"b": null}', '{"b": {"c": 1}}', '{"b": 5, "b": "k"}'),
    *("[]", '["k"]', '["admin", "k"]', "[1, 2, 3]", "[null]", '[{"b": "k"}]', "[1, 2, 3, 4, 5, 6]"),
    *('["k", "k", "k", "k", "k", "admin"]', "[[1]]", '["2024-01-31T10:00:00Z", 1.5]', "new Date(5)", "/* c */ 5"),
]
TEXTS = [
    *("", " ", "x", "{", "{}", "[]", "null", "5", '"k"', '["k"]', "[5]", '{"A": "admin"}', '{"a.b": 1}', "{} x"),
    "// c\n{}",
    *('/* c */ {"a": "admin"}', '/* c */ ["k"]', '{"a": "k", "a": "admin"}', '{"a": "admin",}', "{'a': 'k'}", "{a: 1}"),
    *('\ufeff{"a": "k"}', '{"a" "k"}', '[{"a": "k"}]', '{"$ref": "#"}', '{"a": 1} // c', "{}{}", "new Date(1)"),
]
_TYPES = {1: "object", 8: "string", 6: "integer", 9: "boolean", 2: "array", 10: "null"}


def bodies(chance: random.Random, rounds: int) -> list[str]:
    """Bodies: all that are no objects with `a`, and some of those that are."""
    values = [*VALUES, *(f'{{"b": {value}}}' for value in VALUES), *(f"[{value}]" for value in VALUES)]
    return [*TEXTS, *(f'{{"a": {value}}}' for value in chance.sample(values, min(rounds, len(values))))]


def written(code: str) -> str:
    code = re.sub(r"(?<!\w)B(?=[.\[ ])", "context.Request.Body.As<JObject>(preserveContent: true)", code)
    return "@" + code if code.startswith("{") else f"@({code})"


def compare(code: str, rounds: int = 60) -> tuple[list[str], int]:
    """Compare an expression over odd bodies with what its term says: where it differs, and how often it is exact."""
    expression = compile_expression(written(code))
    unknowns = Unknowns()
    evaluation = Evaluation(unknowns, Inputs(unknowns).state())
    value = evaluation.run(expression.bound.body, expression.type)
    wrong, exact = [], 0
    for body in bodies(random.Random(code), rounds):
        outcome = _run(expression, body)
        assignment = _assigned(unknowns, body)
        for fact in (fact for variable in assignment for fact in unknowns.facts(variable)):
            assert value_of(fact, assignment) is not False, (body, fact)
        throws = value_of(evaluation.throws, assignment)
        known = None if throws is None else ("throws",) if throws else _concrete(value, assignment)
        exact += known is not None
        if known is not None and known != outcome:
            wrong.append(f"{body}: {outcome}, the term says {known}")
    return wrong, exact


def _run(expression: Any, body: str) -> tuple[Any, ...]:
    headers = HeaderCollection([])
    message = RequestMessage("POST", Url.parse("/"), headers=headers, body=body.encode())
    try:
        value = expression.evaluate(Context(message))
    except DotnetException:
        return ("throws",)
    return type(value) is bool, value


@cache
def _parsed(reader: str, body: str) -> Any:
    for type_ in ("JToken",) if reader == "token" else ("JObject", "JArray"):
        try:
            return parse_json(type_, body.removeprefix("\ufeff"))
        except DotnetException:
            continue
    return None


def _assigned(unknowns: Unknowns, body: str) -> dict[Term, bool | int | str]:
    found: dict[Term, bool | int | str] = {}
    for key, variable in unknowns.inputs.items():
        assert isinstance(key, tuple)
        if key[0] == "json":
            value = _part(_parsed(key[1][0], body), key[2], key[3])
            found[variable] = value if value is not None else {"truth": False, "number": 0, "text": "0"}[variable.sort]
        elif key == ("body", "text"):
            found[variable] = body.removeprefix("\ufeff")
        elif key == ("there", "body"):
            found[variable] = bool(body)
    for variable, reason in unknowns.reasons.items():
        if reason.what == "the character set of a body":
            found[variable] = False
    return found


def _part(root: Any, path: tuple[str | int, ...], what: str) -> bool | int | str | None:
    token = root
    for step in path:
        parent, token = token, None
        if isinstance(parent, JObject) and isinstance(step, str):
            token = parent.get_by_name(step)
        elif isinstance(parent, JContainer) and isinstance(step, int) and parent.token_type == 2:
            token = parent.children[step] if step < len(parent.children) else None
    if what in ("valid", "there"):
        return token is not None
    if token is None:
        return None
    kind = _TYPES.get(token.token_type)
    match what:
        case "text":
            return str(token._value) if kind == "string" else None
        case "digits":
            return token.to_string() if kind == "integer" else None
        case "truth":
            return token.token_type == 9 and token._value
        case "length":
            return len(token.children) if kind == "array" else None
    return what == kind


def _concrete(value: Value, assignment: dict[Term, bool | int | str]) -> tuple[Any, ...] | None:
    while isinstance(value, Choice):
        condition = value_of(value.condition, assignment)
        if condition is None:
            return None
        value = value.then if condition else value.otherwise
    if isinstance(value, (Truth, Number, Text)):
        found = value_of(value.term, assignment)
        return None if found is None else (isinstance(value, Truth), found)
    return (False, None) if value is NULL else None


@pytest.mark.parametrize("code", FORMS)
def test_reading_json_agrees_with_the_implementation(code: str) -> None:
    wrong, _ = compare(code)
    assert wrong == []


def test_reading_json_is_exact_for_some_bodies() -> None:
    """What throws for all that are no object is exact there: others must be exact for more."""
    assert [code for code in FORMS if compare(code)[1] <= len(TEXTS) / 2] == []


def test_texts_of_other_kinds_begin_as_they_are_known_to() -> None:
    """What `ToString()` shows of containers, and of tokens that a cast to string refuses or makes null."""
    for value in VALUES:
        token = parse_json("JToken", value)
        text = token.to_string()
        kind = _TYPES.get(token.token_type, "other")
        assert not text or {"object": "{", "array": "["}.get(kind, text[0]) == text[0], value
        if kind == "other":
            try:
                assert CASTS["string"](token) == (text or None) or token.token_type == 5, value
            except DotnetException:
                assert text.startswith("new "), value
