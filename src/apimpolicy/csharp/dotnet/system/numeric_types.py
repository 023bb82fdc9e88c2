"""The members of the integer types, `double`, `float`, `decimal` and `bool`."""

from __future__ import annotations

import functools
import math
import operator
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    FormatException,
    OverflowException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.system import decimals, number_formats, number_parsing
from apimpolicy.csharp.dotnet.system.arithmetic import INTEGERS, compare_plain, decimal_to_int
from apimpolicy.csharp.dotnet.system.cultures import numbers_of
from apimpolicy.csharp.dotnet.values import INT, Array, type_of, unbox, wrap_int32

_PROVIDER = "System.IFormatProvider provider"
_STYLE = "System.Globalization.NumberStyles style"

_CODES = "empty object dbnull bool char sbyte byte short ushort int uint long ulong float double decimal"
TYPE_CODES = {name: number for number, name in enumerate(_CODES.split())} | {"System.DateTime": 16, "string": 18}
"""`System.TypeCode` by the type's name."""


def attempt(parse: Callable[..., Any], default: Any, *arguments: Any) -> tuple[bool, Any]:
    """`TryParse`: the result of `parse`, or the default for null and when it fails; an invalid style throws."""
    if arguments[0] is None:
        return False, default
    try:
        return True, parse(*arguments)
    except (FormatException, OverflowException):
        return False, default


def register_text(
    name: str,
    parse: Callable[..., Any],
    default_styles: int,
    to_string: Callable[[Any], str],
    format_: Callable[..., str],
    zero: Any,
) -> None:
    """Register Parse, TryParse and ToString in all their overloads."""
    implements(name, f"static {name} Parse(string s)")(lambda text: parse(text, default_styles))
    implements(name, f"static {name} Parse(string s, {_STYLE})")(lambda text, style: parse(text, style))
    implements(name, f"static {name} Parse(string s, {_PROVIDER})")(
        lambda text, provider: parse(text, default_styles, numbers_of(provider))
    )
    implements(name, f"static {name} Parse(string s, {_STYLE}, {_PROVIDER})")(
        lambda text, style, provider: parse(text, style, numbers_of(provider))
    )
    implements(name, f"static bool TryParse(string s, out {name} result)")(
        lambda text: attempt(parse, zero, text, default_styles)
    )
    implements(name, f"static bool TryParse(string s, {_STYLE}, {_PROVIDER}, out {name} result)")(
        lambda text, style, provider: attempt(parse, zero, text, style, numbers_of(provider))
    )
    implements(name, "string ToString()")(to_string)
    implements(name, f"string ToString({_PROVIDER})")(
        lambda value, provider: format_(value, None, numbers_of(provider))
    )
    implements(name, "string ToString(string format)")(format_)
    implements(name, f"string ToString(string format, {_PROVIDER})")(
        lambda value, text, provider: format_(value, text, numbers_of(provider))
    )


def register_comparison(
    name: str,
    framework_name: str,
    compare: Callable[[Any, Any], int],
    equal: Callable[[Any, Any], bool],
    parameter: tuple[str, str, str],
) -> None:
    """Register CompareTo and Equals; `parameter` has the names in CompareTo, Equals(object) and Equals."""
    compared, equal_object, equal_value = parameter

    def is_own(value: Any) -> bool:
        return str(type_of(value)) == name

    def compare_object(value: Any, other: Any) -> int:
        if other is None:
            return 1
        if not is_own(other):
            raise ArgumentException(f"Object must be of type {framework_name}.")
        return compare(value, unbox(other))

    def equals_object(value: Any, other: Any) -> bool:
        return other is not None and is_own(other) and equal(value, unbox(other))

    implements(name, f"int CompareTo({name} value)")(compare)
    implements(name, f"int CompareTo(object {compared})")(compare_object)
    implements(name, f"bool Equals({name} {equal_value})")(equal)
    implements(name, f"bool Equals(object {equal_object})")(equals_object)
    implements(name, "System.TypeCode GetTypeCode()")(lambda _: TYPE_CODES[name])


def _sign_of_difference(a: Any, b: Any) -> int:
    return int(a > b) - int(a < b)


def _same(a: Any, b: Any) -> bool:
    return bool(a == b)


def _integer_hash(name: str) -> Callable[[int], int]:
    if name in ("long", "ulong"):
        return lambda value: wrap_int32(value ^ (value >> 32))
    if name == "sbyte":
        return lambda value: wrap_int32(value ^ (value << 8))
    return wrap_int32


def _parser(name: str) -> Callable[..., int]:
    return functools.partial(number_parsing.parse_int, name)


def _formatter(bits: int) -> Callable[..., str]:
    return lambda value, *how: number_formats.format_int(value, bits, *how)


def _register_integers() -> None:
    for name, type_ in INTEGERS.items():
        if name == "char":
            continue
        register_text(name, _parser(name), number_parsing.INTEGER, int.__repr__, _formatter(type_.bits), 0)
        compare = operator.sub if type_.bits < 32 else _sign_of_difference
        parameter = ("obj", "obj", "obj") if name == "sbyte" else ("value", "obj", "obj")
        register_comparison(name, type_.framework_name, compare, _same, parameter)
        implements(name, "int GetHashCode()")(_integer_hash(name))


def _equal_floats(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _double_hash(value: float) -> int:
    if value == 0 or value != value:
        value = abs(value)
    (bits,) = struct.unpack("<q", struct.pack("<d", value))
    return wrap_int32(bits ^ (bits >> 32))


_FLOAT_TESTS: dict[str, Callable[[float], bool]] = {
    "IsNaN": math.isnan,
    "IsFinite": math.isfinite,
    "IsInfinity": math.isinf,
    "IsPositiveInfinity": lambda value: value == math.inf,
    "IsNegativeInfinity": lambda value: value == -math.inf,
    "IsNegative": lambda value: math.copysign(1.0, value) < 0,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equality": operator.eq,
    "Inequality": operator.ne,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanOrEqual": operator.le,
    "GreaterThanOrEqual": operator.ge,
}
_LEAST_NORMAL = {"double": 2.0**-1022, "float": 2.0**-126}


def _register_floats() -> None:
    for name, parse, show, format_ in (
        ("double", number_parsing.parse_double, number_formats.double_to_string, number_formats.format_double),
        ("float", number_parsing.parse_single, number_formats.single_to_string, number_formats.format_single),
    ):
        register_text(name, parse, number_parsing.FLOAT_AND_THOUSANDS, show, format_, 0.0)
    register_comparison("double", "Double", compare_plain, _equal_floats, ("value", "obj", "obj"))
    register_comparison("float", "Single", compare_plain, _equal_floats, ("value", "obj", "obj"))
    implements("double", "int GetHashCode()")(_double_hash)
    implements("float", "int GetHashCode()")(lambda value: struct.unpack("<i", struct.pack("<f", value + 0.0))[0])
    for name, test in _FLOAT_TESTS.items():
        implements("double", f"static bool {name}(double d)")(test)
        implements("float", f"static bool {name}(float f)")(test)
    for type_, parameter in (("double", "d"), ("float", "f")):
        least = _LEAST_NORMAL[type_]
        implements(type_, f"static bool IsNormal({type_} {parameter})")(
            lambda value, least=least: least <= abs(value) < math.inf
        )
        implements(type_, f"static bool IsSubnormal({type_} {parameter})")(
            lambda value, least=least: 0 < abs(value) < least
        )
        for name, compare in _COMPARISONS.items():
            implements(type_, f"static bool op_{name}({type_} left, {type_} right)")(compare)


def _register_bool() -> None:
    implements("bool", "static bool Parse(string value)")(number_parsing.parse_bool)
    implements("bool", "static bool TryParse(string value, out bool result)")(
        lambda text: attempt(number_parsing.parse_bool, False, text)
    )
    implements("bool", "string ToString()")(lambda value: "True" if value else "False")
    implements("bool", f"string ToString({_PROVIDER})")(lambda value, _: "True" if value else "False")
    implements("bool", "int GetHashCode()")(int)
    implements("bool", "static readonly string TrueString;")(lambda: "True")
    implements("bool", "static readonly string FalseString;")(lambda: "False")
    register_comparison("bool", "Boolean", _sign_of_difference, _same, ("obj", "obj", "obj"))


_register_integers()
_register_floats()
_register_bool()


# The members of `decimal`; the arithmetic itself is in `decimals`.

_BINARY = {
    "op_Addition": ("Add", decimals.add),
    "op_Subtraction": ("Subtract", decimals.subtract),
    "op_Multiply": ("Multiply", decimals.multiply),
    "op_Division": ("Divide", decimals.divide),
    "op_Modulus": ("Remainder", decimals.remainder),
}


def _register_decimal() -> None:
    parse, show, format_ = (
        number_parsing.parse_decimal,
        number_formats.decimal_to_string,
        number_formats.format_decimal,
    )
    register_text("decimal", parse, number_parsing.NUMBER, show, format_, Decimal(0))
    register_comparison("decimal", "Decimal", _sign_of_difference, _same, ("value", "value", "value"))
    for name, (method, function) in _BINARY.items():
        implements("decimal", f"static decimal {name}(decimal d1, decimal d2)")(function)
        implements("decimal", f"static decimal {method}(decimal d1, decimal d2)")(function)
    for name, compare in _COMPARISONS.items():
        implements("decimal", f"static bool op_{name}(decimal d1, decimal d2)")(compare)
    implements("decimal", "static bool Equals(decimal d1, decimal d2)")(_same)
    implements("decimal", "static int Compare(decimal d1, decimal d2)")(_sign_of_difference)
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


_register_decimal()


def check_rounding(mode: int) -> None:
    if not 0 <= mode <= 4:
        raise ArgumentException(f"The value '{mode}' is not valid for this usage of the type MidpointRounding.", "mode")


@implements("decimal", "Round")
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
