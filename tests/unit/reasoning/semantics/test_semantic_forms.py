"""Forms against the implementation: value and exception of each for odd texts."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import compile_expression
from apimpolicy.csharp.dotnet.exceptions import DotnetException
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

FORMS = Path(__file__).with_name("forms.txt").read_text("utf-8").splitlines()
ODD = [
    *("", " ", "k", "K", "\u212a", "\u017f", "s", "S", "abc", "ABC", "aBc", " abc", "abc ", "\tabc\n", "abc\n"),
    *(
        "a\u00adbc",
        "\u200babc",
        "ab\u0301c",
        "5",
        " 5",
        "5 ",
        "+5",
        "-5",
        "- 5",
        "005",
        "5\0",
        "\0" + "5",
        "2147483647",
    ),
    *(
        "2147483648",
        "-2147483648",
        "-2147483649",
        "9" * 20,
        "9223372036854775807",
        "255",
        "256",
        "-1",
        "-0",
        "+",
        "1,5",
    ),
    *("5.0", "\u0665", "true", "True", "TRUE ", " false", "tru", "true\0", "\0true", "yes", "1", "0", "a,k", "k,a"),
    *(",k", "k,", ",", " k , a", "a, K", "abck", "kkk", "aaaa", "a{,3}", "a b", "ab", "/a", "/a\n", "/b", "v1", "v"),
    *("\u0130", "\u0131", "I", "i", "\u00e9", "e\u0301", "\ud83d\ude00", "\u3000abc\u3000", "\u0085", "/abc//", "x\n"),
    *("x", "_", "[", "\\", "\u2028", "\x1c", "\x1cabc", "\u00b5", "\u03bc", "\u00df", "\u1e9e", "AbC.com", "a\nc"),
    *("a\rc", "axk", "a\0", "4" * 40, "\ud801\udc28", "\ud801", "c", "B", "aB"),
]
ROUNDS = 40
ROOM = "apimpolicy.reasoning.semantics"


def written(code: str) -> str:
    for name in ("S", "T"):
        code = re.sub(rf'(?<!")\b{name}\b', f'context.Request.Headers.GetValueOrDefault("{name.lower()}", "")', code)
    return "@" + code if code.startswith("{") else f"@({code})"


class Compared:
    """What came of comparing a form with the implementation."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.exact = 0
        self.unknown = 0


def compare(code: str, seed: int = 7, rounds: int = ROUNDS) -> Compared:
    """Compare an expression over odd headers with what its term says."""
    expression = compile_expression(written(code))
    unknowns = Unknowns()
    evaluation = Evaluation(unknowns, Inputs(unknowns).state())
    value = evaluation.run(expression.bound.body, expression.type)
    found, chance = Compared(), random.Random(f"{seed}{code}")
    for _ in range(rounds):
        given = {name: _values(chance) for name in "st"}
        outcome = _run(expression, given)
        assignment = _assigned(unknowns, given)
        throws = value_of(evaluation.throws, assignment)
        known = None if throws is None else ("throws",) if throws else _concrete(value, assignment)
        if known is None:
            found.unknown += 1
        elif known != outcome:
            found.wrong.append(f"{given}: {outcome}, the term says {known}")
        else:
            found.exact += 1
    return found


def _values(chance: random.Random) -> list[str]:
    count = chance.choice((0, 1, 1, 1, 1, 1, 1, 2))
    return [chance.choice(ODD) + (chance.choice(ODD) if chance.random() < 0.2 else "") for _ in range(count)]


def _run(expression: Any, given: dict[str, list[str]]) -> tuple[Any, ...]:
    headers = HeaderCollection([(name, values) for name, values in given.items() if values])
    try:
        value = expression.evaluate(Context(RequestMessage("GET", Url.parse("/"), headers=headers)))
    except DotnetException:
        return ("throws",)
    if str(expression.type) == "char":
        value = ord(value)
    return type(value) is bool, value


def _assigned(unknowns: Unknowns, given: dict[str, list[str]]) -> dict[Term, bool | int | str]:
    found: dict[Term, bool | int | str] = {}
    for key, variable in unknowns.inputs.items():
        assert isinstance(key, tuple)
        if key[0] != "header":
            continue
        values = given.get(key[1], [])
        parts = {
            "there": bool(values),
            "repeats": len(values) > 1,
            "first": values[0] if values else "",
            "second": values[1] if len(values) > 1 else "",
            "rest": ",".join(values[1:]),
        }
        found[variable] = parts[key[2]] if len(key) > 2 else ",".join(values)
    return found


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
def test_a_form_agrees_with_the_implementation(code: str) -> None:
    assert compare(code).wrong == []
