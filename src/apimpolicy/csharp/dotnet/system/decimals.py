"""The arithmetic of `decimal`: a 96-bit integer with a scale of 0 to 28, half-even rounding, OverflowException.

Values are Python Decimals whose exponent is minus the scale, so that trailing zeros are kept as .NET keeps them.
The operators and conversions here are called by emitted code.
"""

from __future__ import annotations

import math
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DecimalException,
    InvalidOperation,
    Overflow,
    Rounded,
)

from apimpolicy.csharp.dotnet.exceptions import DivideByZeroException, OverflowException
from apimpolicy.csharp.dotnet.values import to_single

MAXIMUM = (1 << 96) - 1
MAX_VALUE = Decimal(MAXIMUM)
MIN_VALUE = MAX_VALUE.copy_negate()
MAX_SCALE = 28
_MOST_DIGITS = 29

# Exact or not at all: what does not fit into 29 digits is worked out with integers instead.
_EXACT = Context(prec=29, Emin=MIN_EMIN, Emax=MAX_EMAX, rounding=ROUND_HALF_EVEN, traps=[Rounded, InvalidOperation])
_USUAL = Context(
    prec=28, Emin=-1, Emax=27, rounding=ROUND_HALF_EVEN, traps=[Rounded, InvalidOperation, Overflow, Clamped]
)
"""What this context gives is a decimal: 28 digits fit into 96 bits, and Emin leaves 28 places. Else it raises."""
_WIDE = Context(prec=200, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


def _overflow() -> OverflowException:
    return OverflowException("Value was either too large or too small for a Decimal.")


def parts_of(value: Decimal) -> tuple[int, int]:
    """Signed integer and scale.

    >>> parts_of(Decimal("-1.50"))
    (-150, 2)
    """
    scale = -int(value.as_tuple().exponent)
    return int(value.scaleb(scale, _WIDE)), scale


def from_parts(number: int, scale: int) -> Decimal:
    """Return the decimal of a signed integer and a scale, exactly."""
    return Decimal(number).scaleb(-scale, _WIDE)


def _divide_half_even(number: int, divisor: int) -> int:
    quotient, rest = divmod(abs(number), divisor)
    if rest * 2 > divisor or (rest * 2 == divisor and quotient & 1):
        quotient += 1
    return -quotient if number < 0 else quotient


def fit(number: int, scale: int) -> Decimal:
    """Return the decimal nearest to number / 10^scale; raises OverflowException."""
    if scale < 0:
        if number and scale < -MAX_SCALE - 1:
            raise _overflow()
        number, scale = (number * 10**-scale if number else 0), 0
    size = abs(number)
    if size <= MAXIMUM and scale <= MAX_SCALE:
        return from_parts(number, scale)
    drop = max(scale - MAX_SCALE, (size.bit_length() * 30103 // 100000) - 29, 1)
    while True:
        if drop > scale:
            raise _overflow()
        rounded = _divide_half_even(number, 10**drop)
        if abs(rounded) <= MAXIMUM and scale - drop <= MAX_SCALE:
            return from_parts(rounded, scale - drop)
        drop += 1


def _fits(value: Decimal) -> bool:
    """Return whether a value of at most 29 digits is a decimal as it is: 29 digits may be more than 96 bits."""
    _, digits, exponent = value.as_tuple()
    if int(exponent) < -MAX_SCALE:
        return False
    if int(exponent) > 0:
        return MIN_VALUE <= value <= MAX_VALUE
    return len(digits) < _MOST_DIGITS or abs(parts_of(value)[0]) <= MAXIMUM


def add(a: Decimal, b: Decimal) -> Decimal:
    """Return the sum; raises OverflowException.

    >>> add(Decimal("1.10"), Decimal("2.2"))
    Decimal('3.30')
    """
    try:
        return _USUAL.add(a, b)
    except DecimalException:
        pass
    try:
        total = _EXACT.add(a, b)
        if _fits(total):
            return total
    except Rounded:
        pass
    (left, scale_a), (right, scale_b) = parts_of(a), parts_of(b)
    scale = max(scale_a, scale_b)
    return fit(left * 10 ** (scale - scale_a) + right * 10 ** (scale - scale_b), scale)


def subtract(a: Decimal, b: Decimal) -> Decimal:
    return add(a, b.copy_negate())


def multiply(a: Decimal, b: Decimal) -> Decimal:
    """Return the product; raises OverflowException.

    >>> multiply(Decimal("1.10"), Decimal("2.0"))
    Decimal('2.200')
    """
    try:
        return _USUAL.multiply(a, b)
    except DecimalException:
        pass
    try:
        product = _EXACT.multiply(a, b)
        if _fits(product):
            return product
    except Rounded:
        pass
    (left, scale_a), (right, scale_b) = parts_of(a), parts_of(b)
    return fit(left * right, scale_a + scale_b)


def divide(a: Decimal, b: Decimal) -> Decimal:
    """As many digits as fit; the scale is that of the operands when the division comes out even.

    >>> divide(Decimal(5), Decimal(2)), divide(Decimal("1.00"), Decimal(1)), divide(Decimal(1), Decimal(3))
    (Decimal('2.5'), Decimal('1.00'), Decimal('0.3333333333333333333333333333'))
    """
    (left, scale_a), (right, scale_b) = parts_of(a), parts_of(b)
    if right == 0:
        raise DivideByZeroException
    negative = (left < 0) != (right < 0)
    left, right = abs(left), abs(right)
    scale = scale_a - scale_b
    quotient, rest = divmod(left, right)
    if rest == 0:
        return fit(-quotient if negative else quotient, scale)
    more = MAX_SCALE - scale
    while True:
        quotient = _divide_half_even(left * 10**more, right)
        if quotient <= MAXIMUM:
            break
        more -= max(1, quotient.bit_length() * 30103 // 100000 - 29)
        if scale + more < 0:
            raise _overflow()
    scale += more
    while scale > 0 and quotient % 10 == 0:
        quotient //= 10
        scale -= 1
    return from_parts(-quotient if negative else quotient, scale)


def remainder(a: Decimal, b: Decimal) -> Decimal:
    """Return the remainder with the sign of the dividend.

    >>> remainder(Decimal("-5.5"), Decimal(2))
    Decimal('-1.5')
    """
    (left, scale_a), (right, scale_b) = parts_of(a), parts_of(b)
    if right == 0:
        raise DivideByZeroException
    if a.copy_abs() < b.copy_abs():
        return a
    scale = max(scale_a, scale_b)
    rest = abs(left) * 10 ** (scale - scale_a) % (abs(right) * 10 ** (scale - scale_b))
    return from_parts(-rest if left < 0 else rest, scale)


def negate(a: Decimal) -> Decimal:
    return a.copy_negate()


def round_to(value: Decimal, digits: int, away_from_zero: bool = False) -> Decimal:
    """Round to this many digits after the point; a smaller scale is kept."""
    number, scale = parts_of(value)
    if scale <= digits:
        return value
    power = 10 ** (scale - digits)
    if away_from_zero:
        quotient, rest = divmod(abs(number), power)
        quotient += rest * 2 >= power
        return from_parts(-quotient if number < 0 else quotient, digits)
    return from_parts(_divide_half_even(number, power), digits)


def truncate(value: Decimal) -> Decimal:
    """Towards zero; the scale becomes 0."""
    return Decimal(int(value))


def floor(value: Decimal) -> Decimal:
    return Decimal(math.floor(value))


def ceiling(value: Decimal) -> Decimal:
    return Decimal(math.ceil(value))


def _from_float(value: float, digits: int) -> Decimal:
    """Return the nearest decimal of so many digits, by the steps of .NET's `DecCalc.VarDecFromR8`.

    It guesses the power of ten from the power of two. Where rounding adds a digit, one trailing zero stays:
    `(decimal)0.9999999999999999` is `1.0`.
    """
    exponent = math.frexp(value)[1] if math.isfinite(value) else MAX_SCALE * 4
    if exponent > _LARGEST_EXPONENT:
        raise _overflow()
    if exponent < _SMALLEST_EXPONENT or not value:
        return Decimal(0)
    scaled, most = abs(value), digits - 1
    power = min(most - (exponent * 19728 >> 16), MAX_SCALE)
    if power >= 0:
        scaled *= 10.0**power
    elif power != -1 or scaled >= 10.0**digits:
        scaled /= 10.0**-power
    else:
        power = 0
    if scaled < 10.0**most and power < MAX_SCALE:
        scaled, power = scaled * 10, power + 1
    number = round(scaled)
    zeros = min(power, most)
    for step in (8, 4, 2, 1):
        if zeros >= step and number % 10**step == 0:
            number, power, zeros = number // 10**step, power - step, zeros - step
    nearest = fit(number, power)
    return nearest.copy_negate() if value < 0 else nearest


_LARGEST_EXPONENT, _SMALLEST_EXPONENT = 96, -94
"""Of 2, for numbers that a decimal holds."""


def from_double(value: float) -> Decimal:
    """`(decimal)` of a `double`: 15 significant digits; raises OverflowException.

    >>> from_double(0.1), from_double(100.0)
    (Decimal('0.1'), Decimal('100'))
    """
    return _from_float(value, 15)


def from_single(value: float) -> Decimal:
    """`(decimal)` of a `float`: 7 significant digits; raises OverflowException."""
    return _from_float(value, 7)


def to_double(value: Decimal) -> float:
    """`(double)` of a `decimal`, with the one rounding of numerator and quotient that .NET does."""
    number, scale = parts_of(value)
    low = float(abs(number) & 0xFFFFFFFFFFFFFFFF)
    result = (low + float(abs(number) >> 64) * 18446744073709551616.0) / float(10**scale)
    return -result if number < 0 else result


def to_float(value: Decimal) -> float:
    return to_single(to_double(value))
