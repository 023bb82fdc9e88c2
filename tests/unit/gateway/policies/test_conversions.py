"""From attribute values to what policies want."""

from __future__ import annotations

from decimal import Decimal

import pytest

from apimpolicy import DotnetException
from apimpolicy.csharp.dotnet.values import Int64, byte_array, to_utf16
from apimpolicy.gateway.policies.conversions import (
    InvalidValueError,
    body,
    boolean,
    header_name,
    header_value,
    http_method,
    integer,
    number,
    reason_phrase,
    status_code,
    text,
)


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
        (status_code, "x", "Input string was not in a correct format."),
    ],
)
def test_what_cannot_be_converted(convert: object, value: object, message: str) -> None:
    assert callable(convert)
    with pytest.raises(DotnetException) as raised:
        convert(value)
    assert raised.value.message == message


def test_what_ends_with_a_line_break_is_trimmed() -> None:
    assert (header_value(" a\r\n"), header_name("X-A\n"), http_method("\n get ")) == ("a", "X-A", "get")
    assert (status_code("999"), reason_phrase("")) == (999, "")


def test_body() -> None:
    assert body(byte_array(b"\x00\xff")) == b"\x00\xff"
    assert body(to_utf16("😀")) == "😀".encode()
    assert body(None) == b""


@pytest.mark.parametrize(
    ("convert", "value", "message"),
    [
        (header_name, "X\r\nY", "Header name is invalid or restricted from modification."),
        (header_name, "X\0", "Header name is invalid or restricted from modification."),
        (header_value, "a\nb", "Specified value has invalid CRLF characters."),
        (header_value, "a\rb", "Specified value has invalid CRLF characters."),
        (header_value, "a\0b", "Specified value has invalid Control characters."),
        (http_method, "GET /x HTTP/1.1", "The format of the HTTP method is invalid."),
        (http_method, "GET\r\nX:y", "The format of the HTTP method is invalid."),
        (reason_phrase, "a\r\nb", "The reason phrase must not contain new-line characters."),
        (status_code, "99999", "Specified argument was out of the range of valid values. (Parameter 'value')"),
        (status_code, -1, "Specified argument was out of the range of valid values. (Parameter 'value')"),
    ],
)
def test_what_is_refused_after_the_evaluation(convert: object, value: object, message: str) -> None:
    assert callable(convert)
    with pytest.raises(InvalidValueError) as raised:
        convert(value)
    assert raised.value.message == message
