"""`TimeZoneInfo.CreateCustomTimeZone`, and the older `System.TimeZone`, of which there is the gateway's: UTC."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    InvalidTimeZoneException,
    require,
)
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.dotnet.system.datetimes import LOCAL, UTC, DateTime
from apimpolicy.dotnet.system.timespans import HOUR, MINUTE, TimeSpan
from apimpolicy.dotnet.system.timezones import TimeZone
from apimpolicy.dotnet.system.zone_rules import RuleZone

_INFO = "System.TimeZoneInfo"


@implements(_INFO, "CreateCustomTimeZone")
def create_zone(
    name: str | None,
    base: TimeSpan,
    shown: str | None,
    standard: str | None,
    daylight: str | None = None,
    rules: Any = None,
    disable: bool = False,
) -> TimeZone:
    """Raise ArgumentException and its kinds, InvalidTimeZoneException."""
    name = require(name, "id")
    if not name:
        raise ArgumentException("The specified ID parameter '' is not supported.", "id")
    if abs(base.ticks) > 14 * HOUR:
        raise ArgumentOutOfRangeException(
            "baseUtcOffset", "The TimeSpan parameter must be within plus or minus 14.0 hours."
        )
    if base.ticks % MINUTE:
        raise ArgumentException(
            "The TimeSpan parameter cannot be specified more precisely than whole minutes.", "baseUtcOffset"
        )
    last = -1
    for rule in rules or ():
        if rule is None:
            raise InvalidTimeZoneException("The AdjustmentRule array cannot contain null elements.")
        if rule.start.ticks <= last:
            raise InvalidTimeZoneException(
                "The elements of the AdjustmentRule array must be in chronological order and must not overlap."
            )
        last = rule.end.ticks
    kept = [] if disable else list(rules or ())
    return TimeZone(name, RuleZone(base, kept), (shown or "", standard or "", daylight or "" if kept else ""))


@dotnet_class("System.Globalization.DaylightTime")
class DaylightTime:
    """The daylight saving time of one year."""

    __slots__ = ("delta", "end", "start")

    def __init__(self, start: DateTime, end: DateTime, delta: TimeSpan) -> None:
        self.start, self.end, self.delta = start, end, delta


@dotnet_class("System.TimeZone", members="StandardName=name DaylightName=name")
class CurrentTimeZone:
    """The gateway's zone, UTC."""

    __slots__ = ()
    name = "UTC"

    def get_utc_offset(self, time: DateTime) -> TimeSpan:
        return TimeSpan(0)

    def to_universal_time(self, time: DateTime) -> DateTime:
        return DateTime(time.ticks, UTC)

    def to_local_time(self, time: DateTime) -> DateTime:
        return DateTime(time.ticks, LOCAL)

    def get_daylight_changes(self, year: int) -> DaylightTime:
        if not 1 <= year <= 9999:
            raise ArgumentOutOfRangeException("year", "Valid values are between 1 and 9999, inclusive.")
        return DaylightTime(DateTime(0), DateTime(0), TimeSpan(0))

    @member("IsDaylightSavingTime(DateTime)")
    def is_daylight_saving_time(self, time: DateTime) -> bool:
        return False


_CURRENT = CurrentTimeZone()


@implements("System.TimeZone", "IsDaylightSavingTime(DateTime, DaylightTime)")
def _is_daylight_saving(time: DateTime, period: DaylightTime | None) -> bool:
    """Return the hour that the clock shows twice counts as standard time."""
    if period is None or time.kind == UTC or not period.delta.ticks:
        return False
    delta = period.delta.ticks
    start, end = period.start.ticks + delta, period.end.ticks
    within = time.ticks >= start or time.ticks < end if start > end else start <= time.ticks < end
    ambiguous = (end - delta, end) if delta > 0 else (start, start - delta)
    return within and not ambiguous[0] <= time.ticks < ambiguous[1]


implements_all("System.TimeZone", {"CurrentTimeZone": lambda: _CURRENT})
