"""Values for people, and values as the conformance suite states them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apimpolicy import Gateway, Request, explain
from apimpolicy.csharp.dotnet.metadata import look_up, named, parse
from apimpolicy.csharp.dotnet.types import tuple_type
from apimpolicy.csharp.dotnet.values import (
    BOOL,
    BYTE,
    CHAR,
    FLOAT,
    INT,
    LONG,
    OBJECT,
    STRING,
    Array,
    Char,
    EnumValue,
    box,
)
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context
from apimpolicy.report.run_results import render as render_run
from apimpolicy.report.run_results import result_to_json
from apimpolicy.report.values import MOST_COLLECTIONS, MOST_DEPTH, folded, runtime_type, short_type, show, text_of

DAY = named("System.DayOfWeek")


@pytest.mark.parametrize(
    ("value", "static", "type_", "text"),
    [
        (None, STRING, "<null>", None),
        (7, INT, "int", "7"),
        (7, LONG, "long", "7"),
        (True, BOOL, "bool", "True"),
        (1.0, OBJECT, "double", "1"),
        (float("nan"), OBJECT, "double", "NaN"),
        (0.5, FLOAT, "float", "0.5"),
        (Decimal("2.50"), OBJECT, "decimal", "2.50"),
        ("b", CHAR, "char", "b"),
        ("a\ud83d\ude00", STRING, "string", "a😀"),
        (1, DAY, "System.DayOfWeek", "Monday"),
        (Array(BYTE, b"\x01\x02"), OBJECT, "byte[]", "AQI="),
        (Array(STRING, ["a", "é", None]), OBJECT, "string[]", '["a","é",null]'),
        (Array(parse("double"), [1.0, float("nan"), 2.5]), OBJECT, "double[]", '[1,"NaN",2.5]'),
        (Array(DAY, [1]), OBJECT, "System.DayOfWeek[]", '["Monday"]'),
    ],
)
def test_conformance_form(value: Any, static: Any, type_: str, text: str | None) -> None:
    assert runtime_type(value, static) == type_
    assert text_of(value, static) == text


def test_a_tuple_takes_its_types_from_the_static_type() -> None:
    static = tuple_type((INT, STRING, BOOL, DAY), (None, "name", None, None), look_up("System.ValueTuple", 4))
    value = (1, "a", True, 2)
    assert runtime_type(value, static) == "System.ValueTuple<int, string, bool, System.DayOfWeek>"
    assert text_of(value, static) == '[1,"a",true,"Tuesday"]'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (-3, "-3"),
        ('a "b"\n', '"a \\"b\\"\\n"'),
        ("x" * 100, '"' + "x" * 71 + '…" (100 characters)'),
        (Char("c"), '"c"'),
        (EnumValue(DAY, 1), "DayOfWeek.Monday"),
        (box(LONG, 5), "5"),
        (Array(BYTE, bytes(20)), "byte[20]"),
        (Array(STRING, "abcdef"), '["a", "b", "c", "d", … 2 more]'),
        (Array(STRING), "[]"),
    ],
)
def test_for_people(value: Any, expected: str) -> None:
    assert show(value) == expected


def test_types_lose_their_namespaces() -> None:
    assert short_type("System.Collections.Generic.List<System.Guid[]>") == "List<Guid[]>"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@(a\n   == b)", "@(a == b)"),
        ("@(a // why\n == b)", "@(a == b)"),
        ("@(a /* b */ + c)", "@(a + c)"),
        ('@("x  y" + "// no")', '@("x  y" + "// no")'),
        ("@(a\n  .B( c ))", "@(a.B(c))"),
    ],
)
def test_code_on_one_line(code: str, expected: str) -> None:
    assert folded(code, 0, len(code)) == expected


HARD_TO_SHOW = {
    'Regex.Match("ab", "(?<n>a)(b)").Groups': ("[ab, b, a]", '["ab","b","a"]'),
    "new Dictionary<string, int>()": ("{}", "{}"),
    "new X509Certificate2()": ("X509Certificate2", "System.Security.Cryptography.X509Certificates.X509Certificate2"),
}


@pytest.mark.parametrize("code", HARD_TO_SHOW)
def test_values_that_are_not_what_they_look_like(code: str) -> None:
    value = compile_expression(f"@({code})").evaluate(Context())
    assert (show(value), text_of(value)) == HARD_TO_SHOW[code]


def variables_in_themselves(count: int) -> Any:
    sets = "".join(f'<set-variable name="v{i}" value="@(context.Variables)" />' for i in range(count))
    policy = f"<policies><inbound>{sets}<return-response /></inbound></policies>"
    return Gateway().run(policy, Request("GET", "/"))


def test_a_collection_that_holds_itself_ends() -> None:
    result = variables_in_themselves(2)
    assert text_of(result.exchange.variables["v0"]) == '{"v0":"…","v1":"…"}'
    assert explain(result).outcome == "200 OK"
    assert "v1 = System.Collections.Generic.Dictionary" in render_run(result, with_values=True)
    assert len(result_to_json(result)) < 5000


def nested(depth: int, width: int) -> Array:
    value = Array(OBJECT, [1])
    for _ in range(depth):
        value = Array(OBJECT, [value] * width)
    return value


def test_what_is_shown_of_a_value_has_bounds() -> None:
    assert text_of(nested(3, 1)) == "[[[[1]]]]"
    assert text_of(nested(1000, 1)) == "[" * MOST_DEPTH + '"…"' + "]" * MOST_DEPTH
    assert (text_of(nested(50, 2)) or "").count("[") <= MOST_COLLECTIONS
