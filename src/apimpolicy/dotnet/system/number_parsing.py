"""Text as numbers: `Parse` and `TryParse` of all numeric types and `bool`.

Separators, signs and symbols are those of `symbols`, the invariant culture's unless told otherwise. `styles` are the
bits of `System.Globalization.NumberStyles`. Parsers raise FormatException or OverflowException.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    FormatException,
    OverflowException,
    require,
)
from apimpolicy.dotnet.system import decimals
from apimpolicy.dotnet.system.arithmetic import INTEGERS
from apimpolicy.dotnet.system.characters import WHITE_SPACE
from apimpolicy.dotnet.system.number_scanning import (
    DECIMAL_POINT,
    EXPONENT,
    HEX,
    LEADING_SIGN,
    LEADING_WHITE,
    THOUSANDS,
    TRAILING_SIGN,
    TRAILING_WHITE,
    WHITE,
    invalid,
    scan,
)
from apimpolicy.dotnet.system.number_symbols import INVARIANT, NumberSymbols
from apimpolicy.dotnet.values import to_single

if TYPE_CHECKING:
    from decimal import Decimal

INTEGER = LEADING_WHITE | TRAILING_WHITE | LEADING_SIGN
NUMBER = INTEGER | TRAILING_SIGN | DECIMAL_POINT | THOUSANDS
FLOAT = INTEGER | DECIMAL_POINT | EXPONENT
FLOAT_AND_THOUSANDS = FLOAT | THOUSANDS

_MOST_DIGITS = 400


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


def _text(text: str | None) -> str:
    return require(text, "s")


def parse_int(type_name: str, text: str | None, styles: int = INTEGER, symbols: NumberSymbols = INVARIANT) -> int:
    """Return an integer of the type with this C# keyword.

    >>> parse_int("int", " -42 "), parse_int("int", "1F", HEX)
    (-42, 31)
    """
    type_ = INTEGERS[type_name]
    text = _text(text)
    if styles == INTEGER and symbols is INVARIANT:  # most texts are digits only, or begin with what is none
        if len(text) < 10 and text.isascii() and text.isdigit():
            return type_.convert(int(text))
        if text[:1].isalpha():
            raise invalid()
    check_styles(styles)
    if styles & HEX:
        return _parse_hex(type_name, text, styles)
    negative, digits, power = scan(text, styles, symbols)
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
    before = f"{WHITE}*" if styles & LEADING_WHITE else ""
    after = f"{WHITE}*" if styles & TRAILING_WHITE else ""
    match = re.fullmatch(f"{before}([0-9a-fA-F]+){after}\\0*", text)
    if match is None:
        raise invalid()
    digits = match.group(1).lstrip("0")
    if len(digits) > type_.bits // 4:
        raise type_.overflow()
    return type_.wrap(int(digits or "0", 16))


def parse_double(text: str | None, styles: int = FLOAT_AND_THOUSANDS, symbols: NumberSymbols = INVARIANT) -> float:
    """Return a `double`; what is too large becomes infinity.

    >>> parse_double("1,500.25"), parse_double("1e400")
    (1500.25, inf)
    """
    text = _text(text)
    check_styles(styles)
    if styles & HEX:
        raise ArgumentException("The number style AllowHexSpecifier is not supported on floating point data types.")
    try:
        negative, digits, power = scan(text, styles, symbols)
    except FormatException:
        return _named_double(text, symbols)
    value = float(f"{digits}e{power}")
    return -value if negative else value


def _named_double(text: str, symbols: NumberSymbols) -> float:
    name, nan, infinity = text.strip(WHITE_SPACE).lower(), symbols.nan.lower(), symbols.positive_infinity.lower()
    plus, minus = symbols.positive_sign, symbols.negative_sign
    if name in (nan, minus + nan, plus + nan):
        return float("nan")
    if name in (infinity, plus + infinity):
        return float("inf")
    if name == symbols.negative_infinity.lower():
        return float("-inf")
    raise invalid()


def parse_single(text: str | None, styles: int = FLOAT_AND_THOUSANDS, symbols: NumberSymbols = INVARIANT) -> float:
    """Return a `float`; what is too large becomes infinity."""
    return to_single(parse_double(text, styles, symbols))


def parse_decimal(text: str | None, styles: int = NUMBER, symbols: NumberSymbols = INVARIANT) -> Decimal:
    """Return a `decimal`, trailing zeros kept, rounded to what fits.

    >>> parse_decimal("12.50")
    Decimal('12.50')
    """
    text = _text(text)
    check_styles(styles)
    if styles & HEX:
        raise ArgumentException("The number style AllowHexSpecifier is not supported on floating point data types.")
    negative, digits, power = scan(text, styles, symbols)
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
    text = require(text, "value")
    word = text.strip(WHITE_SPACE + "\0").lower()
    if word == "true":
        return True
    if word == "false":
        return False
    raise FormatException(f"String '{text}' was not recognized as a valid Boolean.")
