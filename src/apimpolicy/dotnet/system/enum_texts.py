"""The texts of enum values: names, flags and formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import FormatException

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import NamedType

BITS = {"sbyte": 8, "byte": 8, "short": 16, "ushort": 16, "int": 32, "uint": 32, "long": 64, "ulong": 64}
"""The width of each type that an enum may have under it."""


def enum_to_string(type_: NamedType, value: int) -> str:
    """Return the member's name; for flags the names joined by commas; otherwise the number.

    >>> from apimpolicy.dotnet.metadata import named
    >>> enum_to_string(named("System.DayOfWeek"), 1), enum_to_string(named("System.DayOfWeek"), 9)
    ('Monday', '9')
    """
    definition = type_.definition
    if definition.is_flags:
        return _flag_names(definition.enum_values, value)
    return enum_name(type_, value) or str(value)


def enum_name(type_: NamedType, value: int) -> str | None:
    """Return the name of the member with this value, the first declared when several have it."""
    for name, member in type_.definition.enum_values.items():
        if member == value:
            return name
    return None


def _flag_names(members: dict[str, int], value: int) -> str:
    by_value = sorted(members.items(), key=lambda pair: pair[1] & 0xFFFFFFFFFFFFFFFF)
    for name, member in by_value:
        if member == value:
            return name
    if value == 0:
        return "0"
    rest, found = value, []
    for name, member in reversed(by_value):
        if member and rest & member == member:
            rest &= ~member
            found.append(name)
    return ", ".join(reversed(found)) if rest == 0 else str(value)


def format_enum(type_: NamedType, value: int, format_: str | None) -> str:
    """`Enum.ToString(format)`: G, D, X or F, in either case."""
    kind = (format_ or "G").upper()
    if kind == "G":
        return enum_to_string(type_, value)
    if kind == "D":
        return str(value)
    if kind == "X":
        bits = BITS[type_.definition.enum_underlying]
        return f"{value & ((1 << bits) - 1):0{bits // 4}X}"
    if kind == "F":
        return _flag_names(type_.definition.enum_values, value)
    raise FormatException('Format String can be only "G", "g", "X", "x", "F", "f", "D" or "d".')
