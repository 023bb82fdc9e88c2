"""The invariant culture's names and patterns of dates. Other cultures' dates are not simulated."""

from __future__ import annotations

from typing import Any

_DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"
_MONTHS = "January February March April May June July August September October November December"
DAY_NAMES, MONTH_NAMES = tuple(_DAYS.split(" ")), tuple(_MONTHS.split(" "))
SHORT_DAY_NAMES, SHORT_MONTH_NAMES = (tuple(name[:3] for name in names) for names in (DAY_NAMES, MONTH_NAMES))
HALVES = ("AM", "PM")
ERA = "A.D."

_SHORT, _LONG = "MM/dd/yyyy", "dddd, dd MMMM yyyy"
PATTERNS = {
    "d": _SHORT,
    "D": _LONG,
    "f": f"{_LONG} HH:mm",
    "F": f"{_LONG} HH:mm:ss",
    "g": f"{_SHORT} HH:mm",
    "G": f"{_SHORT} HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "O": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
    "U": f"{_LONG} HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
"""Standard formats as custom ones."""


def check_dates(provider: Any) -> None:
    """Raise NotSimulatedError for an IFormatProvider with other dates than the invariant culture's."""
    if provider is not None:
        provider.check_dates()
