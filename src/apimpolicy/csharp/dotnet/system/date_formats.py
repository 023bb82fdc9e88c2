"""Dates as text: standard formats (d D f F g G m o r s t T u U y) and custom ones, with the names they use."""

from __future__ import annotations

import functools
from typing import Any, Protocol

from apimpolicy.csharp.dotnet.environment import joined, work_through
from apimpolicy.csharp.dotnet.exceptions import FormatException

# The invariant culture's names and patterns of dates. Other cultures' dates are not simulated

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
    if provider is not None:
        provider.check_dates()


# Dates as text: standard formats (d D f F g G m o r s t T u U y) and custom ones.
# Names, separators and patterns are the invariant culture's.
# Source: .NET Core 3.1, `DateTimeFormat`; the pages "Standard/Custom date and time format strings".

_FEW = 32
"""Parts that are put together without asking for the limit."""


class Moment(Protocol):
    """A value that a format shows: a DateTime or a DateTimeOffset."""

    @property
    def year(self) -> int: ...
    @property
    def month(self) -> int: ...
    @property
    def day(self) -> int: ...
    @property
    def hour(self) -> int: ...
    @property
    def minute(self) -> int: ...
    @property
    def second(self) -> int: ...
    @property
    def day_of_week(self) -> int: ...

    @property
    def fraction(self) -> int:
        """Ticks since the last full second."""

    @property
    def zone_minutes(self) -> int:
        """Minutes east of UTC."""

    @property
    def zone_designator(self) -> str:
        """Return the `K` text."""


def bad_format() -> FormatException:
    return FormatException("Input string was not in a correct format.")


def expand(format_: str) -> str:
    """Return the custom format of a standard one; raise FormatException for an unknown letter."""
    if len(format_) != 1:
        return format_
    if format_ not in PATTERNS:
        raise bad_format()
    return PATTERNS[format_]


def zone_text(minutes: int, width: int) -> str:
    """`+2`, `+02` or `+02:00` by the number of `z`."""
    sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
    if width < 3:
        return f"{sign}{minutes // 60:0{width}d}"
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _field(moment: Moment, char: str, run: int) -> str:
    if char == "y":
        return str(moment.year % 100 if run <= 2 else moment.year).zfill(run)
    if char == "M":
        if run <= 2:
            return str(moment.month).zfill(run)
        return (SHORT_MONTH_NAMES if run == 3 else MONTH_NAMES)[moment.month - 1]
    if char == "d":
        if run <= 2:
            return str(moment.day).zfill(run)
        return (SHORT_DAY_NAMES if run == 3 else DAY_NAMES)[moment.day_of_week]
    if char == "t":
        half = HALVES[moment.hour >= 12]
        return half[:1] if run == 1 else half
    if char == "g":
        return ERA
    if char == "z":
        return zone_text(moment.zone_minutes, run)
    if char == "m":
        number = moment.minute
    elif char == "s":
        number = moment.second
    else:
        number = moment.hour if char == "H" else moment.hour % 12 or 12
    return str(number).zfill(min(run, 2))


def format_moment(moment: Moment, format_: str) -> str:
    """Return the moment in a standard or custom format; raises FormatException.

    >>> from apimpolicy.csharp.dotnet.system.datetimes import from_parts
    >>> format_moment(from_parts(2024, 2, 9, 3, 4, 5), "ddd, d MMM yyyy HH:mm")
    'Fri, 9 Feb 2024 03:04'
    """
    format_ = expand(format_)
    work_through(len(format_) << 4)
    out: list[str] = []
    for letter, run, literal in _pieces(format_):
        if not letter:
            out.append(literal)
        elif letter in "fF":
            digits = f"{moment.fraction:07d}"[:run]
            if letter == "F":
                digits = digits.rstrip("0")
                if not digits and out and out[-1].endswith("."):
                    out[-1] = out[-1][:-1]
            out.append(digits)
        elif letter == "K":
            out.append(moment.zone_designator)
        elif letter in "/:":
            out.append(letter)
        else:
            out.append(_field(moment, letter, run))
    return "".join(out) if len(out) <= _FEW else joined(out)


@functools.lru_cache(maxsize=256)
def _pieces(format_: str) -> tuple[tuple[str, int, str], ...]:
    """Return a custom format as letters with the times they stand there, and as literals, which have no letter.

    Raises FormatException.
    """
    pieces: list[tuple[str, int, str]] = []
    index, end = 0, len(format_)
    while index < end:
        char = format_[index]
        run = 1
        if char in "dfFghHmMstyz":
            while index + run < end and format_[index + run] == char:
                run += 1
            if char in "fF" and run > 7:
                raise bad_format()
            pieces.append((char, run, ""))
        elif char in "K/:":
            pieces.append((char, 1, ""))
        elif char in "'\"":
            literal, run = quoted(format_, index)
            pieces.append(("", 0, literal))
        elif char == "\\":
            if index + 1 >= end:
                raise bad_format()
            pieces.append(("", 0, format_[index + 1]))
            run = 2
        elif char == "%":
            if index + 1 >= end or format_[index + 1] == "%":
                raise bad_format()
        else:
            pieces.append(("", 0, char))
        index += run
    return tuple(pieces)


def quoted(format_: str, index: int) -> tuple[str, int]:
    """Return the text of a quoted literal, and how long it is in the format."""
    quote, position = format_[index], index + 1
    out: list[str] = []
    while position < len(format_):
        char = format_[position]
        if char == quote:
            return "".join(out), position - index + 1
        if char == "\\":
            position += 1
            if position >= len(format_):
                raise bad_format()
            char = format_[position]
        out.append(char)
        position += 1
    raise FormatException(f"Cannot find a matching quote character for the character '{quote}'.")
