"""Arithmetic, conversions and parsing of numbers. The rows are answers of .NET Core 3.1."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.casts import cast
from apimpolicy.csharp.dotnet.exceptions import (
    DivideByZeroException,
    DotnetException,
    FormatException,
    InvalidCastException,
    NullReferenceException,
    OverflowException,
)
from apimpolicy.csharp.dotnet.system import arithmetic, decimals, number_parsing
from apimpolicy.csharp.dotnet.system.convert import convert, from_base, from_object, from_string, to_base
from apimpolicy.csharp.dotnet.system.mathematics import round_double
from apimpolicy.csharp.dotnet.system.numeric_types import round_decimal
from apimpolicy.csharp.dotnet.values import INT, LONG, Int64

D = Decimal


@pytest.mark.parametrize(
    ("operation", "a", "b", "expected"),
    [
        (arithmetic.int_divide, -7, 2, -3),
        (arithmetic.int_divide, 7, -2, -3),
        (arithmetic.int_remainder, -7, 3, -1),
        (arithmetic.int_remainder, 7, -3, 1),
        (arithmetic.float_remainder, -5.5, 2.0, -1.5),
        (arithmetic.float_divide, -1.0, 0.0, float("-inf")),
        (arithmetic.float_divide, 1.0, -0.0, float("-inf")),
    ],
)
def test_operators(operation, a, b, expected) -> None:
    assert operation(a, b) == expected


def test_division_errors() -> None:
    with pytest.raises(DivideByZeroException):
        arithmetic.int_divide(1, 0)
    with pytest.raises(OverflowException):
        arithmetic.int_divide(-0x80000000, -1)
    with pytest.raises(OverflowException):
        arithmetic.int_remainder(-0x80000000, -1)


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("int", -3.99, -3),
        ("byte", -3.7, 253),
        ("ushort", -3.7, 65533),
        ("ulong", -3.7, 18446744073709551613),
        ("int", float("inf"), -2147483648),
        ("long", float("nan"), -9223372036854775808),
        ("sbyte", -3.7, -3),
    ],
)
def test_double_to_int(type_name: str, value: float, expected: int) -> None:
    assert arithmetic.double_to_int(type_name, value) == expected


@pytest.mark.parametrize(
    ("operation", "a", "b", "expected"),
    [
        (decimals.add, "1.10", "2.2", "3.30"),
        (decimals.multiply, "1.10", "2.0", "2.200"),
        (decimals.divide, "1", "3", "0.3333333333333333333333333333"),
        (decimals.divide, "6", "0.2", "30"),
        (decimals.divide, "1.00", "8", "0.125"),
        (decimals.remainder, "-5.5", "2", "-1.5"),
        (decimals.subtract, "0.3", "0.10", "0.20"),
    ],
)
def test_decimal_operators(operation, a: str, b: str, expected: str) -> None:
    assert str(operation(D(a), D(b))) == expected


def test_decimal_overflow() -> None:
    with pytest.raises(OverflowException, match="too large or too small for a Decimal"):
        decimals.add(decimals.MAX_VALUE, D(1))
    assert decimals.add(decimals.MAX_VALUE, D("0.4")) == decimals.MAX_VALUE


DECIMALS = st.builds(
    lambda number, scale: decimals.fit(number, scale), st.integers(-(2**96) + 1, 2**96 - 1), st.integers(0, 28)
)


@given(DECIMALS, DECIMALS)
def test_decimals_are_as_exact_as_they_can_be(a: Decimal, b: Decimal) -> None:
    for operation, exact in (
        (decimals.add, Fraction(a) + Fraction(b)),
        (decimals.multiply, Fraction(a) * Fraction(b)),
        (decimals.divide, Fraction(a) / Fraction(b) if b else None),
    ):
        if exact is None:
            continue
        try:
            result = operation(a, b)
        except OverflowException:
            assert abs(exact) > decimals.MAXIMUM - 1
            continue
        scale = -result.as_tuple().exponent
        assert 0 <= scale <= 28
        assert abs(Fraction(result) - exact) * 2 <= Fraction(1, 10**scale)


@pytest.mark.parametrize(("text", "expected"), [(" -42 ", -42), ("007", 7), ("+5", 5)])
def test_parse_int(text: str, expected: int) -> None:
    assert number_parsing.parse_int("int", text) == expected


@pytest.mark.parametrize("text", ["1.0", "0x1F", "", "x", "1,000", "- 5", "٣"])
def test_parse_int_refuses(text: str) -> None:
    with pytest.raises(FormatException, match="Input string was not in a correct format"):
        number_parsing.parse_int("int", text)


def test_parse_int_styles() -> None:
    assert number_parsing.parse_int("int", "FFFFFFFF", number_parsing.HEX) == -1
    assert number_parsing.parse_int("int", "(5)", number_parsing.PARENTHESES) == -5
    assert number_parsing.parse_int("int", "1e3", number_parsing.EXPONENT) == 1000
    with pytest.raises(OverflowException, match="for an Int32"):
        number_parsing.parse_int("int", "2147483648")
    with pytest.raises(OverflowException, match="for a UInt32"):
        number_parsing.parse_int("uint", "-1")
    with pytest.raises(OverflowException):
        number_parsing.parse_int("int", "9" * 100_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1,500.25", 1500.25), ("1E-3", 0.001), ("-.5", -0.5), ("5.", 5.0), ("1e400", float("inf")), ("1,2,3", 123.0)],
)
def test_parse_double(text: str, expected: float) -> None:
    assert number_parsing.parse_double(text) == expected


@pytest.mark.parametrize("text", ["∞", "0x10", "1.5x", "", "1.2.3", ",1"])
def test_parse_double_refuses(text: str) -> None:
    with pytest.raises(FormatException):
        number_parsing.parse_double(text)


def test_parse_decimal() -> None:
    assert str(number_parsing.parse_decimal("12.50")) == "12.50"
    assert str(number_parsing.parse_decimal("0.1234567890123456789012345678901")) == "0.1234567890123456789012345679"
    with pytest.raises(OverflowException):
        number_parsing.parse_decimal("1" * 40)


def test_rounding() -> None:
    assert [round_double(value) for value in (2.5, -2.5, 3.5)] == [2, -2, 4]
    assert (round_double(1.005, 2), round_double(2.345, 2), round_double(-2.5, 0, 1)) == (1, 2.35, -3)
    assert str(round_decimal(D("2.345"), 2, 1)) == "2.35"


@pytest.mark.parametrize(
    ("target", "source", "value", "expected"),
    [("int", "double", 2.5, 2), ("int", "double", 2.51, 3), ("char", "int", 97, "a"), ("bool", "double", 0.0, False)],
)
def test_convert(target: str, source: str, value, expected) -> None:
    assert convert(target, source, value) == expected


def test_convert_errors() -> None:
    with pytest.raises(OverflowException, match="for an Int32"):
        convert("int", "double", 1e10)
    with pytest.raises(OverflowException, match="for an unsigned byte"):
        convert("byte", "int", 256)
    with pytest.raises(InvalidCastException, match="Invalid cast from 'DateTime' to 'Int32'"):
        convert("int", "System.DateTime", None)
    assert (from_string("int", None), from_object("int", None), from_object("int", "7")) == (0, 0, 7)


def test_bases() -> None:
    assert (to_base(-1, 32, 16), to_base(8, 32, 8), from_base("int", "0xff", 16), from_base("byte", "FF", 16)) == (
        "ffffffff",
        "10",
        255,
        255,
    )


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from([2, 8, 10, 16]))
def test_bases_read_back(value: int, base: int) -> None:
    assert from_base("int", to_base(value, 32, base), base) == value


def test_unboxing() -> None:
    assert cast(Int64(5), LONG) == 5
    with pytest.raises(InvalidCastException, match=r"'System\.Int64' to type 'System\.Int32'"):
        cast(Int64(5), INT)
    with pytest.raises(NullReferenceException):
        cast(None, INT)


@given(st.text(max_size=40))
def test_parsers_only_throw_what_dotnet_throws(text: str) -> None:
    for parse in (number_parsing.parse_double, number_parsing.parse_decimal, number_parsing.parse_bool):
        with contextlib.suppress(DotnetException):
            parse(text)
