"""Operators and explicit conversions of the built-in numeric types, as called by emitted code.

Integers are Python ints that are wrapped (unchecked) or checked at their width. `double` is Python's float; `float`
results are rounded with `values.to_single` by the caller.
Source: C# specification, chapters "Arithmetic operators" and "Explicit numeric conversions"; where those leave an
out-of-range conversion open, the answer is that of .NET Core 3.1 on x64.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.exceptions import DivideByZeroException, OverflowException
from apimpolicy.csharp.dotnet.values import to_single


class IntegerType:
    """Width and range of an integer type; `label` is how .NET's messages call it."""

    __slots__ = ("bits", "framework_name", "label", "maximum", "minimum", "name", "signed")

    def __init__(self, name: str, framework_name: str, bits: int, signed: bool, label: str) -> None:
        self.name = name
        self.framework_name = framework_name
        self.bits = bits
        self.signed = signed
        self.label = label
        self.minimum = -(1 << (bits - 1)) if signed else 0
        self.maximum = (1 << (bits - signed)) - 1

    def wrap(self, value: int) -> int:
        """Keep the low bits, as unchecked arithmetic does."""
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.signed and value >> (self.bits - 1) else value

    def overflow(self) -> OverflowException:
        return OverflowException(f"Value was either too large or too small for {self.label}.")

    def convert(self, value: int) -> int:
        """Return the value itself; raises OverflowException with the type's own message."""
        if self.minimum <= value <= self.maximum:
            return value
        raise self.overflow()


INTEGERS: dict[str, IntegerType] = {
    type_.name: type_
    for type_ in (
        IntegerType("sbyte", "SByte", 8, True, "a signed byte"),
        IntegerType("byte", "Byte", 8, False, "an unsigned byte"),
        IntegerType("short", "Int16", 16, True, "an Int16"),
        IntegerType("ushort", "UInt16", 16, False, "a UInt16"),
        IntegerType("int", "Int32", 32, True, "an Int32"),
        IntegerType("uint", "UInt32", 32, False, "a UInt32"),
        IntegerType("long", "Int64", 64, True, "an Int64"),
        IntegerType("ulong", "UInt64", 64, False, "a UInt64"),
        IntegerType("char", "Char", 16, False, "a character"),
    )
}
"""By C# keyword; `char` counts as the integer of its code unit."""


def wrap(type_name: str, value: int) -> int:
    """Unchecked: the value as it is after leaving the type's range.

    >>> wrap("byte", 260), wrap("int", 2147483648)
    (4, -2147483648)
    """
    return INTEGERS[type_name].wrap(value)


def checked(type_name: str, value: int) -> int:
    """Checked: raises OverflowException outside of the type's range."""
    type_ = INTEGERS[type_name]
    if type_.minimum <= value <= type_.maximum:
        return value
    raise OverflowException


def int_divide(a: int, b: int, minimum: int = -0x80000000) -> int:
    """Division of integers, truncating. `minimum` is that of the operation's type (0 for unsigned ones).

    >>> int_divide(-7, 2)
    -3
    """
    if b == 0:
        raise DivideByZeroException
    if b == -1:
        if a == minimum:
            raise OverflowException
        return -a
    return a // b if (a < 0) == (b < 0) else -(-a // b)


def int_remainder(a: int, b: int, minimum: int = -0x80000000) -> int:
    """Remainder with the sign of the dividend.

    >>> int_remainder(-7, 3), int_remainder(7, -3)
    (-1, 1)
    """
    if b == 0:
        raise DivideByZeroException
    if b == -1 and a == minimum and minimum:
        raise OverflowException
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def compare_plain(a: Any, b: Any) -> int:
    """Compare numbers, booleans and characters; NaN is less than every number and equal to itself."""
    if a < b:
        return -1
    if a > b:
        return 1
    if a == b:
        return 0
    return (0 if b != b else -1) if a != a else 1


def float_divide(a: float, b: float) -> float:
    """Division by IEEE 754: infinities and NaN instead of an exception."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)


def float_remainder(a: float, b: float) -> float:
    """C's `fmod`; NaN where that is undefined."""
    try:
        return math.fmod(a, b)
    except ValueError:
        return math.nan


def shift_left(type_name: str, value: int, count: int) -> int:
    """`<<` of int, uint, long or ulong: only the low 5 or 6 bits of the count matter.

    >>> shift_left("int", 1, 33), shift_left("int", 1, -1)
    (2, -2147483648)
    """
    type_ = INTEGERS[type_name]
    return type_.wrap(value << (count & (type_.bits - 1)))


def shift_right(type_name: str, value: int, count: int) -> int:
    """`>>`: arithmetic for signed types."""
    return value >> (count & (INTEGERS[type_name].bits - 1))


def _truncate(value: float, bits: int) -> int:
    """Return the processor's truncating conversion: the smallest number for everything out of range."""
    smallest = -(1 << (bits - 1))
    if value != value or not smallest - 1 < value < -smallest:
        return smallest
    return int(value)


def double_to_int(type_name: str, value: float, is_checked: bool = False) -> int:
    """Explicit conversion of a `double` or `float` to an integer type.

    >>> double_to_int("int", -3.99), double_to_int("byte", -3.7), double_to_int("int", 1e20)
    (-3, 253, -2147483648)
    """
    type_ = INTEGERS[type_name]
    if is_checked:
        if value != value or not type_.minimum - 1 < value < type_.maximum + 1:
            raise OverflowException
        return int(value)
    if type_name == "ulong":
        two_63 = 9223372036854775808.0
        if value < two_63:
            return type_.wrap(_truncate(value, 64))
        return type_.wrap(_truncate(value - two_63, 64) + (1 << 63))
    return type_.wrap(_truncate(value, 64 if type_name in ("uint", "long") else 32))


def decimal_to_int(type_name: str, value: Decimal) -> int:
    """Explicit conversion of a `decimal`: truncates; raises OverflowException even in an unchecked context."""
    return INTEGERS[type_name].convert(int(value))


def int_to_single(value: int) -> float:
    """Conversion of any integer to `float`, to the nearest."""
    if -(1 << 53) <= value <= 1 << 53:
        return to_single(float(value))
    # Rounding first to 53 bits and then to 24 could round twice: keep the bits that are cut off as one sticky bit.
    shift = abs(value).bit_length() - 40
    kept = abs(value) >> shift | (1 if abs(value) & ((1 << shift) - 1) else 0)
    return math.copysign(to_single(math.ldexp(float(kept), shift)), value)
