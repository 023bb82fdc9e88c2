"""Content to add to a container, and the XML form of .NET values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.costs import SLOW
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, FormatException, OverflowException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import bound, implements, implements_all
from apimpolicy.csharp.dotnet.system.number_parsing import DECIMAL_POINT, FLOAT, INTEGER, parse_decimal, parse_double
from apimpolicy.csharp.dotnet.system.objects import to_string
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array, Single, box, to_single, type_of
from apimpolicy.csharp.dotnet.xml.names import is_name_character, is_name_start
from apimpolicy.csharp.dotnet.xml.nodes import XObject

_NO_TYPES: tuple[Type, ...] = ()
DATE_TIME = named("System.DateTime")
DATE_TIME_OFFSET = named("System.DateTimeOffset")
TIME_SPAN = named("System.TimeSpan")
_TICKS = 10_000_000
MAXIMUM_NESTING = 200
_STEPS_PER_NODE = 32


def flattened(content: Any) -> Iterator[Any]:
    """Content to add, sequences taken apart, nulls left out; elements of typed arrays are boxed."""
    stack: list[Iterator[Any]] = [iter((content,))]
    burn = environment().step
    while stack:
        for item in stack[-1]:
            burn(_STEPS_PER_NODE)
            if item is None:
                continue
            if isinstance(item, str) or not hasattr(item, "__iter__"):
                yield item
                continue
            if len(stack) > MAXIMUM_NESTING:
                raise ArgumentException("Content is nested too deeply.")
            stack.append(_boxed_items(item))
            break
        else:
            stack.pop()


def _boxed_items(items: Any) -> Iterator[Any]:
    element = items.element if isinstance(items, Array) else None
    if element is None:
        arguments = getattr(getattr(items, "dotnet_type", None), "arguments", _NO_TYPES)
        element = arguments[0] if len(arguments) == 1 else None
    return iter(items) if element is None else (box(element, item) for item in items)


def text_of(value: Any) -> str:
    """Return the text that a value gets in XML. Raises ArgumentException for nodes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, XObject):
        raise ArgumentException("An XObject cannot be used as a value.")
    if isinstance(value, float):
        return format_double(value)
    type_ = type_of(value)
    if type_ is DATE_TIME or type_ is DATE_TIME_OFFSET:
        return format_date(value)
    if type_ is TIME_SPAN:
        return format_duration(_ticks(value))
    return to_string(value)


def format_double(value: float) -> str:
    """`INF`, `-INF`, `NaN`, `-0`, or the shortest text that reads back."""
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    return "NaN" if value != value else to_string(value if isinstance(value, Single) else float(value))


def _ticks(value: Any) -> int:
    return int(bound(str(type_of(value)), "long Ticks { get; }")(value))


def format_date(value: Any) -> str:
    """ISO 8601 with the time zone the value has: `2024-02-29T01:02:03Z`."""
    seconds, fraction = divmod(_ticks(value), _TICKS)
    text = (datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
    if fraction:
        text += f".{fraction:07d}".rstrip("0")
    if type_of(value) is DATE_TIME_OFFSET:
        minutes = _ticks(bound("System.DateTimeOffset", "System.TimeSpan Offset { get; }")(value)) // (60 * _TICKS)
        hours, rest = divmod(abs(minutes), 60)
        return text + ("Z" if not minutes else f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}")
    kind = bound("System.DateTime", "System.DateTimeKind Kind { get; }")(value)
    # The simulated gateway's local time is UTC.
    return text + {1: "Z", 2: "+00:00"}.get(int(kind), "")


def format_duration(ticks: int) -> str:
    """Return an XML Schema duration: `P1DT2H3M4.5S`."""
    sign, ticks = ("-", -ticks) if ticks < 0 else ("", ticks)
    seconds, fraction = divmod(ticks, _TICKS)
    days, seconds = divmod(seconds, 86400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{days}D" if days else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        clock += str(seconds) + (f".{fraction:07d}".rstrip("0") if fraction else "") + "S"
    if clock:
        text += "T" + clock
    return f"{sign}P{text or 'T0S'}"


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


implements_all(_TYPE, {"ToString(double)": text_of, "ToString(TimeSpan)": lambda value: format_duration(value.ticks)})


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
