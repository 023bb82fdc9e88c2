"""`TimeZoneInfo.AdjustmentRule` and `TransitionTime`: daylight saving time by rules, as a custom zone has it."""

from __future__ import annotations

import calendar
import datetime
from typing import Any

from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.dotnet.system.datetimes import MAX_TICKS, UNSPECIFIED, UTC, DateTime
from apimpolicy.dotnet.system.timespans import DAY, HOUR, MILLISECOND, MINUTE, TimeSpan

_TRANSITION = "System.TimeZoneInfo.TransitionTime"
_RULE = "System.TimeZoneInfo.AdjustmentRule"


@dotnet_class(_TRANSITION)
class TransitionTime:
    """A day of the year and a time: either a date, or the n-th weekday (5: the last) of a month. Immutable."""

    __slots__ = ("day", "day_of_week", "is_fixed_date_rule", "month", "time_of_day", "week")

    def __init__(self, time: DateTime, month: int, day: int, week: int, day_of_week: int, fixed: bool) -> None:
        if time.kind != UNSPECIFIED:
            raise ArgumentException(
                "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified.", "timeOfDay"
            )
        for name, shown, value, least, most in (
            ("month", "Month parameter", month, 1, 12),
            ("day", "Day parameter", day, 1, 31),
            ("week", "Week parameter", week, 1, 5),
            ("dayOfWeek", "DayOfWeek enumeration", day_of_week, 0, 6),
        ):
            if not least <= value <= most:
                numbers = f"{least} through {most}"
                raise ArgumentOutOfRangeException(name, f"The {shown} must be in the range {numbers}.")
        if time.ticks >= DAY or time.ticks % MILLISECOND:
            raise ArgumentException(
                "The supplied DateTime must have the Year, Month, and Day properties set to 1.  The time cannot be "
                "specified more precisely than whole milliseconds.",
                "timeOfDay",
            )
        self.time_of_day, self.month, self.day = time, month, day
        self.week, self.day_of_week, self.is_fixed_date_rule = week, day_of_week, fixed

    def _identity(self) -> tuple[Any, ...]:
        place = (self.day,) if self.is_fixed_date_rule else (self.week, self.day_of_week)
        return self.is_fixed_date_rule, self.month, self.time_of_day.ticks, place

    def equals(self, other: Any) -> bool:
        return isinstance(other, TransitionTime) and other._identity() == self._identity()

    def get_hash_code(self) -> int:
        return self.month ^ (self.week << 8)

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self._identity())

    def ticks_in(self, year: int) -> int:
        """Return the clock time of the transition in a year, as ticks."""
        last = calendar.monthrange(year, self.month)[1]
        if self.is_fixed_date_rule:
            day = min(self.day, last)
        else:
            first = datetime.date(year, self.month, 1).isoweekday() % 7
            day = 1 + (self.day_of_week - first) % 7 + 7 * (self.week - 1)
            day -= 7 if day > last else 0
        return (datetime.date(year, self.month, day).toordinal() - 1) * DAY + self.time_of_day.ticks


@implements(_TRANSITION, "CreateFixedDateRule")
def fixed_date(time: DateTime, month: int, day: int) -> TransitionTime:
    """Raise ArgumentException, ArgumentOutOfRangeException."""
    return TransitionTime(time, month, day, 1, 0, True)


@implements(_TRANSITION, "CreateFloatingDateRule")
def floating_date(time: DateTime, month: int, week: int, day_of_week: int) -> TransitionTime:
    """Raise ArgumentException, ArgumentOutOfRangeException."""
    return TransitionTime(time, month, 1, week, day_of_week, False)


@dotnet_class(
    _RULE,
    members=(
        "DateStart=start DateEnd=end DaylightDelta=delta DaylightTransitionStart=daylight_start "
        "DaylightTransitionEnd=daylight_end"
    ),
)
class AdjustmentRule:
    """Daylight saving time between two dates; immutable."""

    __slots__ = ("daylight_end", "daylight_start", "delta", "end", "start")

    def __init__(
        self,
        start: DateTime,
        end: DateTime,
        delta: TimeSpan,
        daylight_start: TransitionTime,
        daylight_end: TransitionTime,
    ) -> None:
        self.start, self.end, self.delta = start, end, delta
        self.daylight_start, self.daylight_end = daylight_start, daylight_end

    def _identity(self) -> tuple[Any, ...]:
        return self.start.ticks, self.end.ticks, self.delta.ticks, self.daylight_start, self.daylight_end

    def equals(self, other: Any) -> bool:
        return isinstance(other, AdjustmentRule) and other._identity() == self._identity()

    def get_hash_code(self) -> int:
        return self.start.get_hash_code()

    def is_daylight(self, standard_ticks: int) -> bool:
        """Return whether daylight saving time applies at these ticks of standard time."""
        year = standard_ticks // DAY
        year = datetime.date.fromordinal(year + 1).year
        begin = self.daylight_start.ticks_in(year)
        finish = self.daylight_end.ticks_in(year) - self.delta.ticks
        if begin < finish:
            return begin <= standard_ticks < finish
        return standard_ticks >= begin or standard_ticks < finish


def _check_date(date: DateTime, name: str) -> None:
    if date.kind not in (UNSPECIFIED, UTC):
        raise ArgumentException(
            "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified or DateTimeKind.Utc.",
            name,
        )


def _check_whole_day(date: DateTime, name: str, limit: int) -> None:
    if date.ticks != limit and date.kind == UNSPECIFIED and date.ticks % DAY:
        raise ArgumentException("The supplied DateTime includes a TimeOfDay setting.   This is not supported.", name)


@implements(_RULE, "CreateAdjustmentRule")
def create_rule(
    start: DateTime, end: DateTime, delta: TimeSpan, daylight_start: TransitionTime, daylight_end: TransitionTime
) -> AdjustmentRule:
    """Raise ArgumentException, ArgumentOutOfRangeException."""
    _check_date(start, "dateStart")
    _check_date(end, "dateEnd")
    if daylight_start == daylight_end:
        raise ArgumentException(
            "The DaylightTransitionStart property must not equal the DaylightTransitionEnd property.",
            "daylightTransitionEnd",
        )
    if start.ticks > end.ticks:
        raise ArgumentException("The DateStart property must come before the DateEnd property.", "dateStart")
    if not -23 * HOUR <= delta.ticks <= 14 * HOUR:
        error = ArgumentOutOfRangeException(
            "daylightDelta", "The TimeSpan parameter must be within plus or minus 14.0 hours."
        )
        error.message += f"\nActual value was {delta.to_string()}."
        raise error
    if delta.ticks % MINUTE:
        raise ArgumentException(
            "The TimeSpan parameter cannot be specified more precisely than whole minutes.", "daylightDelta"
        )
    _check_whole_day(start, "dateStart", 0)
    _check_whole_day(end, "dateEnd", MAX_TICKS)
    return AdjustmentRule(start, end, delta, daylight_start, daylight_end)


class RuleZone(datetime.tzinfo):
    """A distance from UTC with rules, for Python's own arithmetic of time zones."""

    def __init__(self, base: TimeSpan, rules: list[AdjustmentRule]) -> None:
        self.base = base
        self.rules = rules

    def _delta(self, standard: datetime.datetime) -> datetime.timedelta:
        seconds = standard.replace(tzinfo=None) - datetime.datetime.min
        ticks = seconds // datetime.timedelta(microseconds=1) * 10
        for rule in self.rules:
            if rule.start.ticks <= ticks and ticks // DAY <= rule.end.ticks // DAY:
                return _span(rule.delta) if rule.is_daylight(ticks) else datetime.timedelta(0)
        return datetime.timedelta(0)

    def dst(self, moment: datetime.datetime | None) -> datetime.timedelta:
        """Of a clock time; `fold` tells the second of two equal clock times."""
        assert moment is not None
        deltas = {_span(rule.delta) for rule in self.rules} | {datetime.timedelta(0)}
        fitting = sorted(delta for delta in deltas if self._delta(moment - delta) == delta)
        if not fitting:  # the clock never shows this
            return max(deltas) if moment.fold else datetime.timedelta(0)
        return fitting[0] if moment.fold else fitting[-1]

    def utcoffset(self, moment: datetime.datetime | None) -> datetime.timedelta:
        return _span(self.base) + self.dst(moment)

    def tzname(self, moment: datetime.datetime | None) -> str | None:
        return None

    def fromutc(self, moment: datetime.datetime) -> datetime.datetime:
        standard = moment + _span(self.base)
        delta = self._delta(standard)
        local = standard + delta
        return local.replace(fold=int(self.dst(local.replace(fold=0)) != delta))


def _span(span: TimeSpan) -> datetime.timedelta:
    return datetime.timedelta(microseconds=span.ticks // 10)


implements_all(
    _TRANSITION,
    {
        "op_Equality": lambda a, b: a.equals(b),
        "op_Inequality": lambda a, b: not a.equals(b),
    },
)
