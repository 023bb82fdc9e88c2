"""Numbers as text: standard formats (C D E F G N P R X) and custom ones (`#,##0.00`), in the invariant culture.

Every number is first a sign, its decimal digits and a scale, the value being 0.digits × 10^scale, as in .NET's own
formatter; `double` and `float` give exactly as many correctly rounded digits as the format shows, the shortest ones
that round-trip by default, and 15 (7) for custom formats.
Source: .NET Core 3.1, `Number.Formatting`; the page "Standard numeric format strings".
"""

from __future__ import annotations

from decimal import Decimal

from apimpolicy.dotnet.exceptions import FormatException
from apimpolicy.dotnet.system.custom_number_formats import Digits, format_custom
from apimpolicy.dotnet.values import to_single

_CURRENCY = "¤"


def _specifier(format_: str) -> tuple[str, int]:
    """The letter and the precision (-1 without one) of a standard format; no letter for a custom format."""
    letter, precision = format_[0], format_[1:]
    if letter.isascii() and letter.isalpha():
        if not precision:
            return letter, -1
        if precision.isascii() and precision.isdigit() and int(precision[-9:]) <= 99 and not precision[:-9].strip("0"):
            return letter, int(precision[-9:])
    return "", -1


def _invalid() -> FormatException:
    return FormatException("Format specifier was invalid.")


def format_int(value: int, bits: int, format_: str | None = None) -> str:
    """An integer of this width in bits; raises FormatException.

    >>> format_int(-42, 32, "x"), format_int(1234567, 32, "N0")
    ('ffffffd6', '1,234,567')
    """
    if not format_:
        return int.__repr__(value)
    letter, precision = _specifier(format_)
    kind = letter.upper()
    if kind == "D" or (kind == "G" and precision < 1):
        sign, digits = ("-" if value < 0 else ""), int.__repr__(abs(value))
        return sign + digits.zfill(precision if precision > 0 and kind == "D" else 0)
    if kind == "X":
        return f"{value & ((1 << bits) - 1):0{max(precision, 1)}{letter}}"
    digits = int.__repr__(abs(value)) if value else ""
    number = Digits(value < 0, digits, len(digits), False)
    return _format(number, letter, precision, format_)


def decimal_digits(value: Decimal) -> Digits:
    """The parts of a `decimal`, trailing zeros kept."""
    sign, digits, exponent = value.as_tuple()
    shown = "".join(map(str, digits)).lstrip("0")
    return Digits(bool(sign) and bool(shown), shown, len(shown) + int(exponent), False)


def decimal_to_string(value: Decimal) -> str:
    """All digits, trailing zeros included.

    >>> decimal_to_string(Decimal("1.10")), decimal_to_string(Decimal("0.00"))
    ('1.10', '0.00')
    """
    shown = format(value, "f")
    return shown[1:] if shown[0] == "-" and not value else shown


def format_decimal(value: Decimal, format_: str | None = None) -> str:
    """A `decimal`; raises FormatException."""
    if not format_:
        return decimal_to_string(value)
    letter, precision = _specifier(format_)
    if letter in ("G", "g") and precision < 1:
        return decimal_to_string(value)
    if letter and letter in "DdRrXx":
        raise _invalid()
    return _format(decimal_digits(value), letter, precision, format_)


def _shortest(value: float, single: bool) -> Digits:
    """The shortest digits that read back as the same number."""
    if single:
        for count in range(9):
            shown = f"{abs(value):.{count}e}"
            if to_single(float(shown)) == abs(value):
                break
        mantissa, _, exponent = shown.partition("e")
    else:
        mantissa, _, exponent = f"{abs(value)!r}".partition("e")
        if 9.0e15 < abs(value) < 1e40 and not exponent.startswith("-"):
            mantissa, _, exponent = _inside_bounds(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    scale = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    scale -= len(digits) - len(stripped)
    stripped = stripped.rstrip("0")
    return Digits(_is_negative(value), stripped, scale if stripped else 0, True)


def _inside_bounds(value: float) -> str:
    """The shortest digits strictly between the neighbouring midpoints.

    .NET Core 3.1 leaves the midpoints themselves out, although they would round to this number when it is even: 1e23 is
    9.999999999999999E+22.
    """
    import math

    exact = int(value)
    low, high = int(math.nextafter(value, 0)), int(math.nextafter(value, math.inf))
    for count in range(17):
        shown = f"{value:.{count}e}"
        candidate = int(Decimal(shown))
        if low + exact < 2 * candidate < exact + high:
            return shown
    return repr(value)


def _is_negative(value: float) -> bool:
    return value < 0 or (value == 0 and f"{value}"[0] == "-")


def _significant(value: float, count: int) -> Digits:
    """Correctly rounded to this many digits."""
    mantissa, _, exponent = f"{abs(value):.{max(count, 1) - 1}e}".partition("e")
    digits = mantissa.replace(".", "").rstrip("0")
    return Digits(_is_negative(value), digits, int(exponent) + 1 if digits else 0, True)


def _decimals(value: float, count: int) -> Digits:
    """Correctly rounded to this many digits after the point."""
    whole, _, fraction = f"{abs(value):.{count}f}".partition(".")
    digits = whole + fraction
    stripped = digits.lstrip("0")
    scale = len(whole) - (len(digits) - len(stripped))
    return Digits(_is_negative(value), stripped.rstrip("0"), scale if stripped else 0, True)


def _format_float(value: float, format_: str | None, single: bool) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    letter, precision = _specifier(format_) if format_ else ("G", -1)
    kind = letter.upper()
    if kind == "R" or (kind == "G" and precision < 1):
        number = _shortest(value, single)
        return _general(number, max(len(number.digits), 9 if single else 17), "e" if letter in "gr" else "E")
    if not kind:
        return format_custom(_significant(value, 7 if single else 15), format_ or "")
    if kind in "CFN":
        number = _decimals(value, 2 if precision < 0 else precision)
    elif kind == "P":
        number = _decimals(value, (2 if precision < 0 else precision) + 2)
    elif kind == "E":
        number = _significant(value, (6 if precision < 0 else precision) + 1)
    elif kind == "G":
        number = _significant(value, precision)
    else:
        raise _invalid()
    return _format(number, letter, precision, format_ or "")


def format_double(value: float, format_: str | None = None) -> str:
    """A `double`; raises FormatException.

    >>> format_double(2.5, "F0"), format_double(123456789.125, "#,##0.00"), format_double(1e23)
    ('2', '123,456,789.13', '9.999999999999999E+22')
    """
    return _format_float(value, format_, False)


def format_single(value: float, format_: str | None = None) -> str:
    """A `float`; raises FormatException."""
    return _format_float(float(value), format_, True)


def double_to_string(value: float) -> str:
    """`ToString()` of a `double`: the shortest digits that round-trip."""
    shown = repr(value)
    if len(shown) < 16 and "e" not in shown and "n" not in shown and not shown.startswith(("0.000", "-0.000")):
        return shown.removesuffix(".0")
    return _format_float(value, None, False)


def single_to_string(value: float) -> str:
    """`ToString()` of a `float`: the shortest digits that round-trip."""
    return _format_float(float(value), None, True)


def _format(number: Digits, letter: str, precision: int, format_: str) -> str:
    """All formats but D, R, X and the round-trip ones."""
    kind = letter.upper()
    if not kind:
        return format_custom(number, format_)
    if kind == "G":
        count = precision if precision > 0 else len(number.digits)
        number.round_to(count)
        return _general(number, count, "e" if letter == "g" else "E")
    if kind == "E":
        return _scientific(number, 6 if precision < 0 else precision, letter)
    decimals = 2 if precision < 0 else precision
    if kind == "P":
        number.scale += 2 if number.digits else 0
    elif kind not in "CFN":
        raise _invalid()
    number.round_to(number.scale + decimals)
    shown = _fixed(number, decimals, grouped=kind != "F")
    if kind == "C":
        return f"({_CURRENCY}{shown})" if number.negative else _CURRENCY + shown
    if kind == "P":
        shown += " %"
    return "-" + shown if number.negative else shown


def _fixed(number: Digits, decimals: int, grouped: bool) -> str:
    digits, scale = number.digits, number.scale
    if scale > 0:
        whole = digits[:scale].ljust(scale, "0")
        fraction = digits[scale:]
    else:
        whole = "0"
        fraction = "0" * min(-scale, decimals) + digits
    if grouped and len(whole) > 3:
        whole = f"{int(whole):,}" if len(whole) < 4000 else whole
    return f"{whole}.{fraction[:decimals].ljust(decimals, '0')}" if decimals else whole


def exponent_text(letter: str, exponent: int, minimum: int, plus: bool) -> str:
    """`E+021`: the exponent with at least this many digits."""
    sign = "-" if exponent < 0 else "+" if plus else ""
    return f"{letter}{sign}{abs(exponent):0{minimum}d}"


def _scientific(number: Digits, decimals: int, letter: str) -> str:
    number.round_to(decimals + 1)
    digits = number.digits.ljust(decimals + 1, "0")
    shown = f"{digits[0]}.{digits[1:]}" if decimals else digits[0]
    exponent = number.scale - 1 if number.digits else 0
    return ("-" if number.negative else "") + shown + exponent_text(letter, exponent, 3, True)


def _general(number: Digits, limit: int, letter: str) -> str:
    """Positional, or scientific when there are more than `limit` digits before the point or too many zeros after it."""
    digits, scale = number.digits, number.scale
    scientific = scale > limit or scale < -3
    point = 1 if scientific else scale
    shown = digits[:point].ljust(point, "0") if point > 0 else "0"
    rest = digits[point:] if point > 0 else "0" * -point + digits
    if rest:
        shown += "." + rest
    if scientific:
        shown += exponent_text(letter, scale - 1, 2, True)
    return "-" + shown if number.negative else shown
