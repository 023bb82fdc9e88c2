"""The parts of a number in a text: marks around the digits, and their order.

Source: .NET Core 3.1, `Number.TryParseNumber`. Currency signs and number signs may stand before or after the digits,
one of each; a blank may follow a sign only when a currency sign came first.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import FormatException

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.number_symbols import NumberSymbols

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
    """Return the error for an invalid number."""
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
        """Raise FormatException for marks that do not go together."""
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
