"""A culture's symbols of numbers: separators, groups, symbols and patterns. The invariant culture's are the default.

Names and numbers of patterns are those of `System.Globalization.NumberFormatInfo`, where `n` is the number, `$` the
currency and `%` the percent sign.
"""

from __future__ import annotations

from typing import Any

CURRENCY_POSITIVE = ("$n", "n$", "$ n", "n $")
CURRENCY_NEGATIVE = (
    "($n)", "-$n", "$-n", "$n-", "(n$)", "-n$", "n-$", "n$-", "-n $", "-$ n", "n $-", "$ n-", "$ -n", "n- $", "($ n)",
    "(n $)",
)  # fmt: skip
NUMBER_NEGATIVE = ("(n)", "-n", "- n", "n-", "n -")
PERCENT_POSITIVE = ("n %", "n%", "%n", "% n")
PERCENT_NEGATIVE = ("-n %", "-n%", "-%n", "%-n", "%n-", "n-%", "n%-", "-% n", "n %-", "% n-", "% -n", "n- %")

_DEFAULTS: dict[str, Any] = {
    "number_point": ".",
    "number_group": ",",
    "number_groups": (3,),
    "number_digits": 2,
    "number_negative": 1,
    "currency_point": ".",
    "currency_group": ",",
    "currency_groups": (3,),
    "currency_digits": 2,
    "currency_symbol": "¤",
    "currency_positive": 0,
    "currency_negative": 0,
    "percent_point": ".",
    "percent_group": ",",
    "percent_groups": (3,),
    "percent_digits": 2,
    "percent_positive": 0,
    "percent_negative": 0,
    "percent_symbol": "%",
    "per_mille_symbol": "‰",
    "positive_sign": "+",
    "negative_sign": "-",
    "nan": "NaN",
    "positive_infinity": "Infinity",
    "negative_infinity": "-Infinity",
}


class NumberSymbols:
    """Sizes of groups count from the point; a last size of 0 says that the rest is one group."""

    __slots__ = ("culture", *_DEFAULTS)

    number_point: str
    number_group: str
    number_groups: tuple[int, ...]
    number_digits: int
    number_negative: int
    currency_point: str
    currency_group: str
    currency_groups: tuple[int, ...]
    currency_digits: int
    currency_symbol: str
    currency_positive: int
    currency_negative: int
    percent_point: str
    percent_group: str
    percent_groups: tuple[int, ...]
    percent_digits: int
    percent_positive: int
    percent_negative: int
    percent_symbol: str
    per_mille_symbol: str
    positive_sign: str
    negative_sign: str
    nan: str
    positive_infinity: str
    negative_infinity: str

    def __init__(self, culture: str = "", **given: Any) -> None:
        """`culture` is its name."""
        self.culture = culture
        for name, default in _DEFAULTS.items():
            setattr(self, name, given.get(name, default))


INVARIANT = NumberSymbols()


def numbers_of(provider: Any) -> NumberSymbols:
    """Return the symbols of numbers of an IFormatProvider; null is the current culture, the invariant one."""
    return INVARIANT if provider is None else provider.number_symbols


def group_ends(length: int, sizes: tuple[int, ...]) -> list[int]:
    """Return the number of digits after each separator, in a number of `length` digits before the point.

    >>> group_ends(9, (3, 2)), group_ends(9, (3, 0)), group_ends(3, (3,))
    ([3, 5, 7], [3], [])
    """
    ends: list[int] = []
    end = at = 0
    while sizes:
        size = sizes[min(at, len(sizes) - 1)]
        end, at = end + size, at + 1
        if not size or end >= length:
            break
        ends.append(end)
    return ends
