"""`System.DateTimeOffset`: a clock time and its distance from UTC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS, environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    FormatException,
    check_range,
)
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system.date_formats import PATTERNS, check_dates, format_moment, zone_text
from apimpolicy.csharp.dotnet.system.datetimes import LOCAL, MAX_TICKS, UTC, DateTime, from_parts, from_ticks
from apimpolicy.csharp.dotnet.system.timespans import (
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Ordered,
    TimeSpan,
    implement_order,
)


def _moved(change: Callable[[DateTime, Any], DateTime]) -> Callable[[DateTimeOffset, Any], DateTimeOffset]:
    def moved(moment: DateTimeOffset, value: Any) -> DateTimeOffset:
        return _checked(change(moment.clock, value).ticks, moment.offset_ticks)

    return moved


@dotnet_class(
    "System.DateTimeOffset",
    members=(
        "Ticks DateTime=clock UtcDateTime=utc_datetime LocalDateTime=local_datetime Date TimeOfDay "
        "Year Month Day DayOfWeek DayOfYear Hour Minute Second Millisecond "
        "ToLocalTime=to_universal_time ToUniversalTime"
    ),
)
class DateTimeOffset(Ordered):
    """A point in time; immutable. `ticks` are those of the clock; equality and order go by UTC."""

    __slots__ = ("clock", "offset_ticks")

    def __init__(self, ticks: int, offset_ticks: int = 0) -> None:
        self.clock = DateTime(ticks)
        self.offset_ticks = offset_ticks

    def __getattr__(self, name: str) -> Any:
        if name in _OF_CLOCK:
            return getattr(self.clock, name)
        raise AttributeError(name)

    @property
    def utc_ticks(self) -> int:
        return self.clock.ticks - self.offset_ticks

    order = utc_ticks

    @property
    def offset(self) -> TimeSpan:
        return TimeSpan(self.offset_ticks)

    @property
    def utc_datetime(self) -> DateTime:
        return DateTime(self.utc_ticks, UTC)

    @property
    def local_datetime(self) -> DateTime:
        return DateTime(self.utc_ticks, LOCAL)

    @property
    def zone_minutes(self) -> int:
        return self.offset_ticks // MINUTE

    @property
    def zone_designator(self) -> str:
        return zone_text(self.zone_minutes, 3)

    add_ticks = _moved(DateTime.add_ticks)
    add_days = _moved(DateTime.add_days)
    add_hours = _moved(DateTime.add_hours)
    add_minutes = _moved(DateTime.add_minutes)
    add_seconds = _moved(DateTime.add_seconds)
    add_milliseconds = _moved(DateTime.add_milliseconds)
    add_months = _moved(DateTime.add_months)
    add_years = _moved(DateTime.add_years)
    add = _moved(DateTime.add)
    subtract_span = member("Subtract(TimeSpan)")(_moved(DateTime.subtract_span))

    @member("Subtract(DateTimeOffset)")
    def subtract(self, other: DateTimeOffset) -> TimeSpan:
        return TimeSpan(self.utc_ticks - other.utc_ticks)

    def to_offset(self, offset: TimeSpan) -> DateTimeOffset:
        _check_offset(offset.ticks)
        return _checked(self.utc_ticks + offset.ticks, offset.ticks)

    def to_universal_time(self) -> DateTimeOffset:
        return DateTimeOffset(self.utc_ticks)

    def to_unix_time_seconds(self) -> int:
        return self.utc_ticks // SECOND - UNIX_EPOCH_TICKS // SECOND

    def to_unix_time_milliseconds(self) -> int:
        return self.utc_ticks // MILLISECOND - UNIX_EPOCH_TICKS // MILLISECOND

    def to_file_time(self) -> int:
        ticks = self.utc_datetime.ticks - _FILE_TIME_EPOCH
        check_range(ticks >= 0, None, "Not a valid Win32 FileTime.")
        return ticks

    def equals_exact(self, other: DateTimeOffset) -> bool:
        return self.utc_ticks == other.utc_ticks and self.offset_ticks == other.offset_ticks

    @member("ToString()")
    def to_string(self) -> str:
        return self.format(None)

    @member("ToString(string)", "ToString(string, IFormatProvider)")
    def format(self, format_: str | None, provider: Any = None) -> str:
        """Standard or custom format; `r` and `u` show UTC. Raises FormatException."""
        if format_ == "U":
            raise FormatException("Input string was not in a correct format.")
        moment = DateTimeOffset(self.utc_ticks) if format_ in ("r", "R", "u") else self
        check_dates(provider)
        return format_moment(moment, format_ or f"{PATTERNS['G']} zzz")

    formatted = format

    def __repr__(self) -> str:
        return f"DateTimeOffset({self.format('o')!r})"


_OF_CLOCK = frozenset((
    "ticks", "date", "time_of_day", "year", "month", "day", "day_of_week", "day_of_year", "hour", "minute", "second",
    "millisecond", "fraction",
))  # fmt: skip
implement_order(DateTimeOffset)
MIN_OFFSET_VALUE, MAX_OFFSET_VALUE = DateTimeOffset(0), DateTimeOffset(MAX_TICKS)


def _check_offset(ticks: int) -> None:
    if ticks % MINUTE:
        raise ArgumentException("Offset must be specified in whole minutes.", "offset")
    check_range(abs(ticks) <= 14 * HOUR, "offset", "Offset must be within plus or minus 14 hours.")


def _checked(ticks: int, offset_ticks: int) -> DateTimeOffset:
    if not 0 <= ticks - offset_ticks <= MAX_TICKS or not 0 <= ticks <= MAX_TICKS:
        raise ArgumentOutOfRangeException(
            "offset", "The UTC time represented when the offset is applied must be between year 0 and 10,000."
        )
    return DateTimeOffset(ticks, offset_ticks)


@implements("System.DateTimeOffset", "new(DateTime)", "op_Implicit")
def from_datetime(moment: DateTime) -> DateTimeOffset:
    """Return the moment with offset zero for every kind, since the gateway's local time is UTC."""
    return DateTimeOffset(moment.ticks)


@implements("System.DateTimeOffset", "new(DateTime, TimeSpan)")
def from_datetime_offset(moment: DateTime, offset: TimeSpan) -> DateTimeOffset:
    if moment.kind == LOCAL and offset.ticks:
        raise ArgumentException(
            "The UTC Offset of the local dateTime parameter does not match the offset argument.", "offset"
        )
    if moment.kind == UTC and offset.ticks:
        raise ArgumentException("The UTC Offset for Utc DateTime instances must be 0.", "offset")
    _check_offset(offset.ticks)
    return _checked(moment.ticks, offset.ticks)


@implements("System.DateTimeOffset", "new(long, TimeSpan)")
def _from_ticks(ticks: int, offset: TimeSpan) -> DateTimeOffset:
    _check_offset(offset.ticks)
    return _checked(from_ticks(ticks).ticks, offset.ticks)


@implements("System.DateTimeOffset", "new")
def _from_parts(year: int, month: int, day: int, hour: int, minute: int, second: int, *rest: Any) -> DateTimeOffset:
    *millisecond, offset = rest
    _check_offset(offset.ticks)
    return _checked(from_parts(year, month, day, hour, minute, second, *millisecond).ticks, offset.ticks)


@implements("System.DateTimeOffset", "UtcNow", "Now")
def utc_now() -> DateTimeOffset:
    """Return the clock of the running evaluation; the gateway's local time is UTC."""
    return DateTimeOffset(environment().utc_now())


def _from_unix(name: str, value: int, unit: int) -> DateTimeOffset:
    low, high = -(UNIX_EPOCH_TICKS // unit), (MAX_TICKS - UNIX_EPOCH_TICKS) // unit
    check_range(low <= value <= high, name, f"Valid values are between {low} and {high}, inclusive.")
    return DateTimeOffset(UNIX_EPOCH_TICKS + value * unit)


_UNIX_EPOCH = DateTimeOffset(UNIX_EPOCH_TICKS)
implements_all(
    "System.DateTimeOffset",
    {
        "MinValue": lambda: MIN_OFFSET_VALUE,
        "MaxValue": lambda: MAX_OFFSET_VALUE,
        "UnixEpoch": lambda: _UNIX_EPOCH,
        "ToString(IFormatProvider)": lambda moment, provider: moment.format(None, provider),
        "op_Addition": DateTimeOffset.add,
        "op_Subtraction(DateTimeOffset, TimeSpan)": DateTimeOffset.subtract_span,
        "op_Subtraction(DateTimeOffset, DateTimeOffset)": DateTimeOffset.subtract,
        "FromUnixTimeSeconds": lambda seconds: _from_unix("seconds", seconds, SECOND),
        "FromUnixTimeMilliseconds": lambda milliseconds: _from_unix("milliseconds", milliseconds, MILLISECOND),
    },
)

_FILE_TIME_EPOCH = 504_911_232_000_000_000
"""Ticks at the start of 1601."""


@implements("System.DateTimeOffset", "FromFileTime")
def _from_file_time(ticks: int) -> DateTimeOffset:
    check_range(0 <= ticks <= MAX_TICKS - _FILE_TIME_EPOCH, "fileTime", "Not a valid Win32 FileTime.")
    return DateTimeOffset(ticks + _FILE_TIME_EPOCH)
