"""`System.DateTime`: ticks of 100 ns since 0001-01-01, and a kind. The local time zone of the gateway is UTC."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS, environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, check_range
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system.date_formats import check_dates, format_moment
from apimpolicy.csharp.dotnet.system.timespans import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Ordered,
    TimeSpan,
    implement_order,
)

_from_ordinal = datetime.date.fromordinal


UNSPECIFIED, UTC, LOCAL = 0, 1, 2
"""Of the enum `System.DateTimeKind`."""

MAX_TICKS = 3_155_378_975_999_999_999
_MAX_MILLISECONDS = 315_537_897_600_000
_UNREPRESENTABLE = "The added or subtracted value results in an un-representable DateTime."


def _clock(unit: int, modulus: int) -> property:
    return property(lambda moment: moment.ticks // unit % modulus)


def _added(milliseconds: int) -> Callable[[DateTime, float], DateTime]:
    """Return the method that adds a number of units; .NET Core 3.1 rounds to whole milliseconds."""

    def added(moment: DateTime, value: float) -> DateTime:
        count = value * milliseconds + (0.5 if value >= 0 else -0.5)
        check_range(-_MAX_MILLISECONDS < count < _MAX_MILLISECONDS, "value", "Value to add was out of range.")
        return moment.add_ticks(int(count) * MILLISECOND)

    return added


@dotnet_class("System.DateTime")
class DateTime(Ordered):
    """A point in time; immutable. Equality and order go by the ticks alone, as in .NET."""

    __slots__ = ("kind", "ticks")

    def __init__(self, ticks: int, kind: int = UNSPECIFIED) -> None:
        self.ticks = ticks
        self.kind = kind

    def _calendar(self) -> datetime.date:
        return _from_ordinal(self.ticks // DAY + 1)

    @property
    def date(self) -> DateTime:
        return DateTime(self.ticks - self.ticks % DAY, self.kind)

    @property
    def time_of_day(self) -> TimeSpan:
        return TimeSpan(self.ticks % DAY)

    year = property(lambda moment: _from_ordinal(moment.ticks // DAY + 1).year)
    month = property(lambda moment: _from_ordinal(moment.ticks // DAY + 1).month)
    day = property(lambda moment: _from_ordinal(moment.ticks // DAY + 1).day)

    @property
    def day_of_week(self) -> int:
        """Sunday is 0."""
        return (self.ticks // DAY + 1) % 7

    @property
    def day_of_year(self) -> int:
        return self._calendar().timetuple().tm_yday

    hour = _clock(HOUR, 24)
    minute = _clock(MINUTE, 60)
    second = _clock(SECOND, 60)
    millisecond = _clock(MILLISECOND, 1000)

    @property
    def fraction(self) -> int:
        """Ticks since the last full second."""
        return self.ticks % SECOND

    @property
    def zone_minutes(self) -> int:
        return 0

    @property
    def zone_designator(self) -> str:
        return ("", "Z", "+00:00")[self.kind]

    def add_ticks(self, ticks: int, parameter: str = "value") -> DateTime:
        total = self.ticks + ticks
        check_range(0 <= total <= MAX_TICKS, parameter, _UNREPRESENTABLE)
        return DateTime(total, self.kind)

    add_days = _added(86_400_000)
    add_hours = _added(3_600_000)
    add_minutes = _added(60_000)
    add_seconds = _added(1000)
    add_milliseconds = _added(1)

    def add_months(self, months: int) -> DateTime:
        check_range(-120_000 <= months <= 120_000, "months", "Months value must be between +/-120000.")
        today = self._calendar()
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        check_range(1 <= year <= 9999, "months", _UNREPRESENTABLE)
        day = min(today.day, calendar.monthrange(year, month + 1)[1])
        return DateTime(_date_ticks(year, month + 1, day) + self.ticks % DAY, self.kind)

    def add_years(self, years: int) -> DateTime:
        check_range(-10_000 <= years <= 10_000, "years", "Years value must be between +/-10000.")
        return self.add_months(years * 12)

    def add(self, span: TimeSpan) -> DateTime:
        return self.add_ticks(span.ticks)

    @member("Subtract(TimeSpan)")
    def subtract_span(self, span: TimeSpan) -> DateTime:
        return self.add_ticks(-span.ticks)

    @member("Subtract(DateTime)")
    def subtract(self, other: DateTime) -> TimeSpan:
        return TimeSpan(self.ticks - other.ticks)

    def to_universal_time(self) -> DateTime:
        return DateTime(self.ticks, UTC)

    def to_local_time(self) -> DateTime:
        return DateTime(self.ticks, LOCAL)

    def is_daylight_saving_time(self) -> bool:
        return False

    @member("ToString()")
    def to_string(self) -> str:
        return self.format("G")

    @member("ToString(string)", "ToString(string, IFormatProvider)")
    def format(self, format_: str | None, provider: Any = None) -> str:
        """Standard or custom format; raises FormatException."""
        check_dates(provider)
        return format_moment(self, format_ or "G")

    formatted = format

    def __repr__(self) -> str:
        return f"DateTime({self.format('o')!r})"


DateTime.order = vars(DateTime)["ticks"]
implement_order(DateTime)


def _date_ticks(year: int, month: int, day: int) -> int:
    try:
        return (datetime.date(year, month, day).toordinal() - 1) * DAY
    except (ValueError, OverflowError):
        raise ArgumentOutOfRangeException(
            None, "Year, Month, and Day parameters describe an un-representable DateTime."
        ) from None


def check_kind(kind: int) -> None:
    if not 0 <= kind <= 2:
        raise ArgumentException("Invalid DateTimeKind value.", "kind")


@implements(
    "System.DateTime",
    "new(int, int, int)",
    "new(int, int, int, int, int, int)",
    "new(int, int, int, int, int, int, int)",
    "new(int, int, int, int, int, int, int, DateTimeKind)",
)
def from_parts(
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    millisecond: int = 0,
    kind: int = UNSPECIFIED,
) -> DateTime:
    """Return a date and time of day; raises ArgumentOutOfRangeException.

    >>> from_parts(2024, 2, 29, 13, 14, 15)
    DateTime('2024-02-29T13:14:15.0000000')
    """
    ticks = _date_ticks(year, month, day)
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise ArgumentOutOfRangeException(
            None, "Hour, Minute, and Second parameters describe an un-representable DateTime."
        )
    check_range(0 <= millisecond < 1000, "millisecond", "Valid values are between 0 and 999, inclusive.")
    check_kind(kind)
    return DateTime(ticks + hour * HOUR + minute * MINUTE + second * SECOND + millisecond * MILLISECOND, kind)


@implements("System.DateTime", "new(int, int, int, int, int, int, DateTimeKind)")
def _from_parts_kind(year: int, month: int, day: int, hour: int, minute: int, second: int, kind: int) -> DateTime:
    return from_parts(year, month, day, hour, minute, second, 0, kind)


@implements("System.DateTime", "new(long)", "new(long, DateTimeKind)")
def from_ticks(ticks: int, kind: int = UNSPECIFIED) -> DateTime:
    """Raises ArgumentOutOfRangeException."""
    check_range(
        0 <= ticks <= MAX_TICKS, "ticks", "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks."
    )
    check_kind(kind)
    return DateTime(ticks, kind)


@implements("System.DateTime", "UtcNow")
def utc_now() -> DateTime:
    """Return the clock of the running evaluation."""
    return DateTime(environment().utc_now(), UTC)


@implements("System.DateTime", "Now")
def now() -> DateTime:
    """Return the same clock: the gateway's local time is UTC."""
    return DateTime(environment().utc_now(), LOCAL)


@implements("System.DateTime", "Today")
def today() -> DateTime:
    return now().date


MIN_VALUE, MAX_VALUE, UNIX_EPOCH = DateTime(0), DateTime(MAX_TICKS), DateTime(UNIX_EPOCH_TICKS, UTC)


@implements("System.DateTime", "DaysInMonth")
def _days_in_month(year: int, month: int) -> int:
    check_range(1 <= month <= 12, "month", "Month must be between one and twelve.")
    _is_leap_year(year)
    return calendar.monthrange(year, month)[1]


@implements("System.DateTime", "IsLeapYear")
def _is_leap_year(year: int) -> bool:
    check_range(1 <= year <= 9999, "year", "Year must be between 1 and 9999.")
    return calendar.isleap(year)


@implements("System.DateTime", "SpecifyKind")
def _specify_kind(value: DateTime, kind: int) -> DateTime:
    check_kind(kind)
    return DateTime(value.ticks, kind)


implements_all(
    "System.DateTime",
    {
        "MinValue": lambda: MIN_VALUE,
        "MaxValue": lambda: MAX_VALUE,
        "UnixEpoch": lambda: UNIX_EPOCH,
        "ToString(IFormatProvider)": lambda moment, provider: moment.format("G", provider),
        "ToLongDateString": lambda moment: moment.format("D"),
        "ToShortDateString": lambda moment: moment.format("d"),
        "ToLongTimeString": lambda moment: moment.format("T"),
        "ToShortTimeString": lambda moment: moment.format("t"),
        "op_Addition": lambda d, t: d.add_ticks(t.ticks, "t"),
        "op_Subtraction(DateTime, TimeSpan)": lambda d, t: d.add_ticks(-t.ticks, "t"),
        "op_Subtraction(DateTime, DateTime)": DateTime.subtract,
    },
)
