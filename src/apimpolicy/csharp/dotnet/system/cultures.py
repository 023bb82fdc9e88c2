"""The cultures that an IFormatProvider can be, and their symbols of numbers: the invariant culture's by default."""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from apimpolicy.csharp.dotnet.exceptions import ArgumentException, require
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements
from apimpolicy.errors import NotSimulatedError

# A culture's symbols of numbers: separators, groups, symbols and patterns. The invariant culture's are the default.

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


# Ten cultures as data, with the formats of numbers that .NET has for them on Windows, which real gateways run on.
# Windows' formats have changed with its versions, and those of ICU (CLDR), which .NET takes elsewhere, are others. A
# format is taken when all versions of Windows from 8 on agree, whatever ICU says; when they do not, the one that ICU
# agrees with. ICU differs in negative currency (en-US has ($1.00), not -$1.00; zh-CN ¥-1.00) and in the currency of
# ja-JP, ¥ (U+00A5). Groups of French numbers are divided by U+202F, as on Windows 11 and in ICU; older versions have
# U+00A0.
# A neutral culture (`de`) has the formats of its usual specific one, as in .NET.

FORMATS = {
    "": "", "de": "de-DE", "de-DE": "de-DE", "en": "en-US", "en-GB": "en-GB", "en-US": "en-US", "es": "es-ES",
    "es-ES": "es-ES", "fr": "fr-FR", "fr-FR": "fr-FR", "it": "it-IT", "it-IT": "it-IT", "ja": "ja-JP",
    "ja-JP": "ja-JP", "nl": "nl-NL", "nl-NL": "nl-NL", "pt": "pt-BR", "pt-BR": "pt-BR", "zh-CN": "zh-CN",
}  # fmt: skip
"""Each culture with the one whose formats it has."""


class Numbers(NamedTuple):
    """`(point, group)` of all numbers; the rest are NumberFormatInfo's numbers of patterns: positive, then negative."""

    point: str
    group: str
    percent: tuple[int, int]
    symbol: str
    currency: tuple[int, int]
    currency_digits: int = 2


_NUMBERS = {
    "de-DE": Numbers(",", ".", (0, 0), "€", (3, 8)),
    "en-GB": Numbers(".", ",", (1, 1), "£", (0, 1)),
    "en-US": Numbers(".", ",", (1, 1), "$", (0, 0)),
    "es-ES": Numbers(",", ".", (0, 0), "€", (3, 8)),
    "fr-FR": Numbers(",", "\u202f", (0, 0), "€", (3, 8)),
    "it-IT": Numbers(",", ".", (1, 1), "€", (3, 8)),
    "ja-JP": Numbers(".", ",", (1, 1), "¥", (0, 1), 0),
    "nl-NL": Numbers(",", ".", (1, 1), "€", (2, 12)),
    "pt-BR": Numbers(",", ".", (1, 1), "R$", (2, 9)),
    "zh-CN": Numbers(".", ",", (1, 1), "¥", (0, 2)),
}


@functools.cache
def numbers(name: str) -> NumberSymbols:
    formats = FORMATS[name]
    if not formats:
        return INVARIANT
    row = _NUMBERS[formats]
    given = {f"{kind}_point": row.point for kind in ("number", "currency", "percent")}
    given |= {f"{kind}_group": row.group for kind in ("number", "currency", "percent")}
    return NumberSymbols(
        name,
        **given,
        percent_positive=row.percent[0],
        percent_negative=row.percent[1],
        currency_symbol=row.symbol,
        currency_positive=row.currency[0],
        currency_negative=row.currency[1],
        currency_digits=row.currency_digits,
        positive_infinity="∞",
        negative_infinity="-∞",
    )


# `System.Globalization.CultureInfo`: the invariant culture, which is also the gateway's current one, and those of.
# `FORMATS`, for numbers. Another culture fails by name; a text that can't be a name throws, as in .NET on
# Windows.
#
# Azure refuses the type in policy expressions; the Liquid filter `currency` has cultures.

_NAME = "System.Globalization.CultureInfo"
_WELL_FORMED = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*", re.IGNORECASE)
_BY_LOWER = {name.lower(): name for name in FORMATS}


class CultureNotFoundException(ArgumentException):
    type_name = "System.Globalization.CultureNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__("Culture is not supported.", "name")
        self.message += f"\n{name} is an invalid culture identifier."


@dotnet_class(_NAME)
class CultureInfo:
    """A culture of `FORMATS`, by its name there."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def number_symbols(self) -> NumberSymbols:
        return numbers(self.name)

    def check_dates(self) -> None:
        """Raise NotSimulatedError where the culture has other dates than the invariant one."""
        if self.name:
            raise NotSimulatedError(f"dates in the culture {self.name}", "those of the invariant culture are")

    def to_string(self) -> str:
        return self.name

    def equals(self, other: Any) -> bool:
        return isinstance(other, CultureInfo) and other.name == self.name


INVARIANT_CULTURE = CultureInfo("")


@implements(_NAME, "new(string)")
def make(name: str | None) -> CultureInfo:
    """Raises CultureNotFoundException, NotSimulatedError."""
    name = require(name, "name")
    found = _BY_LOWER.get(name.lower())
    if found is not None:
        return CultureInfo(found)
    if not _WELL_FORMED.fullmatch(name):
        raise CultureNotFoundException(name)
    simulated = ", ".join(sorted(filter(None, FORMATS)))
    raise NotSimulatedError(f"the culture {name!r}", f"the invariant one is, and {simulated}")


for _property in ("InvariantCulture", "CurrentCulture"):
    implements(_NAME, _property)(lambda: INVARIANT_CULTURE)
