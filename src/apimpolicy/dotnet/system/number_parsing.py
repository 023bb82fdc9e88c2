"""Text as numbers: `Parse` and `TryParse` of all numeric types and `bool`, in the invariant culture.

`styles` are the bits of `System.Globalization.NumberStyles`. Parsers raise FormatException or OverflowException.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentNullException, FormatException, OverflowException
from apimpolicy.dotnet.system import decimals
from apimpolicy.dotnet.system.arithmetic import INTEGERS
from apimpolicy.dotnet.system.characters import WHITE_SPACE
from apimpolicy.dotnet.values import to_single

if TYPE_CHECKING:
    from decimal import Decimal

LEADING_WHITE, TRAILING_WHITE, LEADING_SIGN, TRAILING_SIGN, PARENTHESES = 1, 2, 4, 8, 16
DECIMAL_POINT, THOUSANDS, EXPONENT, CURRENCY, HEX = 32, 64, 128, 256, 512
INTEGER = LEADING_WHITE | TRAILING_WHITE | LEADING_SIGN
NUMBER = INTEGER | TRAILING_SIGN | DECIMAL_POINT | THOUSANDS
FLOAT = INTEGER | DECIMAL_POINT | EXPONENT
FLOAT_AND_THOUSANDS = FLOAT | THOUSANDS

_FORMAT = "Input string was not in a correct format."
_WHITE = "[\\t-\\r ]*"
_MOST_DIGITS = 400


def _invalid() -> FormatException:
    return FormatException(_FORMAT)


@functools.cache
def _pattern(styles: int) -> re.Pattern[str]:
    """Groups: sign, opening, whole, fraction, exponent, trailing sign, closing."""
    white = _WHITE if styles & LEADING_WHITE else ""
    after = _WHITE if styles & TRAILING_WHITE else ""
    currency = "¤?" if styles & CURRENCY else ""
    sign = "([+-])?" if styles & LEADING_SIGN else "()"
    opening = "(\\()?" if styles & PARENTHESES else "()"
    whole = "([0-9][0-9,]*)?" if styles & THOUSANDS else "([0-9]+)?"
    fraction = "(?:\\.([0-9]*))?" if styles & DECIMAL_POINT else "()"
    exponent = "(?:[eE]([+-]?[0-9]+))?" if styles & EXPONENT else "()"
    trailing = "([+-])?" if styles & TRAILING_SIGN else "()"
    closing = "(\\))?" if styles & PARENTHESES else "()"
    return re.compile(
        f"{white}{currency}{sign}{opening}{currency}{whole}{fraction}{exponent}{currency}{after}{trailing}{closing}{after}\\0*"
    )


def check_styles(styles: int) -> None:
    """Raise ArgumentException for an impossible combination."""
    if styles & ~0x3FF:
        raise ArgumentException("An undefined NumberStyles value is being used.", "style")
    if styles & HEX and styles & ~(HEX | LEADING_WHITE | TRAILING_WHITE):
        raise ArgumentException(
            "With the AllowHexSpecifier bit set in the enum bit field, the only other valid bits that can be combined "
            "into the enum value must be a subset of those in HexNumber.",
            "style",
        )


def _read(text: str, styles: int) -> tuple[bool, str, int]:
    """Sign, digits, and the power of ten that they are to be multiplied by."""
    match = _pattern(styles).fullmatch(text)
    if match is None:
        raise _invalid()
    sign, opening, whole, fraction, exponent, trailing, closing = match.groups()
    whole, fraction = (whole or "").replace(",", ""), fraction or ""
    if not whole and not fraction:
        raise _invalid()
    if bool(opening) != bool(closing) or (sign and trailing):
        raise _invalid()
    power = int(exponent[:8]) if exponent else 0
    if exponent and len(exponent) > 8:
        power = -9_999_999 if exponent[0] == "-" else 9_999_999
    return sign == "-" or trailing == "-" or bool(opening), whole + fraction, power - len(fraction)


def _text(text: str | None) -> str:
    if text is None:
        raise ArgumentNullException("s")
    return text


def parse_int(type_name: str, text: str | None, styles: int = INTEGER) -> int:
    """An integer of the type with this C# keyword.

    >>> parse_int("int", " -42 "), parse_int("int", "1F", HEX)
    (-42, 31)
    """
    type_ = INTEGERS[type_name]
    text = _text(text)
    if styles == INTEGER and len(text) < 10 and text.isascii() and text.isdigit():
        return type_.convert(int(text))
    check_styles(styles)
    if styles & HEX:
        return _parse_hex(type_name, text, styles)
    negative, digits, power = _read(text, styles)
    digits = digits.lstrip("0")
    if power < 0:
        rest = digits[power:] if -power < len(digits) else digits
        if rest.strip("0"):
            raise type_.overflow()
        digits = digits[:power] if -power < len(digits) else ""
    elif digits:
        if len(digits) + power > 20:
            raise type_.overflow()
        digits += "0" * power
    if len(digits) > 20:
        raise type_.overflow()
    value = int(digits or "0")
    return type_.convert(-value if negative else value)


def _parse_hex(type_name: str, text: str, styles: int) -> int:
    type_ = INTEGERS[type_name]
    before = _WHITE if styles & LEADING_WHITE else ""
    after = _WHITE if styles & TRAILING_WHITE else ""
    match = re.fullmatch(f"{before}([0-9a-fA-F]+){after}\\0*", text)
    if match is None:
        raise _invalid()
    digits = match.group(1).lstrip("0")
    if len(digits) > type_.bits // 4:
        raise type_.overflow()
    return type_.wrap(int(digits or "0", 16))


def parse_double(text: str | None, styles: int = FLOAT_AND_THOUSANDS) -> float:
    """A `double`; what is too large becomes infinity.

    >>> parse_double("1,500.25"), parse_double("1e400")
    (1500.25, inf)
    """
    text = _text(text)
    check_styles(styles)
    if styles & HEX:
        raise ArgumentException("The number style AllowHexSpecifier is not supported on floating point data types.")
    try:
        negative, digits, power = _read(text, styles)
    except FormatException:
        return _named_double(text)
    value = float(f"{digits}e{power}")
    return -value if negative else value


def _named_double(text: str) -> float:
    name = text.strip(WHITE_SPACE).lower()
    if name in ("nan", "-nan", "+nan"):
        return float("nan")
    if name in ("infinity", "+infinity", "-infinity"):
        return float("-inf") if name[0] == "-" else float("inf")
    raise _invalid()


def parse_single(text: str | None, styles: int = FLOAT_AND_THOUSANDS) -> float:
    """A `float`; what is too large becomes infinity."""
    return to_single(parse_double(text, styles))


def parse_decimal(text: str | None, styles: int = NUMBER) -> Decimal:
    """A `decimal`, trailing zeros kept, rounded to what fits.

    >>> parse_decimal("12.50")
    Decimal('12.50')
    """
    text = _text(text)
    check_styles(styles)
    if styles & HEX:
        raise ArgumentException("The number style AllowHexSpecifier is not supported on floating point data types.")
    negative, digits, power = _read(text, styles)
    digits = digits.lstrip("0")
    if not digits:
        return decimals.fit(0, min(max(-power, 0), decimals.MAX_SCALE))
    if len(digits) + power > 30:
        raise OverflowException("Value was either too large or too small for a Decimal.")
    if len(digits) > _MOST_DIGITS:
        # Further digits decide nothing but ties, and one digit can stand for all of them.
        power += len(digits) - _MOST_DIGITS - 1
        digits = digits[:_MOST_DIGITS] + ("1" if digits[_MOST_DIGITS:].strip("0") else "0")
    if len(digits) + power < -decimals.MAX_SCALE - 1:
        return decimals.fit(0, decimals.MAX_SCALE)
    number = int(digits)
    return decimals.fit(-number if negative else number, -power)


def parse_bool(text: str | None) -> bool:
    """`True` or `False` in any case, with white space around it."""
    if text is None:
        raise ArgumentNullException("value")
    word = text.strip(WHITE_SPACE + "\0").lower()
    if word == "true":
        return True
    if word == "false":
        return False
    raise FormatException(f"String '{text}' was not recognized as a valid Boolean.")
