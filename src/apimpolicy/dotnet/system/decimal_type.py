"""The members of `decimal`; the arithmetic itself is in `decimals`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apimpolicy.dotnet.exceptions import ArgumentException, OverflowException, check_range, require
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.system import decimals
from apimpolicy.dotnet.system.arithmetic import INTEGERS, decimal_to_int
from apimpolicy.dotnet.system.number_formats import decimal_to_string, format_decimal
from apimpolicy.dotnet.system.number_parsing import NUMBER, parse_decimal
from apimpolicy.dotnet.system.numeric_types import register_comparison, register_text
from apimpolicy.dotnet.values import INT, Array, wrap_int32

_BINARY = {
    "op_Addition": ("Add", decimals.add),
    "op_Subtraction": ("Subtract", decimals.subtract),
    "op_Multiply": ("Multiply", decimals.multiply),
    "op_Division": ("Divide", decimals.divide),
    "op_Modulus": ("Remainder", decimals.remainder),
}


def _compare(a: Decimal, b: Decimal) -> int:
    return (a > b) - (a < b)


def _register() -> None:
    register_text("decimal", parse_decimal, NUMBER, decimal_to_string, format_decimal, Decimal(0))
    register_comparison("decimal", "Decimal", _compare, Decimal.__eq__, ("value", "value", "value"))
    for operator, (method, function) in _BINARY.items():
        implements("decimal", f"static decimal {operator}(decimal d1, decimal d2)")(function)
        implements("decimal", f"static decimal {method}(decimal d1, decimal d2)")(function)
    comparisons = {
        "op_Equality": Decimal.__eq__,
        "op_Inequality": Decimal.__ne__,
        "op_LessThan": Decimal.__lt__,
        "op_LessThanOrEqual": Decimal.__le__,
        "op_GreaterThan": Decimal.__gt__,
        "op_GreaterThanOrEqual": Decimal.__ge__,
    }
    implements_all(
        "decimal", {f"static bool {name}(decimal d1, decimal d2)": test for name, test in comparisons.items()}
    )
    implements("decimal", "static bool Equals(decimal d1, decimal d2)")(Decimal.__eq__)
    implements("decimal", "static int Compare(decimal d1, decimal d2)")(_compare)
    for name, type_ in INTEGERS.items():
        implements("decimal", f"static {name} op_Explicit(decimal value)")(
            (lambda value: chr(decimal_to_int("char", value)))
            if name == "char"
            else (lambda value, name=name: decimal_to_int(name, value))
        )
        implements("decimal", f"static decimal op_Implicit({name} value)")(
            (lambda value: Decimal(ord(value))) if name == "char" else Decimal
        )
        if name == "char":
            continue
        parameter = "d" if type_.bits >= 32 else "value"
        implements("decimal", f"static {name} To{type_.framework_name}(decimal {parameter})")(
            lambda value, name=name: decimal_to_int(name, value)
        )
        if type_.bits >= 32:
            implements("decimal", f"new({name} value)")(Decimal)
    for name, value in (
        ("Zero", Decimal(0)),
        ("One", Decimal(1)),
        ("MinusOne", Decimal(-1)),
        ("MaxValue", decimals.MAX_VALUE),
        ("MinValue", decimals.MIN_VALUE),
    ):
        implements("decimal", f"static readonly decimal {name};")(lambda value=value: value)


_register()


def check_rounding(mode: int) -> None:
    """Raise ArgumentException for a number that is no `MidpointRounding`."""
    if not 0 <= mode <= 4:
        raise ArgumentException(f"The value '{mode}' is not valid for this usage of the type MidpointRounding.", "mode")


def round_decimal(value: Decimal, digits: int = 0, mode: int = 0) -> Decimal:
    """`Math.Round` and `decimal.Round`; raises ArgumentOutOfRangeException.

    >>> round_decimal(Decimal("2.345"), 2), round_decimal(Decimal("2.345"), 2, 1)
    (Decimal('2.34'), Decimal('2.35'))
    """
    check_range(0 <= digits <= 28, "decimals", "Decimal can only round to between 0 and 28 digits of precision.")
    check_rounding(mode)
    if mode < 2:
        return decimals.round_to(value, digits, away_from_zero=mode == 1)
    number, scale = decimals.parts_of(value)
    if scale <= digits:
        return value
    power = 10 ** (scale - digits)
    whole = abs(number) // power
    if number % power and ((mode == 3 and number < 0) or (mode == 4 and number > 0)):
        whole += 1
    return decimals.from_parts(-whole if number < 0 else whole, digits)


@implements("decimal", "Round")
def _round(value: Decimal, digits: int = 0, mode: int = 0) -> Decimal:
    return round_decimal(value, digits, mode)


@implements("decimal", "GetBits")
def _get_bits(value: Decimal) -> Array:
    scale = -int(value.as_tuple().exponent)
    number = int("".join(map(str, value.as_tuple().digits)))
    flags = scale << 16 | (0x80000000 if value.is_signed() else 0)
    words = (number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF, number >> 64, flags)
    return Array(INT, map(wrap_int32, words))


@implements("decimal", "new(int, int, int, bool, byte)")
def _from_parts(low: int, middle: int, high: int, negative: bool, scale: int) -> Decimal:
    check_range(scale <= 28, "scale", "Decimal's scale value must be between 0 and 28, inclusive.")
    number = (low & 0xFFFFFFFF) | (middle & 0xFFFFFFFF) << 32 | (high & 0xFFFFFFFF) << 64
    return decimals.fit(-number if negative else number, scale)


@implements("decimal", "new(int[])")
def _from_bits(bits: Any) -> Decimal:
    bits = require(bits, "value")
    if len(bits) == 4 and not bits[3] & 0x7F00FFFF and (bits[3] >> 16 & 0xFF) <= 28:
        return _from_parts(bits[0], bits[1], bits[2], bits[3] < 0, bits[3] >> 16 & 0xFF)
    raise ArgumentException(
        "Decimal byte array constructor requires an array of length four containing valid decimal bytes."
    )


@implements("decimal", "FromOACurrency")
def _from_currency(amount: int) -> Decimal:
    """From ten-thousandths, without trailing zeros."""
    scale = 4
    while scale and amount % 10 == 0:
        amount, scale = amount // 10, scale - 1
    return decimals.from_parts(amount, scale)


@implements("decimal", "ToOACurrency")
def _to_currency(value: Decimal) -> int:
    number, scale = decimals.parts_of(decimals.round_to(value, 4))
    amount: int = number * 10 ** (4 - scale)
    if not -(1 << 63) <= amount < 1 << 63:
        raise OverflowException("Value was either too large or too small for a Currency.")
    return amount


implements_all(
    "decimal",
    {
        "new(double)": decimals.from_double,
        "new(float)": decimals.from_single,
        "static decimal op_Explicit(double value)": decimals.from_double,
        "static decimal op_Explicit(float value)": decimals.from_single,
        "static double op_Explicit(decimal value)": decimals.to_double,
        "static float op_Explicit(decimal value)": decimals.to_float,
        "ToDouble": decimals.to_double,
        "ToSingle": decimals.to_float,
        "op_UnaryNegation": decimals.negate,
        "Negate": decimals.negate,
        "Truncate": decimals.truncate,
        "Floor": decimals.floor,
        "Ceiling": decimals.ceiling,
        "op_UnaryPlus": lambda value: value,
        "op_Increment": lambda value: decimals.add(value, Decimal(1)),
        "op_Decrement": lambda value: decimals.subtract(value, Decimal(1)),
        "GetHashCode": lambda value: wrap_int32(hash(value)),
        "Round(decimal, MidpointRounding)": lambda value, mode: round_decimal(value, 0, mode),
    },
)
