"""Dates, identifiers, addresses and conversions that JSON needs, reached by C# signature."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.csharp.dotnet.metadata import FULL_NAMES, find_definition, named
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.system.objects import to_string
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import BYTE, Array, Boxed, type_of

DATE_TIME = named("System.DateTime")
DATE_TIME_OFFSET = named("System.DateTimeOffset")
TIME_SPAN = named("System.TimeSpan")
GUID = named("System.Guid")
URI = named("System.Uri")
BIG_INTEGER = named("System.Numerics.BigInteger")

UNSPECIFIED, UTC, LOCAL = 0, 1, 2
"""`System.DateTimeKind`."""

function = functools.cache(bound)
"""A member of another part of the library as a Python function; cached."""


class BigInteger(Boxed, int):
    """An integer beyond the range of `long`, as the reader makes it."""

    dotnet_type = BIG_INTEGER


def is_byte_array(value: object) -> bool:
    return isinstance(value, Array) and value.element is BYTE


def date_time(ticks: int, kind: int) -> Any:
    """Return a DateTime from ticks of 100 ns and a `DateTimeKind`."""
    return function("System.DateTime", "new(long ticks, System.DateTimeKind kind)")(ticks, kind)


def date_time_offset(ticks: int, minutes: int) -> Any:
    from apimpolicy.csharp.dotnet.system.offsets import DateTimeOffset

    return DateTimeOffset(ticks, minutes * 600_000_000)


def ticks_of(value: Any) -> int:
    """Return the ticks of a DateTime, DateTimeOffset (clock time) or TimeSpan."""
    name = str(type_of(value))
    return int(function(name, "long Ticks { get; }")(value))


def kind_of(value: Any) -> int:
    return int(function("System.DateTime", "System.DateTimeKind Kind { get; }")(value))


def offset_minutes(value: Any) -> int:
    offset = function("System.DateTimeOffset", "System.TimeSpan Offset { get; }")(value)
    return ticks_of(offset) // 600_000_000


def text_of(value: Any) -> str:
    """`Convert.ToString(value, InvariantCulture)` of a boxed value; empty for null."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, BigInteger):
        return str(int(value))
    return to_string(value)


def type_name(value: Any) -> str:
    """Return the full name of the value's type, for messages: `System.Int32`."""
    return reflection_name(type_of(value))


def reflection_name(type_: Type) -> str:
    """Return the type's name as reflection prints it in messages; keywords become framework names."""
    if isinstance(type_, ArrayType):
        return f"{reflection_name(type_.element)}[{',' * (type_.rank - 1)}]"
    if isinstance(type_, NamedType):
        name = FULL_NAMES.get(type_.name, type_.name)
        if not type_.arguments:
            return name
        return f"{name}`{len(type_.arguments)}[{','.join(map(reflection_name, type_.arguments))}]"
    return str(type_)


def construct_generic(name: str, *arguments: Type) -> Any:
    """Return a new instance of a generic type: `construct_generic("System.Collections.Generic.List", INT)`."""
    definition = find_definition(name, len(arguments))
    make: Callable[..., Any] = function(definition.display(definition.type_parameters), "new()")
    return make(tuple(arguments))


# Recognises the dates that Newtonsoft's reader turns into DateTime: ISO 8601 and `/Date(…)/`

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?\Z"
)
_MOST_DIGITS = 19
"""Digits of an Int64."""
_MICROSOFT = re.compile(r"/Date\((-?[0-9]+)([+-][0-9]{2,4})?\)/\Z")
_PLAIN_ENDS = {"Z": UTC, "z": UTC, "": UNSPECIFIED}
_MAXIMUM_TICKS = 3_155_378_975_999_999_999


def find_date(text: str, *, keeps_offset: bool = False) -> Any | None:
    """Return the DateTime in a JSON string, or None. Offsets become local time, which is UTC here.

    With `keeps_offset` it is a DateTimeOffset, of local time where none is written.
    """
    if text[0:1] == "/":
        date = _microsoft(text)
        return date_time_offset(ticks_of(date), 0) if date is not None and keeps_offset else date
    if not 19 <= len(text) <= 40 or text[10] != "T":
        return None
    kind = None if keeps_offset else _PLAIN_ENDS.get(text[19:])
    if kind is not None and text[4::3][:5] == "--T::":  # the usual form, in C; what it doesn't take is looked at below
        try:
            date = datetime.datetime.fromisoformat(text[:19])
        except ValueError:
            pass
        else:
            seconds = ((date.toordinal() - 1) * 24 + date.hour) * 3600 + date.minute * 60 + date.second
            return date_time(seconds * 10_000_000, kind)
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(7, "0") or "0")
    if hour == 24 and (minute or second or fraction):
        return None
    try:
        ordinal = datetime.date(year, month, day).toordinal() - 1
    except ValueError:
        return None
    if hour > 24 or minute > 59 or second > 59:
        return None
    ticks = ((ordinal * 24 + hour) * 3600 + minute * 60 + second) * 10_000_000 + fraction
    if keeps_offset:
        minutes = int(match[10] or "0") * 60 + int(match[11] or "0")
        return date_time_offset(ticks, -minutes if match[9] == "-" else minutes)
    if match[8]:
        return date_time(ticks, UTC)
    if match[9] is None:
        return date_time(ticks, UNSPECIFIED)
    minutes = int(match[10]) * 60 + int(match[11] or "0")
    ticks += minutes * 600_000_000 * (1 if match[9] == "-" else -1)
    return date_time(max(0, min(ticks, _MAXIMUM_TICKS)), LOCAL)


def _microsoft(text: str) -> Any | None:
    match = _MICROSOFT.match(text)
    if match is None:
        return None
    digits = match[1].lstrip("+-").lstrip("0")
    if len(digits) > _MOST_DIGITS:
        return None
    ticks = UNIX_EPOCH_TICKS + int(match[1][: 1 if match[1][0] in "+-" else 0] + (digits or "0")) * 10_000
    if not 0 <= ticks <= _MAXIMUM_TICKS:
        return None
    return date_time(ticks, LOCAL if match[2] else UTC)
