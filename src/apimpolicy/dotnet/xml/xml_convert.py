"""`System.Xml.XmlConvert`: .NET values from their XML form, and names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.costs import SLOW
from apimpolicy.dotnet.exceptions import FormatException, OverflowException, require
from apimpolicy.dotnet.registry import bound, implements, implements_all
from apimpolicy.dotnet.system.number_parsing import DECIMAL_POINT, FLOAT, INTEGER, parse_decimal, parse_double
from apimpolicy.dotnet.values import to_single
from apimpolicy.dotnet.xml.content import format_duration, text_of
from apimpolicy.dotnet.xml.names import is_name_character, is_name_start

if TYPE_CHECKING:
    from decimal import Decimal


# `System.Xml.XmlConvert`: .NET values from their XML form. Azure refuses the class; LINQ to XML's casts use it

_TYPE = "System.Xml.XmlConvert"
_SPACE = " \t\r\n"
_DURATION = re.compile(
    r"(-)?P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]+))?S)?)?\Z"
)
_MOST_DIGITS = 20
"""More digits than any part of a duration that fits."""


def _text(text: str | None) -> str:
    return require(text, "s")


def to_boolean(text: str | None) -> bool:
    trimmed = _text(text).strip(_SPACE)
    if trimmed in ("1", "true"):
        return True
    if trimmed in ("0", "false"):
        return False
    raise FormatException(f"The string '{text}' is not a valid Boolean value.")


def to_double(text: str | None) -> float:
    trimmed = _text(text).strip(_SPACE)
    if trimmed in ("INF", "-INF"):
        return float(trimmed)
    return parse_double(trimmed, FLOAT)


def to_single_precision(text: str | None) -> float:
    return to_single(to_double(text))


def to_decimal(text: str | None) -> Decimal:
    return parse_decimal(_text(text), INTEGER | DECIMAL_POINT)


def to_guid(text: str | None) -> Any:
    return bound("System.Guid", "new(string g)")(_text(text))


@implements(_TYPE, "ToTimeSpan")
def to_time_span(text: str | None) -> Any:
    trimmed = _text(text).strip(_SPACE)
    match = _DURATION.match(trimmed)
    if match is None or trimmed[-1] in "PT":
        raise FormatException(f"The string '{text}' is not a valid TimeSpan value.")
    parts = [(part or "").lstrip("0") or "0" for part in match.groups()[1:7]]
    if max(map(len, parts)) > _MOST_DIGITS:
        raise OverflowException(f"The string '{text}' is not a valid TimeSpan value.")
    years, months, days, hours, minutes, seconds = map(int, parts)
    total = ((years * 365 + months * 30 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    ticks = total * 10_000_000 + int((match[8] or "")[:7].ljust(7, "0"))
    if ticks >= 2**63:
        raise OverflowException(f"The string '{text}' is not a valid TimeSpan value.")
    return bound("System.TimeSpan", "new(long ticks)")(-ticks if match[1] else ticks)


def to_date_time(text: str | None) -> Any:
    """As the explicit conversions of LINQ to XML do it: `DateTime.Parse` keeping the kind."""
    parse = (
        "static System.DateTime Parse(string s, System.IFormatProvider provider, "
        "System.Globalization.DateTimeStyles styles)"
    )
    return bound("System.DateTime", parse)(_text(text), None, 128)


def to_date_time_offset(text: str | None) -> Any:
    parse = "static System.DateTimeOffset Parse(string input, System.IFormatProvider formatProvider)"
    return bound("System.DateTimeOffset", parse)(_text(text).strip(_SPACE), None)


implements_all(
    _TYPE,
    {"ToString(double)": text_of, "ToString(TimeSpan)": lambda value: format_duration(value.ticks)},
)


# `XmlConvert.EncodeName` and its inverse: any text as an XML name, with `_xHHHH_` for what a name cannot have

_LOOKS_ENCODED = re.compile("_[xX][0-9a-fA-F]{4}(?:[0-9a-fA-F]{4})?_")


@implements(_TYPE, "EncodeName", cost=SLOW)
def encode_name(name: str | None) -> str | None:
    """
    >>> encode_name("a b"), encode_name("1:x"), encode_name("_x0041_")
    ('a_x0020_b', '_x0031_:x', '_x005F_x0041_')
    """
    if not name:
        return name
    out: list[str] = []
    index = 0
    while index < len(name):
        char = name[index]
        pair = name[index : index + 2]
        if char == "_" and _LOOKS_ENCODED.match(name, index):
            out.append("_x005F_")
        elif char == ":" or (is_name_character(char) if index else is_name_start(char)):
            out.append(char)
        elif len(pair) == 2 and "\ud800" <= char <= "\udbff" and "\udc00" <= pair[1] <= "\udfff":
            code = 0x10000 + (ord(char) - 0xD800 << 10) + ord(pair[1]) - 0xDC00
            out.append(f"_x{code:08X}_")
            index += 1
        else:
            out.append(f"_x{ord(char):04X}_")
        index += 1
    return "".join(out)


def _decode_character(match: re.Match[str]) -> str:
    code = int(match.group()[2:-1], 16)
    if code < 0x10000:
        return chr(code)
    if code > 0x10FFFF:
        return match.group()
    return chr(0xD800 + (code - 0x10000 >> 10)) + chr(0xDC00 + (code & 0x3FF))


def decode_name(name: str | None) -> str | None:
    """
    >>> decode_name("a_x0020_b")
    'a b'
    """
    return name and _LOOKS_ENCODED.sub(_decode_character, name)
