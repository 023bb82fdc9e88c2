"""Text as a `TimeSpan`: `Parse`, and `ParseExact` with the formats `c`, `g`, `G` and custom ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentNullException, FormatException, OverflowException, require
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.system.cultures import numbers_of
from apimpolicy.csharp.dotnet.system.numeric_types import attempt
from apimpolicy.csharp.dotnet.system.timespans import DAY, HOUR, MINUTE, SECOND, TimeSpan
from apimpolicy.csharp.dotnet.values import Array

# The standard forms of a `TimeSpan` in a text, as `Parse` and the formats `c`, `g` and `G` read them.
# Source: .NET Core 3.1, `TimeSpanParse`. A text may have several readings, which are tried in turn: `24:00:00` is no
# time of day, so it is 24 days. In the constant form a point is behind the days, in the general ones a colon.

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
_MOST = {"d": 10_675_199, "h": 23, "m": 59, "s": 59}
_BODY = re.compile(r"[\t-\r ]*(-?)([0-9]+(?:[^0-9]+[0-9]+){0,4})[\t-\r ]*")
_BETWEEN = re.compile("([^0-9]+)")

_CONSTANT: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("d",),
    (":",): ("hm",),
    (":", ":"): ("hms",),
    (".", ":"): ("dhm",),
    (":", ":."): ("hmf",),
    (":", ":", "."): ("hmsf",),
    (".", ":", ":"): ("dhms",),
    (".", ":", ":."): ("dhmf",),
    (".", ":", ":", "."): ("dhmsf",),
}
"""The numbers' meanings by the separators between them: days, hours, minutes, seconds, fraction."""
_GENERAL_LONG: dict[tuple[str, ...], tuple[str, ...]] = {(":", ":", ":", "."): ("dhmsf",)}
_GENERAL: dict[tuple[str, ...], tuple[str, ...]] = _GENERAL_LONG | {
    (): ("d",),
    (":",): ("hm",),
    (":", ":"): ("hms", "dhm"),
    (":", ":."): ("hmf",),
    (":", ":", "."): ("hmsf",),
    (":", ":", ":"): ("dhms",),
    (":", ":", ":."): ("dhmf",),
}


def _unrecognized(text: str) -> FormatException:
    return FormatException(f"String '{text}' was not recognized as a valid TimeSpan.")


def _out_of_range(text: str) -> OverflowException:
    """Return the parsing error for 25 hours and the like."""
    return OverflowException(
        f"The TimeSpan string '{text}' could not be parsed because at least one of the numeric components is out "
        "of range or contains too many digits."
    )


def _read_ticks(text: str, point: str, *, constant: bool, general: dict[tuple[str, ...], tuple[str, ...]]) -> int:
    """The ticks of the first reading in range; `point` is the culture's decimal separator, for the general forms.

    >>> _read_ticks("24:00:00", ".", constant=True, general=_GENERAL) // 864_000_000_000
    24
    """
    match = _BODY.fullmatch(text)
    if match is None:
        raise _unrecognized(text)
    minus, body = match.groups()
    pieces = _BETWEEN.split(body)
    numbers, between = pieces[::2], tuple(pieces[1::2])
    readings = _CONSTANT.get(between, ()) if constant else ()
    readings += general.get(_with_point(between, point), ())
    for reading in readings:
        ticks = _ticks(reading, numbers)
        if ticks is not None and ticks < (1 << 63) + bool(minus):
            return -ticks if minus else ticks
    raise _out_of_range(text) if readings else _unrecognized(text)


def _with_point(between: tuple[str, ...], point: str) -> tuple[str, ...]:
    if point == "." or not between:
        return between
    last = between[-1]
    if "." in last:
        return ("",)
    return (*between[:-1], last.replace(point, "."))


def _ticks(reading: str, numbers: list[str]) -> int | None:
    """Return the sum of the parts; None when one of them is out of range."""
    ticks = 0
    for kind, digits in zip(reading, numbers, strict=True):
        if kind == "f":
            fraction = _fraction(digits)
            if fraction is None:
                return None
            ticks += fraction
            continue
        significant = digits.lstrip("0")
        if len(significant) > 8 or int(significant or "0") > _MOST[kind]:
            return None
        ticks += int(significant or "0") * _UNITS[kind]
    return ticks


def _fraction(digits: str) -> int | None:
    """In ticks. More than seven digits are rounded when they begin with a zero, else refused."""
    if len(digits) <= 7:
        return int(digits.ljust(7, "0"))
    if digits[0] != "0":
        return None
    return int(digits[:7]) + (digits[7] >= "5")


_BY_FORMAT = {"g": _GENERAL, "G": _GENERAL_LONG}
_MOST_DIGITS = {"d": 8, "h": 2, "m": 2, "s": 2}


def _mismatch() -> FormatException:
    return FormatException("Input string was not in a correct format.")


class _Custom:
    """One reading of a text by a custom format."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.seen: dict[str, int] = {}

    def digits(self, least: int, most: int) -> str:
        start = self.at
        while self.at < len(self.text) and self.at - start < most and "0" <= self.text[self.at] <= "9":
            self.at += 1
        if self.at - start < least:
            raise _mismatch()
        return self.text[start : self.at]

    def literal(self, wanted: str) -> None:
        if not self.text.startswith(wanted, self.at):
            raise _mismatch()
        self.at += len(wanted)

    def field(self, char: str, run: int) -> None:
        kind = char.lower()
        if kind in self.seen or run > (7 if kind == "f" else _MOST_DIGITS[kind]):
            raise _mismatch()
        if kind == "f":
            found = self.digits(0 if char == "F" else run, run).ljust(7, "0")
        elif kind == "d":
            found = self.digits(run, 8 if run < 2 else run)
        else:
            found = self.digits(run, max(run, 2))
        self.seen[kind] = int(found)


def _parse_custom(text: str, format_: str) -> TimeSpan:
    work_through((len(text) + len(format_)) << 4)
    reading, index = _Custom(text), 0
    while index < len(format_):
        char, run = format_[index], 1
        if char in "dhmsfF":
            while format_[index + run : index + run + 1] == char:
                run += 1
            reading.field(char, run)
        elif char in "'\"":
            closing = format_.find(char, index + 1)
            if closing < 0:
                raise _mismatch()
            reading.literal(format_[index + 1 : closing])
            run = closing - index + 1
        elif char == "\\" and index + 1 < len(format_):
            reading.literal(format_[index + 1])
            run = 2
        elif not (char == "%" and index + 1 < len(format_) and format_[index + 1] != "%"):
            raise _mismatch()
        index += run
    if reading.at < len(text):
        raise _unrecognized(text)
    if any(reading.seen.get(kind, 0) > most for kind, most in _MOST.items()):
        raise _out_of_range(text)
    ticks = reading.seen.get("f", 0) + sum(reading.seen.get(kind, 0) * unit for kind, unit in _UNITS.items())
    return TimeSpan(ticks)


def parse_exact(text: str | None, format_: str | None, provider: Any = None) -> TimeSpan:
    """Raises ArgumentNullException, ArgumentException, FormatException, OverflowException.

    >>> parse_exact("01h", "hh'h'")
    TimeSpan('01:00:00')
    """
    if text is None or format_ is None:
        raise ArgumentNullException("input" if text is None else "format")
    if len(format_) > 1:
        return _parse_custom(text, format_)
    if format_ not in ("c", "t", "T", "g", "G"):
        raise FormatException("Format specifier was invalid.")
    general = _BY_FORMAT.get(format_)
    point = numbers_of(provider).number_point
    return TimeSpan(_read_ticks(text, point, constant=general is None, general=general or {}))


def parse_exact_any(text: str | None, formats: Array | None, provider: Any = None) -> TimeSpan:
    """By the first format that fits."""
    if text is None or formats is None:
        raise ArgumentNullException("input" if text is None else "formats")
    if not text:
        raise _unrecognized(text)
    if not formats:
        raise FormatException("Format specifier was invalid.")
    for format_ in formats:
        if not format_:
            raise FormatException("Format specifier was invalid.")
        fits, found = attempt(lambda value, form=format_: parse_exact(value, form, provider), None, text)
        if fits:
            assert isinstance(found, TimeSpan)
            return found
    raise _unrecognized(text)


def _attempted(parse: Callable[..., TimeSpan]) -> Callable[..., tuple[bool, TimeSpan]]:
    return lambda text, form, provider: (
        (False, TimeSpan(0)) if form is None else attempt(parse, TimeSpan(0), text, form, provider)
    )


@implements("System.TimeSpan", "Parse")
def parse(text: str | None, provider: Any = None) -> TimeSpan:
    """`[-][d.]hh:mm[:ss[.f]]` or whole days; raises FormatException, OverflowException.

    A culture's own decimal point may stand for the point before the fraction.

    >>> parse("1.02:03:04.5")
    TimeSpan('1.02:03:04.5000000')
    """
    text = require(text, "input")
    return TimeSpan(_read_ticks(text, numbers_of(provider).number_point, constant=True, general=_GENERAL))


implements_all(
    "System.TimeSpan",
    {
        "TryParse": lambda text, provider=None: attempt(parse, TimeSpan(0), text, provider),
        "ParseExact(string, string, IFormatProvider)": parse_exact,
        "ParseExact(string, string[], IFormatProvider)": parse_exact_any,
        "TryParseExact(string, string, IFormatProvider, out TimeSpan)": _attempted(parse_exact),
        "TryParseExact(string, string[], IFormatProvider, out TimeSpan)": _attempted(parse_exact_any),
    },
)
