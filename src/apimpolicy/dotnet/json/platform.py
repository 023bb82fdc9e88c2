"""Dates, identifiers, addresses and conversions that JSON needs, reached by C# signature on first use."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.metadata import FULL_NAMES, find_definition, named
from apimpolicy.dotnet.registry import bound
from apimpolicy.dotnet.system.objects import to_string
from apimpolicy.dotnet.types import ArrayType, NamedType
from apimpolicy.dotnet.values import BYTE, Array, Boxed, type_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from apimpolicy.dotnet.types import Type

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
    """Return a DateTimeOffset from the ticks of its clock and its offset."""
    from apimpolicy.dotnet.system.offsets import DateTimeOffset

    return DateTimeOffset(ticks, minutes * 600_000_000)


def ticks_of(value: Any) -> int:
    """Return the ticks of a DateTime, DateTimeOffset (clock time) or TimeSpan."""
    name = str(type_of(value))
    return int(function(name, "long Ticks { get; }")(value))


def kind_of(value: Any) -> int:
    return int(function("System.DateTime", "System.DateTimeKind Kind { get; }")(value))


def offset_minutes(value: Any) -> int:
    """Return the offset of a DateTimeOffset."""
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


def round_trip(value: float | Decimal) -> str:
    """Return the number by `ToString("R")`; a Decimal with its scale."""
    return text_of(value)


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


def construct_generic(name: str, *arguments: Type, signature: str = "new()") -> Any:
    """Return a new instance of a generic type: `construct_generic("System.Collections.Generic.List", INT)`."""
    definition = find_definition(name, len(arguments))
    make: Callable[..., Any] = function(definition.display(definition.type_parameters), signature)
    return make(tuple(arguments))
