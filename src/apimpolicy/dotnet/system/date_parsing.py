"""Text as dates: `Parse` reads the usual ways of writing a date, `ParseExact` one given format; invariant culture.

`Parse` takes numeric dates (year first, or month first), month names in any place, an optional day of the week, a time
with or without AM/PM, and a zone (`Z`, `GMT`, `+02:00`). Missing parts of the date are those of today.
Source: the pages "Parsing date and time strings" and `DateTimeStyles`.
"""

from __future__ import annotations

import re

from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentNullException, DotnetException, FormatException
from apimpolicy.dotnet.system.date_formats import DAY_NAMES, MONTH_NAMES, expand, quoted
from apimpolicy.dotnet.system.datetimes import LOCAL, MAX_TICKS, UTC, DateTime, from_parts, today
from apimpolicy.dotnet.system.timespans import MINUTE, SECOND

LEADING_WHITE, TRAILING_WHITE, INNER_WHITE, NO_CURRENT_DATE = 1, 2, 4, 8
ADJUST_TO_UNIVERSAL, ASSUME_LOCAL, ASSUME_UNIVERSAL, ROUNDTRIP_KIND = 16, 32, 64, 128
"""Of the flags `System.Globalization.DateTimeStyles`."""

_MONTHS = {name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)}
_MONTHS |= {name[:3]: number for name, number in list(_MONTHS.items())}
_DAYS = {name.lower(): number for number, name in enumerate(DAY_NAMES)}
_DAYS |= {name[:3]: number for name, number in list(_DAYS.items())}
_LONGEST = 200


class Parts:
    """What was read; None for what the text does not say. `zone` is in minutes east of UTC."""

    __slots__ = ("afternoon", "day", "fraction", "hour", "minute", "month", "second", "utc", "weekday", "year", "zone")

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

    def clock_ticks(self, styles: int) -> int | None:
        """The date and time as written, without the zone; None when there is no such moment."""
        hour = self.hour or 0
        if self.afternoon is not None:
            if not 1 <= hour <= 12 and self.hour is not None:
                return None
            hour = hour % 12 + (12 if self.afternoon else 0)
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
    "wednesday thursday friday saturday am pm a p t z gmt utc"
)
_KNOWN_WORDS = frozenset(_WORDS.split())


def _not_recognized(text: str) -> FormatException:
    for word in _WORD.finditer(text):
        folded = word.group().lower()
        if not any(known == folded or (len(folded) == 3 and known.startswith(folded)) for known in _KNOWN_WORDS):
            return FormatException(
                f"The string '{text}' was not recognized as a valid DateTime. "
                f"There is an unknown word starting at index '{word.start()}'."
            )
    return FormatException(f"String '{text}' was not recognized as a valid DateTime.")


def check_styles(styles: int) -> None:
    """Raise ArgumentException for combinations that contradict each other."""
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
        raise FormatException(
            f"The DateTime represented by the string '{text}' is not supported in calendar "
            "'System.Globalization.GregorianCalendar'."
        )
    if styles & ADJUST_TO_UNIVERSAL or (styles & ROUNDTRIP_KIND and parts.utc):
        return DateTime(ticks, UTC)
    return DateTime(ticks, LOCAL)


def to_clock_and_zone(text: str, parts: Parts, styles: int) -> tuple[int, int]:
    """Clock ticks and minutes east of UTC, for DateTimeOffset; without a zone UTC, the gateway's own."""
    ticks, zone = _checked_clock(text, parts, styles), parts.zone or 0
    if styles & ADJUST_TO_UNIVERSAL:
        ticks, zone = ticks - zone * MINUTE, 0
    if abs(zone) > 14 * 60 or not 0 <= ticks - zone * MINUTE <= MAX_TICKS:
        raise FormatException(f"The time zone offset of string '{text}' must be within plus or minus 14 hours.")
    return ticks, zone


def _checked_clock(text: str, parts: Parts, styles: int) -> int:
    ticks = parts.clock_ticks(styles)
    if ticks is None:
        raise _not_recognized(text)
    if parts.weekday is not None and DateTime(ticks).day_of_week != parts.weekday:
        raise FormatException(
            f"String '{text}' was not recognized as a valid DateTime because the day of week was incorrect."
        )
    return ticks


_TIME = re.compile(
    r"(?:(?<=\d)T|(?<![\d:.]))(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,20}))?)?(?:\s*([AP])\.?M?\.?(?![a-z]))?",
    re.I,
)
_HOUR = re.compile(r"(?<![\d/:.-])(\d{1,2})\s*([AP])M(?![a-z])", re.I)
_ZONE = re.compile(r"\s*(?:(Z|GMT|UTC)|([+-])(\d{1,2})(?::?(\d{2}))?)\s*$", re.I)
_TOKEN = re.compile(r"\s*(?:(\d+)|([A-Za-z]+)\.?|([-/.,]))\s*")


def read(text: str | None) -> Parts:
    """Read a date in one of the usual ways; raises ArgumentNullException, FormatException."""
    if text is None:
        raise ArgumentNullException("s")
    parts = Parts()
    rest = text.strip("\t\n\v\f\r \0")
    if not rest or len(rest) > _LONGEST:
        raise _not_recognized(text)
    time = _TIME.search(rest)
    short = None if time else _HOUR.search(rest)
    if time:
        parts.hour, parts.minute, parts.second = int(time[1]), int(time[2]), int(time[3] or 0)
        parts.fraction = round(float("0." + time[4]) * SECOND) if time[4] else 0
        parts.afternoon = time[5].upper() == "P" if time[5] else None
    elif short:
        parts.hour, parts.afternoon = int(short[1]), short[2].upper() == "P"
    found = time or short
    if found:
        after = rest[found.end() :]
        zone = _ZONE.match(after)
        if zone:
            _take_zone(parts, zone)
            after = after[zone.end() :]
        rest = f"{rest[: found.start()]} {after}"
    if not _read_date(parts, rest):
        raise _not_recognized(text)
    return parts


def _take_zone(parts: Parts, match: re.Match[str]) -> None:
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
        for index, number in enumerate(numbers):
            is_year = len(number) > 2 or int(number) > 31 or (index == 1 and parts.day is not None)
            if is_year and parts.year is None:
                parts.year = _year(number)
            elif parts.day is None:
                parts.day = int(number)
            else:
                return False
        return bool(numbers)
    if not numbers:
        return parts.hour is not None
    if len(numbers) == 3:
        year_first = len(numbers[0]) > 2
        order = numbers if year_first else [numbers[2], numbers[0], numbers[1]]
        parts.year, parts.month, parts.day = _year(order[0]), int(order[1]), int(order[2])
        return len(order[1]) <= 2 and len(order[2]) <= 2
    if len(numbers) == 2:
        if len(numbers[0]) > 2 or len(numbers[1]) > 2:
            year, month = numbers if len(numbers[0]) > 2 else (numbers[1], numbers[0])
            parts.year, parts.month = _year(year), int(month)
            return len(month) <= 2
        parts.month, parts.day = int(numbers[0]), int(numbers[1])
        return True
    return False


def _year(digits: str) -> int:
    """Two digits are a year from 1930 to 2029."""
    number = int(digits)
    return number + (2000 if number < 30 else 1900) if len(digits) <= 2 else number


class _Exact:
    """Matches a text against one custom format."""

    def __init__(self, text: str, format_: str, styles: int) -> None:
        self.text = text
        self.format = format_
        self.styles = styles
        self.at = 0
        self.parts = Parts()

    def matches(self) -> bool:
        index, end = 0, len(self.format)
        if self.styles & LEADING_WHITE:
            self.at = len(self.text) - len(self.text.lstrip())
        while index < end:
            char, run = self.format[index], 1
            if char in "dfFghHmMstyz":
                while index + run < end and self.format[index + run] == char:
                    run += 1
                done = self._field(char, run)
            elif char == "K":
                done = self._zone(True)
            elif char in "'\"":
                literal, run = quoted(self.format, index)
                done = self._literal(literal)
            elif char == "\\":
                done, run = self._literal(self.format[index + 1 : index + 2]), 2
            elif char == "%" or (
                char == "." and self.format[index + 1 : index + 2] == "F" and self.text[self.at : self.at + 1] != "."
            ):
                done = True
            else:
                done = self._literal(char)
            if not done:
                return False
            index += run
        rest = self.text[self.at :]
        return not (rest.strip() if self.styles & TRAILING_WHITE else rest)

    def _literal(self, literal: str) -> bool:
        if self.styles & INNER_WHITE and not literal.strip():
            self.at = len(self.text) - len(self.text[self.at :].lstrip())
            return True
        if not self.text.startswith(literal, self.at):
            return False
        self.at += len(literal)
        return True

    def _digits(self, least: int, most: int) -> str | None:
        end = self.at
        while end < len(self.text) and end - self.at < most and "0" <= self.text[end] <= "9":
            end += 1
        if end - self.at < least:
            return None
        found = self.text[self.at : end]
        self.at = end
        return found

    def _name(self, names: dict[str, int], long: bool) -> int | None:
        lowered = self.text[self.at : self.at + 10].lower()
        for name, number in names.items():
            if lowered.startswith(name) and (name == "may" or (len(name) > 3) == long):
                self.at += len(name)
                return number
        return None

    def _field(self, char: str, run: int) -> bool:
        parts = self.parts
        if char in "Md" and run > 2:
            number = self._name(_MONTHS if char == "M" else _DAYS, run > 3)
            if char == "M":
                parts.month = number
            else:
                parts.weekday = number
            return number is not None
        if char == "t":
            half = self.text[self.at : self.at + min(run, 2)].upper()
            parts.afternoon = half.startswith("P")
            self.at += len(half)
            return half in (("A", "P") if run == 1 else ("AM", "PM"))
        if char == "z":
            return self._zone(False)
        if char == "g":
            return self._literal("A.D.") or self._literal("AD")
        if char in "fF":
            digits = self._digits(run if char == "f" else 0, run)
            if digits is None or run > 7:
                return False
            parts.fraction = int(digits.ljust(7, "0") or 0)
            return True
        least, most = (run, run) if char == "y" and run > 2 else (1, 2) if run == 1 else (2, 2)
        digits = self._digits(least, most)
        if digits is None:
            return False
        number = _year(digits) if char == "y" else int(digits)
        setattr(parts, _FIELDS[char], number)
        return char != "h" or number <= 12

    def _zone(self, optional: bool) -> bool:
        match = re.compile(r"(Z)|([+-])(\d{1,2})(?::?(\d{2}))?").match(self.text, self.at)
        if match is None:
            return optional
        self.at = match.end()
        _take_zone(self.parts, match)
        return True


_FIELDS = {"y": "year", "M": "month", "d": "day", "H": "hour", "h": "hour", "m": "minute", "s": "second"}


def read_exact(text: str | None, format_: str | None, styles: int) -> Parts:
    """Read a date in exactly this format, standard or custom; raises ArgumentNullException, FormatException."""
    if text is None or format_ is None:
        raise ArgumentNullException("s" if text is None else "format")
    if not text or not format_:
        raise _not_recognized(text) if not text else FormatException("Format specifier was invalid.")
    matcher = _Exact(text, expand(format_), styles)
    if not matcher.matches():
        raise _not_recognized(text)
    return matcher.parts
