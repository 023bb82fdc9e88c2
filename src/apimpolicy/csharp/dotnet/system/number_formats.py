"""Numbers as text: standard formats (C D E F G N P R X) and custom ones (`#,##0.00`).

Every number is first a sign, its decimal digits and a scale, the value being 0.digits × 10^scale, as in .NET's own
formatter; `double` and `float` give exactly as many correctly rounded digits as the format shows, the shortest ones
that round-trip by default, and 15 (7) for custom formats. Separators, signs and patterns are those of `symbols`, the
invariant culture's unless told otherwise.
Source: .NET Core 3.1, `Number.Formatting`; the page "Standard numeric format strings".
"""

from __future__ import annotations

import math
from decimal import Decimal

from apimpolicy.csharp.dotnet.environment import joined
from apimpolicy.csharp.dotnet.exceptions import FormatException
from apimpolicy.csharp.dotnet.system import cultures
from apimpolicy.csharp.dotnet.system.cultures import INVARIANT, NumberSymbols
from apimpolicy.csharp.dotnet.system.custom_number_formats import Digits, format_custom
from apimpolicy.csharp.dotnet.values import to_single


def _specifier(format_: str) -> tuple[str, int]:
    """Return the letter and the precision (-1 without one) of a standard format; no letter for a custom format.

    A NUL ends the format.
    """
    if format_[0] == "\0":
        return "G", -1
    letter, precision = format_[0], format_[1:].partition("\0")[0]
    if letter.isascii() and letter.isalpha():
        if not precision:
            return letter, -1
        if precision.isascii() and precision.isdigit() and int(precision[-9:]) <= 99 and not precision[:-9].strip("0"):
            return letter, int(precision[-9:])
    return "", -1


def _invalid() -> FormatException:
    return FormatException("Format specifier was invalid.")


def format_int(value: int, bits: int, format_: str | None = None, symbols: NumberSymbols = INVARIANT) -> str:
    """Return an integer of this width in bits; raises FormatException.

    >>> format_int(-42, 32, "x"), format_int(1234567, 32, "N0")
    ('ffffffd6', '1,234,567')
    """
    if not format_:
        return int.__repr__(value) if value >= 0 else symbols.negative_sign + int.__repr__(-value)
    letter, precision = _specifier(format_)
    kind = letter.upper()
    if kind == "D" or (kind == "G" and precision < 1):
        sign, digits = (symbols.negative_sign if value < 0 else ""), int.__repr__(abs(value))
        return sign + digits.zfill(precision if precision > 0 and kind == "D" else 0)
    if kind == "X":
        return f"{value & ((1 << bits) - 1):0{max(precision, 1)}{letter}}"
    digits = int.__repr__(abs(value)) if value else ""
    number = Digits(value < 0, digits, len(digits), False)
    return _format(number, letter, precision, format_, symbols)


def decimal_digits(value: Decimal) -> Digits:
    """Return the parts of a `decimal`, trailing zeros kept."""
    sign, digits, exponent = value.as_tuple()
    shown = "".join(map(str, digits)).lstrip("0")
    return Digits(bool(sign) and bool(shown), shown, len(shown) + int(exponent), False)


def decimal_to_string(value: Decimal, symbols: NumberSymbols = INVARIANT) -> str:
    """Return all digits, trailing zeros included.

    >>> decimal_to_string(Decimal("1.10")), decimal_to_string(Decimal("0.00"))
    ('1.10', '0.00')
    """
    shown = format(value, "f")
    shown = shown[1:] if shown[0] == "-" and not value else shown
    if symbols is not INVARIANT:
        sign, shown = (symbols.negative_sign, shown[1:]) if shown[0] == "-" else ("", shown)
        shown = sign + shown.replace(".", symbols.number_point)
    return shown


def format_decimal(value: Decimal, format_: str | None = None, symbols: NumberSymbols = INVARIANT) -> str:
    """Return a `decimal`; raises FormatException."""
    if not format_:
        return decimal_to_string(value, symbols)
    letter, precision = _specifier(format_)
    if letter in ("G", "g") and precision < 1:
        return decimal_to_string(value, symbols)
    if letter and letter in "DdRrXx":
        raise _invalid()
    return _format(decimal_digits(value), letter, precision, format_, symbols)


def _shortest(value: float, single: bool) -> Digits:
    """Return the shortest digits that read back as the same number."""
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
    """Return the shortest digits strictly between the neighbouring midpoints.

    .NET Core 3.1 leaves the midpoints themselves out, although they would round to this number when it is even: 1e23 is
    9.999999999999999E+22.
    """
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


def _format_float(value: float, format_: str | None, single: bool, symbols: NumberSymbols = INVARIANT) -> str:
    if value != value:
        return symbols.nan
    if value in (float("inf"), float("-inf")):
        return symbols.positive_infinity if value > 0 else symbols.negative_infinity
    letter, precision = _specifier(format_) if format_ else ("G", -1)
    kind = letter.upper()
    if kind == "R" or (kind == "G" and precision < 1):
        number = _shortest(value, single)
        return _general(number, max(len(number.digits), 9 if single else 17), "e" if letter in "gr" else "E", symbols)
    if not kind:
        return format_custom(_significant(value, 7 if single else 15), format_ or "", symbols)
    if kind in "CFN":
        number = _decimals(value, _precision(kind, precision, symbols))
    elif kind == "P":
        number = _decimals(value, _precision(kind, precision, symbols) + 2)
    elif kind == "E":
        number = _significant(value, (6 if precision < 0 else precision) + 1)
    elif kind == "G":
        number = _significant(value, precision)
    else:
        raise _invalid()
    return _format(number, letter, precision, format_ or "", symbols)


def _precision(kind: str, precision: int, symbols: NumberSymbols) -> int:
    """Return the number of digits after the point: the given one, or the usual one."""
    if precision >= 0:
        return precision
    return {"C": symbols.currency_digits, "P": symbols.percent_digits}.get(kind, symbols.number_digits)


def format_double(value: float, format_: str | None = None, symbols: NumberSymbols = INVARIANT) -> str:
    """Return a `double`; raises FormatException.

    >>> format_double(2.5, "F0"), format_double(123456789.125, "#,##0.00"), format_double(1e23)
    ('2', '123,456,789.13', '9.999999999999999E+22')
    """
    return _format_float(value, format_, False, symbols)


def format_single(value: float, format_: str | None = None, symbols: NumberSymbols = INVARIANT) -> str:
    """Return a `float`; raises FormatException."""
    return _format_float(float(value), format_, True, symbols)


def double_to_string(value: float) -> str:
    """`ToString()` of a `double`: the shortest digits that round-trip."""
    shown = repr(value)
    if len(shown) < 16 and "e" not in shown and "n" not in shown and not shown.startswith(("0.000", "-0.000")):
        return shown.removesuffix(".0")
    return _format_float(value, None, False)


def single_to_string(value: float) -> str:
    """`ToString()` of a `float`: the shortest digits that round-trip."""
    return _format_float(float(value), None, True)


def _format(number: Digits, letter: str, precision: int, format_: str, symbols: NumberSymbols) -> str:
    """Return all formats but D, R, X and the round-trip ones."""
    kind = letter.upper()
    if not kind:
        return format_custom(number, format_, symbols)
    if kind == "G":
        count = precision if precision > 0 else len(number.digits)
        number.round_to(count)
        return _general(number, count, "e" if letter == "g" else "E", symbols)
    if kind == "E":
        return _scientific(number, 6 if precision < 0 else precision, letter, symbols)
    if kind == "P":
        number.scale += 2 if number.digits else 0
    elif kind not in "CFN":
        raise _invalid()
    decimals = _precision(kind, precision, symbols)
    number.round_to(number.scale + decimals)
    if kind in "FN":
        groups = symbols.number_groups if kind == "N" else ()
        text = _fixed(number, decimals, symbols.number_point, symbols.number_group, groups)
        if not number.negative:
            return text
        return _in_pattern(cultures.NUMBER_NEGATIVE[symbols.number_negative if kind == "N" else 1], text, symbols)
    if kind == "C":
        text = _fixed(number, decimals, symbols.currency_point, symbols.currency_group, symbols.currency_groups)
        if number.negative:
            return _in_pattern(cultures.CURRENCY_NEGATIVE[symbols.currency_negative], text, symbols)
        return _in_pattern(cultures.CURRENCY_POSITIVE[symbols.currency_positive], text, symbols)
    text = _fixed(number, decimals, symbols.percent_point, symbols.percent_group, symbols.percent_groups)
    if number.negative:
        return _in_pattern(cultures.PERCENT_NEGATIVE[symbols.percent_negative], text, symbols)
    return _in_pattern(cultures.PERCENT_POSITIVE[symbols.percent_positive], text, symbols)


def _in_pattern(pattern: str, shown: str, symbols: NumberSymbols) -> str:
    """Return the number where the pattern has its `n`, and the symbols for `$`, `%` and `-`."""
    parts = {"n": shown, "$": symbols.currency_symbol, "%": symbols.percent_symbol, "-": symbols.negative_sign}
    return joined([parts.get(char, char) for char in pattern])


def _grouped(whole: str, separator: str, sizes: tuple[int, ...]) -> str:
    parts, rest = [], len(whole)
    for end in cultures.group_ends(len(whole), sizes):
        parts.append(whole[len(whole) - end : rest])
        rest = len(whole) - end
    return joined([whole[:rest], *reversed(parts)], separator)


def _fixed(number: Digits, decimals: int, point: str, separator: str, groups: tuple[int, ...]) -> str:
    digits, scale = number.digits, number.scale
    if scale > 0:
        whole = digits[:scale].ljust(scale, "0")
        fraction = digits[scale:]
    else:
        whole = "0"
        fraction = "0" * min(-scale, decimals) + digits
    if groups and len(whole) > groups[0]:
        whole = _grouped(whole, separator, groups)
    return f"{whole}{point}{fraction[:decimals].ljust(decimals, '0')}" if decimals else whole


def _exponent(letter: str, exponent: int, minimum: int, symbols: NumberSymbols) -> str:
    """`E+021`: the exponent with at least this many digits."""
    sign = symbols.negative_sign if exponent < 0 else symbols.positive_sign
    return f"{letter}{sign}{abs(exponent):0{minimum}d}"


def _scientific(number: Digits, decimals: int, letter: str, symbols: NumberSymbols) -> str:
    number.round_to(decimals + 1)
    digits = number.digits.ljust(decimals + 1, "0")
    shown = f"{digits[0]}{symbols.number_point}{digits[1:]}" if decimals else digits[0]
    exponent = number.scale - 1 if number.digits else 0
    return (symbols.negative_sign if number.negative else "") + shown + _exponent(letter, exponent, 3, symbols)


def _general(number: Digits, limit: int, letter: str, symbols: NumberSymbols) -> str:
    """Positional, or scientific when there are more than `limit` digits before the point or too many zeros after it."""
    digits, scale = number.digits, number.scale
    scientific = scale > limit or scale < -3
    point = 1 if scientific else scale
    shown = digits[:point].ljust(point, "0") if point > 0 else "0"
    rest = digits[point:] if point > 0 else "0" * -point + digits
    if rest:
        shown += symbols.number_point + rest
    if scientific:
        shown += _exponent(letter, scale - 1, 2, symbols)
    return symbols.negative_sign + shown if number.negative else shown
