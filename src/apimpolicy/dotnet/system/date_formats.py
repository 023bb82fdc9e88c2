"""Dates as text: standard formats (d D f F g G m o r s t T u U y) and custom ones, in the invariant culture.

Source: .NET Core 3.1, `DateTimeFormat`; the pages "Standard/Custom date and time format strings".
"""

from __future__ import annotations

from typing import Protocol

from apimpolicy.dotnet.exceptions import FormatException

DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

PATTERNS = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
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
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
"""The standard formats as custom ones."""


class Moment(Protocol):
    """What a format shows; DateTime and DateTimeOffset are moments."""

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
        """What `K` shows."""


def bad_format() -> FormatException:
    """What every malformed format string throws."""
    return FormatException("Input string was not in a correct format.")


def expand(format_: str) -> str:
    """The custom format of a standard one; raises FormatException for an unknown letter."""
    if len(format_) != 1:
        return format_
    pattern = PATTERNS.get(format_)
    if pattern is None:
        raise bad_format()
    return pattern


def zone_text(minutes: int, width: int) -> str:
    """`+2`, `+02` or `+02:00` by the number of `z`."""
    sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
    if width < 3:
        return f"{sign}{minutes // 60:0{width}d}"
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _field(moment: Moment, char: str, run: int) -> str:
    if char == "y":
        return f"{moment.year % 100:0{run}d}" if run <= 2 else f"{moment.year:0{run}d}"
    if char == "M":
        if run <= 2:
            return f"{moment.month:0{run}d}"
        name = MONTH_NAMES[moment.month - 1]
        return name[:3] if run == 3 else name
    if char == "d":
        if run <= 2:
            return f"{moment.day:0{run}d}"
        name = DAY_NAMES[moment.day_of_week]
        return name[:3] if run == 3 else name
    if char == "t":
        half = "AM" if moment.hour < 12 else "PM"
        return half[0] if run == 1 else half
    if char == "g":
        return "A.D."
    if char == "z":
        return zone_text(moment.zone_minutes, run)
    if char == "m":
        number = moment.minute
    elif char == "s":
        number = moment.second
    else:
        number = moment.hour if char == "H" else moment.hour % 12 or 12
    return f"{number:0{min(run, 2)}d}"


def format_moment(moment: Moment, format_: str) -> str:
    """The moment in a custom format; raises FormatException.

    >>> from apimpolicy.dotnet.system.datetimes import from_parts
    >>> format_moment(from_parts(2024, 2, 9, 3, 4, 5), "ddd, d MMM yyyy HH:mm")
    'Fri, 9 Feb 2024 03:04'
    """
    out: list[str] = []
    index, end = 0, len(format_)
    while index < end:
        char = format_[index]
        run = 1
        if char in "dfFghHmMstyz":
            while index + run < end and format_[index + run] == char:
                run += 1
        if char in "fF":
            if run > 7:
                raise bad_format()
            digits = f"{moment.fraction:07d}"[:run]
            if char == "F":
                digits = digits.rstrip("0")
                if not digits and out and out[-1].endswith("."):
                    out[-1] = out[-1][:-1]
            out.append(digits)
        elif char in "dghHmMstyz":
            out.append(_field(moment, char, run))
        elif char == "K":
            out.append(moment.zone_designator)
        elif char in "'\"":
            literal, run = quoted(format_, index)
            out.append(literal)
        elif char == "\\":
            if index + 1 >= end:
                raise bad_format()
            out.append(format_[index + 1])
            run = 2
        elif char == "%":
            if index + 1 >= end or format_[index + 1] == "%":
                raise bad_format()
        else:
            out.append(char)
        index += run
    return "".join(out)


def quoted(format_: str, index: int) -> tuple[str, int]:
    """The text of a quoted literal, and how long it is in the format."""
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
