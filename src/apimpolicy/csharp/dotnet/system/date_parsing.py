"""Text as dates: `Parse` reads the usual spellings of a date.

It takes numeric dates (year first, or in the culture's order), month names in any place, an optional day of the week,
a time with or without AM/PM, and a zone (`Z`, `GMT`, `+02:00`). Missing parts of the date are those of today.
Source: the pages "Parsing date and time strings" and `DateTimeStyles`.
"""

from __future__ import annotations

import re

from apimpolicy.csharp.dotnet.exceptions import ArgumentException, DotnetException, FormatException, require
from apimpolicy.csharp.dotnet.system.date_formats import DAY_NAMES, MONTH_NAMES, SHORT_DAY_NAMES, SHORT_MONTH_NAMES
from apimpolicy.csharp.dotnet.system.datetimes import LOCAL, MAX_TICKS, UTC, DateTime, from_parts, today
from apimpolicy.csharp.dotnet.system.timespans import MINUTE, SECOND

LEADING_WHITE, TRAILING_WHITE, INNER_WHITE, NO_CURRENT_DATE = 1, 2, 4, 8
ADJUST_TO_UNIVERSAL, ASSUME_LOCAL, ASSUME_UNIVERSAL, ROUNDTRIP_KIND = 16, 32, 64, 128
"""Of the flags `System.Globalization.DateTimeStyles`."""

_LONGEST = 200


class Parts:
    """The parts that were read; None for those missing in the text. `zone` is in minutes east of UTC.

    `in_pattern`: the text has the ISO form with a `T`, or that of a given format.
    """

    __slots__ = (
        "afternoon", "day", "fraction", "hour", "in_pattern", "minute", "month", "second", "utc", "weekday", "year",
        "zone",
    )  # fmt: skip

    def __init__(self) -> None:
        self.year: int | None = None
        self.month: int | None = None
        self.day: int | None = None
        self.hour: int | None = None
        self.minute = self.second = self.fraction = 0
        self.afternoon: bool | None = None
        self.weekday: int | None = None
        self.zone: int | None = None
        self.utc = False
        self.in_pattern = False

    def hour_of_day(self) -> int | None:
        """None for a half of the day that the hour cannot have: `13 AM`. `13 PM` is `13`."""
        hour = self.hour or 0
        if self.afternoon is None:
            return hour
        if self.afternoon:
            return None if hour > 23 else hour + 12 if hour < 12 else hour
        return None if hour > 12 else hour % 12

    def clock_ticks(self, styles: int) -> int | None:
        """Return the date and time as written, without the zone; None when there is no such moment."""
        hour = self.hour_of_day()
        if hour is None:
            return None
        year, month, day = self.year, self.month, self.day
        if year is None and month is None and day is None:
            now = today()
            year, month, day = (1, 1, 1) if styles & NO_CURRENT_DATE else (now.year, now.month, now.day)
        try:
            ticks = from_parts(
                today().year if year is None else year,
                1 if month is None else month,
                1 if day is None else day,
                hour,
                self.minute,
                self.second,
            ).ticks
        except DotnetException:
            return None
        return ticks + self.fraction


_WORD = re.compile(r"[^\W\d_]+")
_WORDS = (
    "january february march april may june july august september october november december sunday monday tuesday "
    "wednesday thursday friday saturday am pm a p t z gmt"
)
_KNOWN_WORDS = frozenset(_WORDS.split())


def not_recognized(text: str) -> FormatException:
    return FormatException(f"String '{text}' was not recognized as a valid DateTime.")


def _not_read(text: str) -> FormatException:
    for word in _WORD.finditer(text):
        folded = word.group().lower()
        if not any(known == folded or (len(folded) == 3 and known.startswith(folded)) for known in _KNOWN_WORDS):
            return FormatException(
                f"The string '{text}' was not recognized as a valid DateTime. "
                f"There is an unknown word starting at index '{word.start()}'."
            )
    return not_recognized(text)


def check_styles(styles: int) -> None:
    if styles & ~0xFF:
        raise ArgumentException("An undefined DateTimeStyles value is being used.", "styles")
    if styles & ASSUME_LOCAL and styles & ASSUME_UNIVERSAL:
        raise ArgumentException(
            "The DateTimeStyles values AssumeLocal and AssumeUniversal cannot be used together.", "styles"
        )
    if styles & ROUNDTRIP_KIND and styles & (ASSUME_LOCAL | ASSUME_UNIVERSAL | ADJUST_TO_UNIVERSAL):
        raise ArgumentException(
            "The DateTimeStyles value RoundtripKind cannot be used with the values AssumeLocal, AssumeUniversal or "
            "AdjustToUniversal.",
            "styles",
        )


def to_datetime(text: str, parts: Parts, styles: int) -> DateTime:
    """Zone and styles applied; a text with a zone becomes local time. Raises FormatException."""
    ticks = _checked_clock(text, parts, styles)
    if parts.zone is None:
        if styles & ASSUME_UNIVERSAL:
            return DateTime(ticks, UTC if styles & ADJUST_TO_UNIVERSAL else LOCAL)
        if styles & ASSUME_LOCAL:
            return DateTime(ticks, UTC if styles & ADJUST_TO_UNIVERSAL else LOCAL)
        return DateTime(ticks)
    ticks -= parts.zone * MINUTE
    if not 0 <= ticks <= MAX_TICKS:
        raise FormatException(f"The DateTime represented by the string '{text}' is out of range.")
    if styles & ADJUST_TO_UNIVERSAL or (styles & ROUNDTRIP_KIND and parts.utc):
        return DateTime(ticks, UTC)
    return DateTime(ticks, LOCAL)


def to_clock_and_zone(text: str, parts: Parts, styles: int) -> tuple[int, int]:
    """Clock ticks and minutes east of UTC, for DateTimeOffset; without a zone UTC, the gateway's own."""
    ticks, zone = _checked_clock(text, parts, styles), parts.zone or 0
    if styles & ADJUST_TO_UNIVERSAL:
        ticks, zone = ticks - zone * MINUTE, 0
    if not 0 <= ticks - zone * MINUTE <= MAX_TICKS:
        raise FormatException(f"The UTC representation of the date '{text}' falls outside the year range 1-9999.")
    if abs(zone) > 14 * 60:
        raise FormatException(f"The time zone offset of string '{text}' must be within plus or minus 14 hours.")
    return ticks, zone


def _has_date(parts: Parts) -> bool:
    """Return whether the date alone exists; a text in free form is refused earlier for its date than for its time."""
    try:
        from_parts(
            today().year if parts.year is None else parts.year,
            1 if parts.month is None else parts.month,
            1 if parts.day is None else parts.day,
        )
    except DotnetException:
        return False
    return True


def _checked_clock(text: str, parts: Parts, styles: int) -> int:
    ticks = parts.clock_ticks(styles)
    if ticks is None:
        if parts.hour_of_day() is None or not (parts.in_pattern or _has_date(parts)):
            raise not_recognized(text)
        raise FormatException(
            f"The DateTime represented by the string '{text}' is not supported in calendar "
            "'System.Globalization.GregorianCalendar'."
        )
    if parts.weekday is not None and DateTime(ticks).day_of_week != parts.weekday:
        raise FormatException(
            f"String '{text}' was not recognized as a valid DateTime because the day of week was incorrect."
        )
    return ticks


_TIME = re.compile(
    r"(?:(?<=\d)T|(?<![\d:.]))(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,100}))?)?(?:\s*([AP])\.?M?\.?(?![a-z]))?", re.I
)
_ISO_DATE = re.compile(r"\d{3,4}\D+\d{1,2}\D+\d{1,2}T", re.I)
_ISO_TIME = re.compile(r"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?$", re.I)
"""A `T` begins the time of an ISO date alone, whose year is first and whose time has two digits in each part."""
_HOUR = re.compile(r"(?<![\d/:.-])(\d{1,2})\s*([AP])M(?![a-z])", re.I)
_ZONE = re.compile(r"\s*(?:(Z|GMT)|([+-])(\d{1,2})(?::?(\d{2}))?)\s*$", re.I)
_DATE_ZONE = re.compile(r"(?<=\d)\s*(?:Z|GMT)$", re.I)


def _numbered(first: int, *lists: tuple[str, ...]) -> dict[str, int]:
    return {name.lower(): number for names in lists for number, name in enumerate(names, first)}


_MONTHS, _DAYS = _numbered(1, MONTH_NAMES, SHORT_MONTH_NAMES), _numbered(0, DAY_NAMES, SHORT_DAY_NAMES)
_NAMES = "|".join(sorted((*_MONTHS, *_DAYS), key=len, reverse=True))
_TOKEN = re.compile(rf"\s*(?:(\d+)|((?:{_NAMES})(?![^\W\d_])|[^\W\d_]+)\.?|([-/.,]))\s*", re.IGNORECASE)
"""Groups: a number, a word, a separator."""


def read(text: str | None) -> Parts:
    """Read a date in one of the usual spellings; raises ArgumentNullException, FormatException."""
    text = require(text, "s")
    parts = Parts()
    rest = text.strip("\t\n\v\f\r \0")
    if not rest or len(rest) > _LONGEST:
        raise _not_read(text)
    time = _TIME.search(rest)
    short = None if time else _HOUR.search(rest)
    if time:
        parts.in_pattern = time[0][0] in "Tt"
        if parts.in_pattern and not (_ISO_DATE.match(rest) and _ISO_TIME.match(time[0])):
            raise _not_read(text)
        parts.hour, parts.minute, parts.second = int(time[1]), int(time[2]), int(time[3] or 0)
        parts.fraction = round(float("0." + time[4]) * SECOND) if time[4] else 0
        parts.afternoon = time[5].upper() == "P" if time[5] else None
    elif short:
        parts.hour, parts.afternoon = int(short[1]), short[2].upper() == "P"
    clock = time or short
    if clock:
        after = rest[clock.end() :]
        zone = _ZONE.match(after)
        if zone:
            take_zone(parts, zone)
            after = after[zone.end() :]
        rest = f"{rest[: clock.start()]} {after}"
    elif zone := _DATE_ZONE.search(rest):
        parts.zone, parts.utc = 0, True
        rest = rest[: zone.start()]
    if not _read_date(parts, rest):
        raise _not_read(text)
    return parts


def take_zone(parts: Parts, match: re.Match[str]) -> None:
    """From a match with the groups `Z` (or `GMT`), sign, hours and minutes."""
    if match[1]:
        parts.zone, parts.utc = 0, True
    else:
        minutes = int(match[3]) * 60 + int(match[4] or 0)
        parts.zone = -minutes if match[2] == "-" else minutes


def _read_date(parts: Parts, text: str) -> bool:
    numbers: list[str] = []
    month_at, position = -1, 0
    text = text.strip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return False
        position = token.end()
        word = (token[2] or "").lower()
        if token[1]:
            numbers.append(token[1])
        elif word in _MONTHS and month_at < 0:
            parts.month, month_at = _MONTHS[word], len(numbers)
        elif word in _DAYS and parts.weekday is None:
            parts.weekday = _DAYS[word]
        elif word:
            return False
    if any(len(number) > 4 for number in numbers) or len(numbers) > 3:
        return False
    return _assign(parts, numbers, month_at)


def _assign(parts: Parts, numbers: list[str], month_at: int) -> bool:
    if month_at >= 0:
        if len(numbers) > 2:
            return False
        if len(numbers) == 1:
            _assign_beside_month(parts, numbers[0], month_at > 0)
            return True
        for index, number in enumerate(numbers):
            is_year = len(number) > 2 or int(number) > 31 or (index == 1 and parts.day is not None)
            if is_year and parts.year is None:
                parts.year = year_of(number)
            elif parts.day is None:
                parts.day = int(number)
            else:
                return False
        return bool(numbers)
    if not numbers:
        return parts.hour is not None
    if len(numbers) == 3:
        order = "ymd" if len(numbers[0]) > 2 else "mdy"
        if order == "ymd" and len(numbers[2]) > 2:
            order = "mdy"
        elif order == "mdy" and len(numbers[1]) > 2:
            order = "myd"
        by_letter = dict(zip(order, numbers, strict=True))
        parts.year, parts.month, parts.day = year_of(by_letter["y"]), int(by_letter["m"]), int(by_letter["d"])
        return len(by_letter["m"]) <= 2 and len(by_letter["d"]) <= 2
    if len(numbers) == 2:
        if len(numbers[0]) > 2 or len(numbers[1]) > 2:
            year, month = numbers if len(numbers[0]) > 2 else (numbers[1], numbers[0])
            parts.year, parts.month = year_of(year), int(month)
            return len(month) <= 2
        parts.month, parts.day = map(int, numbers)
        return True
    return False


def _assign_beside_month(parts: Parts, number: str, is_before: bool) -> None:
    """Take the only number beside a month's name for the day, or for the year.

    The invariant culture's patterns have the year before the month and the day behind it, so that it reads `3 February`
    as February 2003. Source: .NET Core 3.1, `DateTimeParse.GetDayOfNM`.
    """
    if len(number) > 2 or is_before:
        parts.year = year_of(number)
    else:
        parts.day = int(number)


def year_of(digits: str) -> int:
    """Return the year of two digits, from 1930 to 2029."""
    number = int(digits)
    return number + (2000 if number < 30 else 1900) if len(digits) <= 2 else number
