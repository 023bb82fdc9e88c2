"""`TimeSpan.ParseExact`: the formats `c`, `g`, `G` and custom ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import ArgumentNullException, FormatException
from apimpolicy.dotnet.registry import implements_all
from apimpolicy.dotnet.system import timespans
from apimpolicy.dotnet.system.cultures import numbers_of
from apimpolicy.dotnet.system.numeric_types import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.values import Array

_GENERAL = {"g": timespans.GENERAL, "G": timespans.GENERAL_LONG}
_UNITS = {"d": (timespans.DAY, 8), "h": (timespans.HOUR, 2), "m": (timespans.MINUTE, 2), "s": (timespans.SECOND, 2)}
_MOST = {"h": 23, "m": 59, "s": 59, "d": 10_675_199}


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
        if kind in self.seen or run > (7 if kind == "f" else _UNITS[kind][1]):
            raise _mismatch()
        if kind == "f":
            found = self.digits(0 if char == "F" else run, run).ljust(7, "0")
        elif kind == "d":
            found = self.digits(run, 8 if run < 2 else run)
        else:
            found = self.digits(run, max(run, 2))
        self.seen[kind] = int(found)


def _parse_custom(text: str, format_: str) -> timespans.TimeSpan:
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
        raise timespans.unrecognized(text)
    if any(reading.seen.get(kind, 0) > most for kind, most in _MOST.items()):
        raise timespans.out_of_range(text)
    ticks = reading.seen.get("f", 0) + sum(reading.seen.get(kind, 0) * unit for kind, (unit, _) in _UNITS.items())
    return timespans.TimeSpan(ticks)


def parse_exact(text: str | None, format_: str | None, provider: Any = None) -> timespans.TimeSpan:
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
    general = _GENERAL.get(format_)
    point = numbers_of(provider).number_point
    return timespans.TimeSpan(timespans.read_ticks(text, point, constant=general is None, general=general or {}))


def parse_exact_any(text: str | None, formats: Array | None, provider: Any = None) -> timespans.TimeSpan:
    """By the first format that fits."""
    if text is None or formats is None:
        raise ArgumentNullException("input" if text is None else "formats")
    if not text:
        raise timespans.unrecognized(text)
    if not formats:
        raise FormatException("Format specifier was invalid.")
    for format_ in formats:
        if not format_:
            raise FormatException("Format specifier was invalid.")
        fits, found = attempt(lambda value, form=format_: parse_exact(value, form, provider), None, text)
        if fits:
            assert isinstance(found, timespans.TimeSpan)
            return found
    raise timespans.unrecognized(text)


def _attempted(parse: Callable[..., timespans.TimeSpan]) -> Callable[..., tuple[bool, timespans.TimeSpan]]:
    return lambda text, form, provider: (
        (False, timespans.TimeSpan(0)) if form is None else attempt(parse, timespans.TimeSpan(0), text, form, provider)
    )


implements_all(
    "System.TimeSpan",
    {
        "ParseExact(string, string, IFormatProvider)": parse_exact,
        "ParseExact(string, string[], IFormatProvider)": parse_exact_any,
        "TryParseExact(string, string, IFormatProvider, out TimeSpan)": _attempted(parse_exact),
        "TryParseExact(string, string[], IFormatProvider, out TimeSpan)": _attempted(parse_exact_any),
    },
)
