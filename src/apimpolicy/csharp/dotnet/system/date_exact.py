"""Text as dates in exactly one given format: `ParseExact`, `Parse` and their `Try` forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentNullException, FormatException, require
from apimpolicy.csharp.dotnet.registry import implements_all
from apimpolicy.csharp.dotnet.system import date_formats, date_parsing
from apimpolicy.csharp.dotnet.system.datetimes import MIN_VALUE, DateTime
from apimpolicy.csharp.dotnet.system.offsets import MIN_OFFSET_VALUE, DateTimeOffset
from apimpolicy.csharp.dotnet.system.timespans import MINUTE

if TYPE_CHECKING:
    _Make = Callable[[str, date_parsing.Parts, int], Any]


# Text as dates in exactly one given format, standard or custom: `ParseExact`.
# Source: .NET Core 3.1, `DateTimeParse.DoStrictParse`. Outside of quotes `Z` and `GMT` stand for a time in UTC.

_FIELDS = {"y": "year", "M": "month", "d": "day", "H": "hour", "h": "hour", "m": "minute", "s": "second"}
_MOST_DIGITS = 8
_BLANKS = re.compile(r"\s+")
_LEADING_BLANKS = re.compile(r"""^\s*(?:(['"])\s*)?""")
_TRAILING_BLANKS = re.compile(r"""(?<!\s)(?:\s*(['"]))?\s*$""")
_ZONE = re.compile(r"(Z)|([+-])(\d{2}):?(\d{2})")
_OFFSETS = {1: re.compile(r"()([+-])(\d{1,2})()"), 2: re.compile(r"()([+-])(\d{2})()")}
_OFFSET = re.compile(r"()([+-])(\d{2}):?(\d{2})")


class _Exact:
    """Matches a text against one custom format."""

    def __init__(self, text: str, format_: str, styles: int) -> None:
        self.text = text
        self.format = format_
        self.styles = styles
        self.at = 0
        self.parts = date_parsing.Parts()
        self.parts.in_pattern = True
        self._set: dict[str, int] = {}
        self._twelve_hours = False

    def matches(self) -> bool:
        index, end = 0, len(self.format)
        if self.styles & date_parsing.LEADING_WHITE:
            self._skip_white()
        while index < end:
            if self.styles & date_parsing.INNER_WHITE:
                self._skip_white()
            char, run = self.format[index], 1
            if char in "dfFghHmMstyz":
                while index + run < end and self.format[index + run] == char:
                    run += 1
                done = self._field(char, run)
            elif char == "K":
                done = self._zone(_ZONE) or self.text[self.at : self.at + 1] not in ("+", "-")
            elif char == "Z":
                done = self._utc("Z") or self._utc("GMT")
            elif self.format.startswith("GMT", index):
                done, run = self._utc("GMT"), 3
                self.parts.utc = False
            elif char in "'\"":
                literal, run = date_formats.quoted(self.format, index)
                done = self._literal(literal)
            elif char == "\\":
                done, run = self._literal(self.format[index + 1 : index + 2]), 2
            elif char == "%" or (
                char == "." and self.format[index + 1 : index + 2] == "F" and self.text[self.at : self.at + 1] != "."
            ):
                done = True
            elif char in "/:":
                done = self._literal(char)
            else:
                done = self._literal(char)
            if not done:
                return False
            index += run
        rest = self.text[self.at :]
        return not (rest.strip() if self.styles & date_parsing.TRAILING_WHITE else rest) and self._half_of_day()

    def _skip_white(self) -> None:
        match = _BLANKS.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _half_of_day(self) -> bool:
        """`h` without `tt` is in the morning; `H` must not contradict `tt`."""
        parts = self.parts
        if self._twelve_hours:
            parts.afternoon = bool(parts.afternoon)
            return (parts.hour or 0) <= 12
        hour, parts_afternoon = parts.hour or 0, parts.afternoon
        parts.afternoon = None
        return parts_afternoon is None or parts_afternoon == (hour >= 12)

    def _literal(self, literal: str) -> bool:
        if self.styles & date_parsing.INNER_WHITE and not literal.strip():
            return True
        if not self.text.startswith(literal, self.at):
            return False
        self.at += len(literal)
        return True

    def _utc(self, name: str) -> bool:
        if not self._literal(name):
            return False
        self.parts.zone, self.parts.utc = 0, True
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

    def _name(self, names: tuple[str, ...]) -> int | None:
        """Return the index of the longest of the names that is here."""
        rest = self.text[self.at : self.at + max(map(len, names))].lower()
        fits = [(len(name), -index) for index, name in enumerate(names) if name and rest.startswith(name.lower())]
        if not fits:
            return None
        length, index = max(fits)
        self.at += length
        return -index

    def _half(self, run: int) -> bool:
        """Match `t` or `tt`."""
        found = self._name(tuple(name[:1] if run == 1 else name for name in date_formats.HALVES))
        return found is not None and self._take("afternoon", "t", found == 1)

    def _take(self, field: str, char: str, value: int) -> bool:
        """Raises FormatException when the format has a field twice and the text gives it two values."""
        if self._set.setdefault(field, value) != value:
            raise FormatException(f"DateTime pattern '{char}' appears more than once with different values.")
        setattr(self.parts, field, value)
        return True

    def _field(self, char: str, run: int) -> bool:
        if char in "Md" and run > 2:
            return self._named(char, run)
        if char == "t":
            return self._half(run)
        if char == "z":
            return self._zone(_OFFSETS.get(run, _OFFSET))
        if char == "g":
            return self._literal(date_formats.ERA) or self._literal("AD")
        if char in "fF":
            digits = self._digits(run if char == "f" else 0, run)
            if digits is None or run > 7:
                return False
            return self._take("fraction", char, int(digits.ljust(7, "0") or 0))
        least, most = (run, run) if char == "y" and run > 2 else (1, 2) if run == 1 else (2, 2)
        digits = self._digits(least, most) if run <= _MOST_DIGITS else None
        if digits is None:
            return False
        self._twelve_hours |= char == "h"
        return self._take(_FIELDS[char], char, date_parsing.year_of(digits) if char == "y" else int(digits))

    def _named(self, char: str, run: int) -> bool:
        if char == "M":
            index = self._name(date_formats.SHORT_MONTH_NAMES if run == 3 else date_formats.MONTH_NAMES)
            return index is not None and self._take("month", char, index + 1)
        index = self._name(date_formats.SHORT_DAY_NAMES if run == 3 else date_formats.DAY_NAMES)
        return index is not None and self._take("weekday", char, index)

    def _zone(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match is None:
            return False
        self.at = match.end()
        date_parsing.take_zone(self.parts, match)
        return True


def _without_blanks(pattern: str, styles: int) -> str:
    """Blanks that the text need not have at its ends, the pattern need not have either, not even in quotes."""
    if styles & date_parsing.LEADING_WHITE:
        pattern = _LEADING_BLANKS.sub(r"\1", pattern)
    if styles & date_parsing.TRAILING_WHITE:
        pattern = _TRAILING_BLANKS.sub(r"\1", pattern)
    return pattern


def read_exact(text: str | None, format_: str | None, styles: int) -> date_parsing.Parts:
    """Read a date in exactly this format, standard or custom; raises ArgumentNullException, FormatException."""
    if text is None or format_ is None:
        raise ArgumentNullException("s" if text is None else "format")
    if not text or not format_:
        raise date_parsing.not_recognized(text) if not text else FormatException("Format specifier was invalid.")
    work_through((len(text) + len(format_)) << 4)
    matcher = _Exact(text, _without_blanks(date_formats.expand(format_), styles), styles)
    if not matcher.matches():
        raise date_parsing.not_recognized(text)
    return matcher.parts


# `Parse`, `ParseExact` and their `Try` forms of DateTime and DateTimeOffset


def _any_format(text: str | None, formats: Any, styles: int) -> date_parsing.Parts:
    """Return the first of the formats that the text has."""
    if text is None or formats is None:
        raise ArgumentNullException("s" if text is None else "formats")
    if text and not formats:
        raise FormatException("No format specifiers were provided.")
    for format_ in formats:
        if not format_:
            raise FormatException("Format specifier was invalid.")
        try:
            return read_exact(text, format_, styles)
        except FormatException:
            continue
    raise date_parsing.not_recognized(text)


def _offset(text: str, parts: date_parsing.Parts, styles: int) -> DateTimeOffset:
    ticks, zone = date_parsing.to_clock_and_zone(text, parts, styles)
    return DateTimeOffset(ticks, zone * MINUTE)


def parse_datetime(text: str | None, provider: Any = None, styles: int = 0) -> DateTime:
    """`DateTime.Parse`; raises ArgumentNullException, FormatException."""
    date_parsing.check_styles(styles)
    date_formats.check_dates(provider)
    return date_parsing.to_datetime(text or "", date_parsing.read(text), styles)


def parse_offset(text: str | None, provider: Any = None, styles: int = 0) -> DateTimeOffset:
    """`DateTimeOffset.Parse`; raises ArgumentNullException, FormatException."""
    text = require(text, "input")
    date_formats.check_dates(provider)
    return _offset(text, date_parsing.read(text), styles)


def _exactly(make: _Make, read_format: Callable[..., date_parsing.Parts], name: str) -> Callable[..., Any]:
    """`ParseExact`, whose first parameter has this name."""

    def parse(text: str | None, format_: Any, provider: Any, styles: int = 0) -> Any:
        date_parsing.check_styles(styles)
        text = require(text, name)
        date_formats.check_dates(provider)
        return make(text, read_format(text, format_, styles), styles)

    return parse


def _attempt(parse: Callable[..., Any], default: Any) -> Callable[..., Any]:
    def attempt(text: str | None, *arguments: Any) -> tuple[bool, Any]:
        if text is None:
            return False, default
        try:
            return True, parse(text, *arguments)
        except (FormatException, ArgumentNullException):
            return False, default

    return attempt


def _register(name: str, parameter: str, parse: Callable[..., Any], make: _Make, zero: Any) -> None:
    exactly, any_of = _exactly(make, read_exact, parameter), _exactly(make, _any_format, parameter)
    formats = "string, string[], IFormatProvider, DateTimeStyles"
    implements_all(
        name,
        {
            "Parse": parse,
            "TryParse": _attempt(parse, zero),
            "ParseExact": exactly,
            "TryParseExact": _attempt(exactly, zero),
            f"ParseExact({formats})": any_of,
            f"TryParseExact({formats}, out {name.rpartition('.')[2]})": _attempt(any_of, zero),
        },
    )


_register("System.DateTime", "s", parse_datetime, date_parsing.to_datetime, MIN_VALUE)
_register("System.DateTimeOffset", "input", parse_offset, _offset, MIN_OFFSET_VALUE)
