"""Values for people, and values as the conformance suite states them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apimpolicy.dotnet.metadata import look_up, named, parse
from apimpolicy.dotnet.types import tuple_type
from apimpolicy.dotnet.values import BOOL, BYTE, CHAR, FLOAT, INT, LONG, OBJECT, STRING, Array, Char, EnumValue, box
from apimpolicy.report.code_text import folded
from apimpolicy.report.conformance_values import runtime_type, text_of
from apimpolicy.report.values import short_type, show

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
