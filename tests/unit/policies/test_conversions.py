"""From attribute values to what policies want."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apimpolicy import DotnetException
from apimpolicy.dotnet.values import Int64, byte_array, to_utf16
from apimpolicy.policies.conversions import body, boolean, integer, number, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (True, "True"), (1, "1"), (Int64(5), "5"), (1.5, "1.5"), (Decimal("1.50"), "1.50"), ("a", "a")],
)
def test_text(value: object, expected: str) -> None:
    assert text(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(True, True), ("True", True), (" false ", False), ("FALSE", False)])
def test_boolean(value: object, expected: bool) -> None:
    assert boolean(value) is expected


@pytest.mark.parametrize(("value", "expected"), [(5, 5), (" 12 ", 12), ("-3", -3), (Int64(7), 7)])
def test_integer(value: object, expected: int) -> None:
    assert integer(value) == expected


@pytest.mark.parametrize(
    ("convert", "value", "message"),
    [
        (boolean, "yes", "String 'yes' was not recognized as a valid Boolean."),
        (boolean, None, "String '' was not recognized as a valid Boolean."),
        (integer, "1.5", "Input string was not in a correct format."),
        (integer, "9" * 100, "Value was either too large or too small for an Int32."),
        (number, "-1", "Input string was not in a correct format."),
        (number, "nan", "Input string was not in a correct format."),
    ],
)
def test_what_cannot_be_converted(convert: object, value: object, message: str) -> None:
    assert callable(convert)
    with pytest.raises(DotnetException) as raised:
        convert(value)
    assert raised.value.message == message


def test_body() -> None:
    assert body(byte_array(b"\x00\xff")) == b"\x00\xff"
    assert body(to_utf16("😀")) == "😀".encode()
    assert body(None) == b""
