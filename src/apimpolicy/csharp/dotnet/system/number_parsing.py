"""Text as numbers: `Parse` and `TryParse` of all numeric types and `bool`."""

from __future__ import annotations

import functools
import re
from decimal import Decimal

from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, FormatException, OverflowException, require
from apimpolicy.csharp.dotnet.system import decimals
from apimpolicy.csharp.dotnet.system.arithmetic import INTEGERS
from apimpolicy.csharp.dotnet.system.characters import WHITE_SPACE
from apimpolicy.csharp.dotnet.system.cultures import INVARIANT, NumberSymbols
from apimpolicy.csharp.dotnet.values import to_single

# The parts of a number in a text: marks around the digits, and their order.
# Source: .NET Core 3.1, `Number.TryParseNumber`. Currency signs and number signs may stand before or after the digits,
# one of each; a blank may follow a sign only when a currency sign came first.

LEADING_WHITE, TRAILING_WHITE, LEADING_SIGN, TRAILING_SIGN, PARENTHESES = 1, 2, 4, 8, 16
DECIMAL_POINT, THOUSANDS, EXPONENT, CURRENCY, HEX = 32, 64, 128, 256, 512
"""Of the flags `System.Globalization.NumberStyles`."""

WHITE = "[\\t-\\r ]"
"""A pattern for what .NET takes for a blank around numbers."""
_DIGITS = re.compile("[0-9]+$")
_FORMAT = "Input string was not in a correct format."
_BLANK_AFTER_SIGN = 2
"""The `NumberNegativePattern` with a blank between sign and number."""


def invalid() -> FormatException:
    return FormatException(_FORMAT)


def _one_of(*symbols: str) -> str:
    """Return a pattern for symbols; a plain blank matches a no-break space too, as people write it."""
    patterns = [
        "".join(
            "[ \xa0]" if char == "\xa0" else "[ \u202f]" if char == "\u202f" else re.escape(char) for char in symbol
        )
        for symbol in symbols
        if symbol
    ]
    return f"(?:{'|'.join(dict.fromkeys(patterns))})" if patterns else "(?!)"


class _Numbers:
    """The pattern of all numbers of these styles. Its groups: before, whole, fraction, exponent, after."""

    def __init__(self, styles: int, points: tuple[str, ...], groups: tuple[str, ...], signs: tuple[str, ...]) -> None:
        self.currency, plus, minus = map(_one_of, signs)
        self.minus = re.compile(minus)
        self.group = re.compile(_one_of(*groups))
        sign = f"(?:{plus}|{minus})"
        whole = f"([0-9](?:[0-9]|{self.group.pattern})*+)?" if styles & THOUSANDS else "([0-9]+)?"
        fraction = f"(?:{_one_of(*points)}([0-9]*))?" if styles & DECIMAL_POINT else "()"
        exponent = f"(?:[eE]({sign}?[0-9]+))?" if styles & EXPONENT else "()"
        before = self._marks(styles, sign if styles & LEADING_SIGN else "", styles & LEADING_WHITE, "\\(")
        after = self._marks(styles, sign if styles & TRAILING_SIGN else "", styles & TRAILING_WHITE, "\\)")
        self.pattern = re.compile(f"{before}{whole}{fraction}{exponent}{after}\\0*")
        self.mark = re.compile(f"({WHITE})|({plus})|({minus})|([()])|({self.currency})")

    def _marks(self, styles: int, sign: str, white: int, parenthesis: str) -> str:
        found = [
            mark
            for mark, is_allowed in (
                (WHITE, white),
                (self.currency, styles & CURRENCY),
                (sign, sign),
                (parenthesis, styles & PARENTHESES),
            )
            if is_allowed
        ]
        return f"((?:{'|'.join(found)})*+)" if found else "()"

    def is_negative(self, before: str, after: str, blank_after_sign: bool) -> bool:
        """Raises FormatException for marks that do not go together."""
        sign = currency = ""
        for mark in self.mark.finditer(before):
            white, _, minus, parenthesis, money = mark.groups()
            if white and sign and not currency and not blank_after_sign:
                raise invalid()
            if money:
                currency = self._once(currency, money)
            elif not white:
                sign = self._once(sign, "(" if parenthesis else "-" if minus else "+")
        is_open = sign == "("
        for mark in self.mark.finditer(after):
            white, _, minus, parenthesis, money = mark.groups()
            if money:
                currency = self._once(currency, money)
            elif parenthesis:
                if not is_open:
                    raise invalid()
                is_open = False
            elif not white:
                sign = self._once(sign, "-" if minus else "+")
        if is_open:
            raise invalid()
        return sign in ("-", "(")

    @staticmethod
    def _once(seen: str, found: str) -> str:
        if seen:
            raise invalid()
        return found


@functools.lru_cache(maxsize=256)
def _numbers(styles: int, points: tuple[str, ...], groups: tuple[str, ...], signs: tuple[str, ...]) -> _Numbers:
    return _Numbers(styles, points, groups, signs)


def scan(text: str, styles: int, symbols: NumberSymbols) -> tuple[bool, str, int]:
    """Sign, digits, and the power of ten that they are to be multiplied by; raises FormatException."""
    work_through(len(text))
    points: tuple[str, ...] = (symbols.number_point,)
    groups: tuple[str, ...] = (symbols.number_group,)
    if styles & CURRENCY:
        points, groups = (symbols.currency_point, *points), (symbols.currency_group, *groups)
    signs = (symbols.currency_symbol, symbols.positive_sign, symbols.negative_sign)
    numbers = _numbers(styles, points, groups, signs)
    match = numbers.pattern.fullmatch(text)
    if match is None:
        raise invalid()
    before, whole, fraction, exponent, after = match.groups()
    whole, fraction = whole or "", fraction or ""
    if not whole.isdigit():
        whole = numbers.group.sub("", whole)
    if not whole and not fraction:
        raise invalid()
    is_negative = bool(before or after) and numbers.is_negative(
        before, after, symbols.number_negative == _BLANK_AFTER_SIGN
    )
    power = _power(exponent, numbers) if exponent else 0
    return is_negative, whole + fraction, power - len(fraction)


def _power(exponent: str, numbers: _Numbers) -> int:
    sign = numbers.minus.match(exponent)
    digits = _DIGITS.search(exponent)
    assert digits is not None
    significant = digits[0].lstrip("0")
    power = int(significant or "0") if len(significant) < 8 else 9_999_999
    return -power if sign else power


# Text as numbers: `Parse` and `TryParse` of all numeric types and `bool`.
# Separators, signs and symbols are those of `symbols`, the invariant culture's unless told otherwise. `styles` are the
# bits of `System.Globalization.NumberStyles`. Parsers raise FormatException or OverflowException.

INTEGER = LEADING_WHITE | TRAILING_WHITE | LEADING_SIGN
NUMBER = INTEGER | TRAILING_SIGN | DECIMAL_POINT | THOUSANDS
FLOAT = INTEGER | DECIMAL_POINT | EXPONENT
FLOAT_AND_THOUSANDS = FLOAT | THOUSANDS

_MOST_DIGITS = 400


def check_styles(styles: int) -> None:
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
