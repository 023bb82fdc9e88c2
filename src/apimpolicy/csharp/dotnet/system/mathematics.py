"""`System.Math`."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from apimpolicy.csharp.dotnet.exceptions import ArgumentException, ArithmeticException, OverflowException, check_range
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.system import decimals
from apimpolicy.csharp.dotnet.system.arithmetic import INTEGERS, float_divide, int_divide, int_remainder
from apimpolicy.csharp.dotnet.system.numeric_types import check_rounding, round_decimal
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.values import box


def _guarded(function: Callable[..., float], *, overflow: float = math.inf) -> Callable[..., float]:
    """C's result where Python raises: NaN outside of the domain, infinity when too large."""

    def call(*arguments: float) -> float:
        try:
            return float(function(*arguments))
        except OverflowError:
            return overflow
        except ValueError:
            return math.nan

    return call


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    def call(value: float) -> float:
        if value == 0:
            return -math.inf
        return function(value) if value > 0 else math.nan

    return call


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        if x == 0:
            return math.copysign(math.inf, x) if y % 2 == 1 else math.inf
        return math.nan


def _atanh(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) == 1 else math.atanh(value)


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "Acos(double d)": _guarded(math.acos),
    "Acosh(double d)": _guarded(math.acosh),
    "Asin(double d)": _guarded(math.asin),
    "Asinh(double d)": _guarded(math.asinh),
    "Atan(double d)": math.atan,
    "Atan2(double y, double x)": math.atan2,
    "Atanh(double d)": _guarded(_atanh),
    "Cbrt(double d)": math.cbrt,  # of the C library, as in .NET
    "Cos(double d)": _guarded(math.cos),
    "Cosh(double value)": _guarded(math.cosh),
    "Exp(double d)": _guarded(math.exp),
    "Log(double d)": _logarithm(math.log),
    "Log2(double x)": _logarithm(math.log2),
    "Log10(double d)": _logarithm(math.log10),
    "Pow(double x, double y)": _pow,
    "Sin(double a)": _guarded(math.sin),
    "Sqrt(double d)": _guarded(math.sqrt),
    "Tan(double a)": _guarded(math.tan),
    "Tanh(double value)": math.tanh,
    "IEEERemainder(double x, double y)": _guarded(math.remainder),
    "CopySign(double x, double y)": math.copysign,
    "Sinh(double value)": lambda value: math.copysign(math.inf, value) if abs(value) > 711 else math.sinh(value),
    "Log(double a, double newBase)": lambda value, base: _log_base(value, base),
}

implements("System.Math", "Round(decimal)", "Round(decimal, int)", "Round(decimal, int, MidpointRounding)")(
    round_decimal
)
implements_all("System.Math", {f"static double {signature}": function for signature, function in _FUNCTIONS.items()})


def _log_base(value: float, base: float) -> float:
    if value != value or base != base:
        return math.nan
    if base == 1 or (value != 1 and base in (0, math.inf)):
        return math.nan
    log = _FUNCTIONS["Log(double d)"]
    return float_divide(log(value), log(base))


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """Rounding to a whole number: infinities, NaN and the sign of zero stay."""
    return lambda value: math.copysign(function(value), value) if math.isfinite(value) else value


_floor = implements("System.Math", "static double Floor(double d)")(_whole(math.floor))
_ceiling = implements("System.Math", "static double Ceiling(double a)")(_whole(math.ceil))
_truncate = implements("System.Math", "static double Truncate(double d)")(_whole(math.trunc))
_to_even = _whole(round)


def _away(value: float) -> float:
    whole = _truncate(value)
    fraction = value - whole if math.isfinite(value) else 0.0
    return whole + math.copysign(1.0, fraction) if abs(fraction) >= 0.5 else whole


_MODES = (_to_even, _away, _truncate, _floor, _ceiling)


@implements("System.Math", "Round")
def round_double(value: float, digits: int = 0, mode: int = 0) -> float:
    """`Math.Round`, which scales, rounds and scales back: 1.005 to two digits is 1.

    >>> round_double(2.5), round_double(1.005, 2), round_double(2.345, 2)
    (2.0, 1.0, 2.35)
    """
    check_range(0 <= digits <= 15, "digits", "Rounding digits must be between 0 and 15, inclusive.")
    check_rounding(mode)
    if not abs(value) < 1e16:
        return value
    if digits == 0:
        return _MODES[mode](value)
    power = 10.0**digits
    return _MODES[mode](value * power) / power


def _absolute(minimum: int) -> Callable[[int], int]:
    def call(value: int) -> int:
        if value == minimum:
            raise OverflowException("Negating the minimum value of a twos complement number is invalid.")
        return abs(value)

    return call


def _sign(value: Any) -> int:
    if value != value:
        raise ArithmeticException("Function does not accept floating point Not-a-Number values.")
    return int(value > 0) - int(value < 0)


def _max_float(a: float, b: float) -> float:
    if a != a or b != b:
        return math.nan
    return (b if math.copysign(1, a) < 0 else a) if a == b else max(a, b)


def _min_float(a: float, b: float) -> float:
    if a != a or b != b:
        return math.nan
    return (a if math.copysign(1, a) < 0 else b) if a == b else min(a, b)


def _clamp(type_name: str) -> Callable[[Any, Any, Any], Any]:
    type_ = named(type_name)

    def call(value: Any, low: Any, high: Any) -> Any:
        if low > high:
            shown = text(box(type_, low)), text(box(type_, high))
            raise ArgumentException(f"'{shown[0]}' cannot be greater than {shown[1]}.")
        return low if value < low else high if value > high else value

    return call


def _register() -> None:
    for name in (*INTEGERS, "float", "double", "decimal"):
        if name == "char":
            continue
        floating = name in ("float", "double")
        larger, smaller = (
            (_max_float, _min_float) if floating else (lambda a, b: b if b > a else a, lambda a, b: b if b < a else a)
        )
        implements("System.Math", f"static {name} Max({name} val1, {name} val2)")(larger)
        implements("System.Math", f"static {name} Min({name} val1, {name} val2)")(smaller)
        implements("System.Math", f"static {name} Clamp({name} value, {name} min, {name} max)")(_clamp(name))
        if floating or name == "decimal":
            implements("System.Math", f"static {name} Abs({name} value)")(abs if floating else Decimal.copy_abs)
            implements("System.Math", f"static int Sign({name} value)")(_sign)
        elif INTEGERS[name].signed:
            implements("System.Math", f"static {name} Abs({name} value)")(_absolute(INTEGERS[name].minimum))
            implements("System.Math", f"static int Sign({name} value)")(_sign)


_register()


@implements("System.Math", "DivRem(long, long, out long)")
def _div_rem_long(a: int, b: int) -> tuple[int, int]:
    minimum = INTEGERS["long"].minimum
    return int_divide(a, b, minimum), int_remainder(a, b, minimum)


@implements("System.Math", "FusedMultiplyAdd")
def _fused_multiply_add(x: float, y: float, z: float) -> float:
    """`x * y + z` rounded once."""
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        return x * y + z if not (math.isfinite(x) and math.isfinite(y)) else z
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if not exact:
        return x * y + z
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@implements("System.Math", "ILogB")
def _integer_log2(value: float) -> int:
    if value == 0:
        return -(1 << 31)
    return math.frexp(value)[1] - 1 if math.isfinite(value) else (1 << 31) - 1


@implements("System.Math", "ScaleB")
def _scale(value: float, power: int) -> float:
    try:
        return math.ldexp(value, power)
    except OverflowError:
        return math.copysign(math.inf, value)


@implements("System.Math", "MaxMagnitude")
def _larger_magnitude(x: float, y: float) -> float:
    if abs(x) > abs(y) or x != x:
        return x
    return x if abs(x) == abs(y) and math.copysign(1, x) > 0 else y


@implements("System.Math", "MinMagnitude")
def _smaller_magnitude(x: float, y: float) -> float:
    if abs(x) < abs(y) or x != x:
        return x
    return x if abs(x) == abs(y) and math.copysign(1, x) < 0 else y


implements_all(
    "System.Math",
    {
        "Floor(decimal)": decimals.floor,
        "Ceiling(decimal)": decimals.ceiling,
        "Truncate(decimal)": decimals.truncate,
        "BigMul": lambda a, b: a * b,
        "BitIncrement": lambda value: math.nextafter(value, math.inf),
        "BitDecrement": lambda value: math.nextafter(value, -math.inf),
        "Round(double, MidpointRounding)": lambda value, mode: round_double(value, 0, mode),
        "Round(decimal, MidpointRounding)": lambda value, mode: round_decimal(value, 0, mode),
        "DivRem(int, int, out int)": lambda a, b: (int_divide(a, b), int_remainder(a, b)),
    },
)
