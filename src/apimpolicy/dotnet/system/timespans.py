"""`System.TimeSpan`: a number of ticks of 100 ns, and its standard forms in a text."""

from __future__ import annotations

import re
from typing import Any

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import ArgumentException, FormatException, OverflowException, check_range, require
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.dotnet.system.arithmetic import double_to_int, float_divide
from apimpolicy.dotnet.system.cultures import numbers_of
from apimpolicy.dotnet.system.numeric_types import attempt
from apimpolicy.dotnet.system.ordered import Ordered, implement_order

# The standard forms of a `TimeSpan` in a text, as `Parse` and the formats `c`, `g` and `G` read them.
# Source: .NET Core 3.1, `TimeSpanParse`. A text may have several readings, which are tried in turn: `24:00:00` is no
# time of day, so it is 24 days. In the constant form a point is behind the days, in the general ones a colon.

_SECOND = 10_000_000
_UNITS = {"d": 86_400 * _SECOND, "h": 3_600 * _SECOND, "m": 60 * _SECOND, "s": _SECOND}
_MOST = {"d": 10_675_199, "h": 23, "m": 59, "s": 59}
_BODY = re.compile(r"[\t-\r ]*(-?)([0-9]+(?:[^0-9]+[0-9]+){0,4})[\t-\r ]*")
_BETWEEN = re.compile("([^0-9]+)")

CONSTANT: dict[tuple[str, ...], tuple[str, ...]] = {
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
GENERAL_LONG: dict[tuple[str, ...], tuple[str, ...]] = {(":", ":", ":", "."): ("dhmsf",)}
GENERAL: dict[tuple[str, ...], tuple[str, ...]] = GENERAL_LONG | {
    (): ("d",),
    (":",): ("hm",),
    (":", ":"): ("hms", "dhm"),
    (":", ":."): ("hmf",),
    (":", ":", "."): ("hmsf",),
    (":", ":", ":"): ("dhms",),
    (":", ":", ":."): ("dhmf",),
}


def unrecognized(text: str) -> FormatException:
    """Return the parsing error of a text that has no reading."""
    return FormatException(f"String '{text}' was not recognized as a valid TimeSpan.")


def out_of_range(text: str) -> OverflowException:
    """Return the parsing error for 25 hours and the like."""
    return OverflowException(
        f"The TimeSpan string '{text}' could not be parsed because at least one of the numeric components is out "
        "of range or contains too many digits."
    )


def read_ticks(text: str, point: str, *, constant: bool, general: dict[tuple[str, ...], tuple[str, ...]]) -> int:
    """The ticks of the first reading in range; `point` is the culture's decimal separator, for the general forms.

    >>> read_ticks("24:00:00", ".", constant=True, general=GENERAL) // 864_000_000_000
    24
    """
    match = _BODY.fullmatch(text)
    if match is None:
        raise unrecognized(text)
    minus, body = match.groups()
    pieces = _BETWEEN.split(body)
    numbers, between = pieces[::2], tuple(pieces[1::2])
    readings = CONSTANT.get(between, ()) if constant else ()
    readings += general.get(_with_point(between, point), ())
    for reading in readings:
        ticks = _ticks(reading, numbers)
        if ticks is not None and ticks < (1 << 63) + bool(minus):
            return -ticks if minus else ticks
    raise out_of_range(text) if readings else unrecognized(text)


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


MILLISECOND, SECOND, MINUTE, HOUR, DAY = 10_000, 10_000_000, 600_000_000, 36_000_000_000, 864_000_000_000
"""Ticks in each."""
_LIMIT = 1 << 63
_TOO_LONG = "TimeSpan overflowed because the duration is too long."


def _part(unit: int, modulus: int) -> property:
    """Return a property: how many of the unit there are beside larger ones, with the sign of the span."""

    def part(span: TimeSpan) -> int:
        part = abs(span.ticks) // unit % modulus
        return -part if span.ticks < 0 else part

    return property(part)


def _total(unit: int) -> property:
    return property(lambda span: span.ticks / unit)


@dotnet_class("System.TimeSpan")
class TimeSpan(Ordered):
    """A span of time; immutable."""

    __slots__ = ("ticks",)

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks

    days = _part(DAY, 1 << 62)
    hours = _part(HOUR, 24)
    minutes = _part(MINUTE, 60)
    seconds = _part(SECOND, 60)
    milliseconds = _part(MILLISECOND, 1000)
    total_days = _total(DAY)
    total_hours = _total(HOUR)
    total_minutes = _total(MINUTE)
    total_seconds = _total(SECOND)
    total_milliseconds = _total(MILLISECOND)

    def add(self, other: TimeSpan) -> TimeSpan:
        return _checked(self.ticks + other.ticks)

    def subtract(self, other: TimeSpan) -> TimeSpan:
        return _checked(self.ticks - other.ticks)

    def negate(self) -> TimeSpan:
        if self.ticks == -_LIMIT:
            raise OverflowException("Negating the minimum value of a twos complement number is invalid.")
        return TimeSpan(-self.ticks)

    def duration(self) -> TimeSpan:
        if self.ticks == -_LIMIT:
            raise OverflowException("The duration cannot be returned for TimeSpan.MinValue because it overflows.")
        return TimeSpan(abs(self.ticks))

    def multiply(self, factor: float) -> TimeSpan:
        if factor != factor:
            raise ArgumentException("TimeSpan does not accept floating point Not-a-Number values.", "factor")
        return _from_float(_round_even(self.ticks * factor))

    @member("Divide(double)")
    def divide(self, divisor: float) -> TimeSpan:
        if divisor != divisor:
            raise ArgumentException("TimeSpan does not accept floating point Not-a-Number values.", "divisor")
        return _from_float(_round_even(float_divide(float(self.ticks), divisor)))

    @member("Divide(TimeSpan)")
    def ratio(self, other: TimeSpan) -> float:
        return float_divide(float(self.ticks), float(other.ticks))

    @member("ToString()")
    def to_string(self) -> str:
        return self.format("c")

    @member("ToString(string)", "ToString(string, IFormatProvider)")
    def format(self, format_: str | None, provider: Any = None) -> str:
        """`c` (also `t`, `T`), `g`, `G` or custom; raises FormatException."""
        if not format_ or format_ in ("c", "t", "T"):
            return self._constant()
        if format_ in ("g", "G"):
            return self._general(format_, numbers_of(provider).number_point)
        if len(format_) == 1:
            raise _bad_format()
        return _custom(self, format_)

    formatted = format

    def _split(self) -> tuple[str, int, int, int, int, int]:
        """Sign, days, hours, minutes, seconds and the ticks that are left."""
        seconds, fraction = divmod(abs(self.ticks), SECOND)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        return "-" if self.ticks < 0 else "", days, hours, minutes, seconds, fraction

    def _constant(self) -> str:
        sign, days, hours, minutes, seconds, fraction = self._split()
        shown = f"{sign}{days}." if days else sign
        shown += f"{hours:02d}:{minutes:02d}:{seconds:02d}"
        return f"{shown}.{fraction:07d}" if fraction else shown

    def _general(self, kind: str, point: str) -> str:
        sign, days, hours, minutes, seconds, fraction = self._split()
        if kind == "G":
            return f"{sign}{days}:{hours:02d}:{minutes:02d}:{seconds:02d}{point}{fraction:07d}"
        shown = f"{sign}{days}:" if days else sign
        shown += f"{hours}:{minutes:02d}:{seconds:02d}"
        return f"{shown}{point}{f'{fraction:07d}'.rstrip('0')}" if fraction else shown

    def __repr__(self) -> str:
        return f"TimeSpan({self.to_string()!r})"


TimeSpan.order = vars(TimeSpan)["ticks"]
implement_order(TimeSpan)


def _custom(span: TimeSpan, format_: str) -> str:
    work_through(len(format_) << 4)
    _, days, hours, minutes, seconds, fraction = span._split()
    numbers = {"d": (days, 8), "h": (hours, 2), "m": (minutes, 2), "s": (seconds, 2)}
    out: list[str] = []
    index, end = 0, len(format_)
    while index < end:
        char = format_[index]
        run = 1
        while char in "dhmsfF" and index + run < end and format_[index + run] == char:
            run += 1
        if char in numbers:
            value, most = numbers[char]
            if run > most:
                raise _bad_format()
            out.append(f"{value:0{run}d}")
        elif char in "fF":
            if run > 7:
                raise _bad_format()
            digits = f"{fraction:07d}"[:run]
            out.append(digits if char == "f" else digits.rstrip("0"))
        elif char in "'\"":
            closing = format_.find(char, index + 1)
            if closing < 0:
                raise _bad_format()
            out.append(format_[index + 1 : closing])
            run = closing - index + 1
        elif char == "\\" and index + 1 < end:
            out.append(format_[index + 1])
            run = 2
        elif char == "%" and index + 1 < end and format_[index + 1] != "%":
            run = 1
        else:
            raise _bad_format()
        index += run
    return "".join(out)


def _bad_format() -> FormatException:
    return FormatException("Input string was not in a correct format.")


def _round_even(value: float) -> float:
    return float(round(value)) if abs(value) < 1e300 else value


def _from_float(ticks: float) -> TimeSpan:
    if not -_LIMIT <= ticks <= _LIMIT:
        raise OverflowException(_TOO_LONG)
    return TimeSpan(_LIMIT - 1 if ticks == _LIMIT else double_to_int("long", ticks))


def _checked(ticks: int) -> TimeSpan:
    if not -_LIMIT <= ticks < _LIMIT:
        raise OverflowException(_TOO_LONG)
    return TimeSpan(ticks)


def _register_from() -> None:
    for name, unit in (
        ("Days", DAY),
        ("Hours", HOUR),
        ("Minutes", MINUTE),
        ("Seconds", SECOND),
        ("Milliseconds", MILLISECOND),
    ):

        def make(value: float, unit: int = unit) -> TimeSpan:
            if value != value:
                raise ArgumentException("TimeSpan does not accept floating point Not-a-Number values.")
            return _from_float(value * unit)

        implements("System.TimeSpan", f"static System.TimeSpan From{name}(double value)")(make)


_register_from()


@implements("System.TimeSpan", "new(int, int, int)")
def from_clock(hours: int, minutes: int, seconds: int) -> TimeSpan:
    """Return the span of these hours, minutes and seconds, which may each be of any size."""
    return from_parts(0, hours, minutes, seconds, 0)


@implements("System.TimeSpan", "new")
def from_parts(days: int, hours: int, minutes: int, seconds: int, milliseconds: int = 0) -> TimeSpan:
    """Raises ArgumentOutOfRangeException when the sum does not fit."""
    ticks = days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds * MILLISECOND
    check_range(-_LIMIT <= ticks < _LIMIT, None, _TOO_LONG)
    return TimeSpan(ticks)


@implements("System.TimeSpan", "Parse")
def parse(text: str | None, provider: Any = None) -> TimeSpan:
    """`[-][d.]hh:mm[:ss[.f]]` or whole days; raises FormatException, OverflowException.

    A culture's own decimal point may stand for the point before the fraction.

    >>> parse("1.02:03:04.5")
    TimeSpan('1.02:03:04.5000000')
    """
    text = require(text, "input")
    return TimeSpan(read_ticks(text, numbers_of(provider).number_point, constant=True, general=GENERAL))


implements_all(
    "System.TimeSpan",
    {
        "Zero": lambda: TimeSpan(0),
        "MaxValue": lambda: TimeSpan(_LIMIT - 1),
        "MinValue": lambda: TimeSpan(-_LIMIT),
        "new(long)": TimeSpan,
        "FromTicks": TimeSpan,
        "op_UnaryPlus": lambda span: span,
        "op_UnaryNegation": TimeSpan.negate,
        "op_Addition": TimeSpan.add,
        "op_Subtraction": TimeSpan.subtract,
        "op_Multiply(TimeSpan, double)": TimeSpan.multiply,
        "op_Multiply(double, TimeSpan)": lambda a, span: span.multiply(a),
        "op_Division(TimeSpan, double)": TimeSpan.divide,
        "op_Division(TimeSpan, TimeSpan)": TimeSpan.ratio,
        "TryParse": lambda text, provider=None: attempt(parse, TimeSpan(0), text, provider),
    },
)
