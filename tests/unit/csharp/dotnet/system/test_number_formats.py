"""Numbers as text. The rows are answers of .NET Core 3.1."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.exceptions import FormatException
from apimpolicy.csharp.dotnet.system.number_formats import (
    double_to_string,
    format_decimal,
    format_double,
    format_int,
    single_to_string,
)
from apimpolicy.csharp.dotnet.values import to_single

DOUBLES = [
    (0.00012345, "G17", "0.00012344999999999999"),
    (1e21, "G", "1E+21"),
    (2.5, "F0", "2"),
    (-0.4, "F0", "-0"),
    (1e21, "F0", "1000000000000000000000"),
    (123456789.125, "N", "123,456,789.12"),
    (123456789.125, "#,##0.00", "123,456,789.13"),
    (-1234.5678, "0.0", "-1234.6"),
    (1e10, "#,##0.00", "10,000,000,000.00"),
    (0.5, "0.0 %", "50.0 %"),
    (1234.5, "0.00E+00", "12.35E+02".replace("12.35E+02", "1.23E+03")),
    (float("nan"), "0.0", "NaN"),
]
INTEGERS = [
    (-42, "D5", "-00042"),
    (-42, "x", "ffffffd6"),
    (-2147483648, "X4", "80000000"),
    (1234567, "E3", "1.235E+006"),
    (-2147483648, "P", "-214,748,364,800.00 %"),
    (-42, "C", "(¤42.00)"),
    (0, "#,#", ""),
    (1234567, "#,#", "1,234,567"),
    (1234567, "G2", "1.2E+06"),
    (1234567, "D-1", "D-1"),
    (-2147483648, "0x0", "-214748364x8"),
    (5, "0;minus;none", "5"),
    (-5, "0;minus;none", "minus"),
    (0, "0;minus;none", "none"),
]
DECIMALS = [
    ("1.10", "F1", "1.1"),
    ("-2.345", "F1", "-2.3"),
    ("0.0001", "#.#", ""),
    ("-2.345", "P2", "-234.50 %"),
    ("1234567.895", "C", "¤1,234,567.90"),
    ("1234567.895", "E", "1.234568E+006"),
    ("0.00", "G", "0.00"),
]
SHORTEST = [
    (1e15, "1000000000000000"),
    (1e16, "10000000000000000"),
    (123456789012345678.0, "1.2345678901234568E+17"),
    (1e-5, "1E-05"),
    (1e-4, "0.0001"),
    (5e-324, "5E-324"),
    (1e22, "1E+22"),
    (1e23, "9.999999999999999E+22"),
    (-0.0, "-0"),
    (12345.678901234567, "12345.678901234567"),
]


@pytest.mark.parametrize(("value", "text", "expected"), DOUBLES)
def test_double(value: float, text: str, expected: str) -> None:
    assert format_double(value, text) == expected


@pytest.mark.parametrize(("value", "text", "expected"), INTEGERS)
def test_int(value: int, text: str, expected: str) -> None:
    assert format_int(value, 32, text) == expected


@pytest.mark.parametrize(("value", "text", "expected"), DECIMALS)
def test_decimal(value: str, text: str, expected: str) -> None:
    assert format_decimal(Decimal(value), text) == expected


@pytest.mark.parametrize(("value", "expected"), SHORTEST)
def test_shortest(value: float, expected: str) -> None:
    assert double_to_string(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1e16, "1E+16"), (0.1, "0.1"), (123456789012345678.0, "1.2345679E+17"), (-2147483648.0, "-2.1474836E+09")],
)
def test_shortest_single(value: float, expected: str) -> None:
    assert single_to_string(to_single(value)) == expected


@pytest.mark.parametrize("text", ["B", "R", "Y3"])
def test_invalid_specifier(text: str) -> None:
    with pytest.raises(FormatException, match=r"Format specifier was invalid\."):
        format_int(42, 32, text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_shortest_reads_back(value: float) -> None:
    assert float(double_to_string(value)) == value


@given(st.floats(allow_nan=False), st.text("0#.,%‰;'\"\\Ee+-x ", max_size=12))
def test_custom_formats_never_fail(value: float, text: str) -> None:
    format_double(value, "#" + text)
