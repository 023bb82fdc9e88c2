"""`System.TimeZoneInfo`, by IANA names and by Windows' names, whose case does not count.

The rules come from the machine's time zone data, or from the package `tzdata` where there is none.
"""

from __future__ import annotations

import datetime
import functools
import os
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, TimeZoneNotFoundException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import declines, dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system.datetimes import LOCAL, MAX_TICKS, UNSPECIFIED, UTC, DateTime
from apimpolicy.csharp.dotnet.system.objects import get_hash_code
from apimpolicy.csharp.dotnet.system.offsets import DateTimeOffset
from apimpolicy.csharp.dotnet.system.timespans import DAY, TimeSpan
from apimpolicy.csharp.dotnet.values import Array, Equatable
from apimpolicy.errors import NotSimulatedError

_SPAN = named("System.TimeSpan")
with open(os.path.join(os.path.dirname(__file__), "windows_zones.txt"), encoding="utf-8") as _file:
    _ROWS = [line.rstrip().partition(" ") for line in _file if not line.startswith("#")]
WINDOWS_NAMES = {name: iana for iana, _, name in _ROWS}
_BY_LOWER_CASE = {name.lower(): iana for name, iana in WINDOWS_NAMES.items()}

_SOURCE_ZONE = (
    "The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly. "
    "For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local."
)
_SKIPPED_TIME = (
    "The supplied DateTime represents an invalid time. For example, when the clock is adjusted forward, any time in "
    "the period that is skipped is invalid."
)


@dotnet_class("System.TimeZoneInfo", members="IsInvalidTime=is_invalid")
class TimeZone(Equatable):
    """A time zone; `zone` is None for UTC. `names` are shown, standard and daylight name, where they are known."""

    __slots__ = ("id", "names", "zone")

    def __init__(self, name: str, zone: datetime.tzinfo | None, names: tuple[str, str, str] | None = None) -> None:
        self.id = name
        self.zone = zone
        self.names = names

    def _name(self, index: int) -> str:
        if self.names is None:
            raise NotSimulatedError("System.TimeZoneInfo", f"the names of {self.id!r}, which are Windows' or ICU's")
        return self.names[index]

    def to_string(self) -> str:
        """Raises NotSimulatedError for a zone whose names are the operating system's."""
        return self._name(0)

    @property
    def standard_name(self) -> str:
        return self.id if self.id.lower() in _BY_LOWER_CASE else self._name(1)

    @property
    def daylight_name(self) -> str:
        return self.id.replace("Standard", "Daylight") if self.id.lower() in _BY_LOWER_CASE else self._name(2)

    @property
    def base_offset(self) -> int:
        """Ticks east of UTC in standard time, nowadays."""
        if self.zone is None:
            return 0
        now = self._local(environment().utc_now()).replace(tzinfo=datetime.UTC).astimezone(self.zone)
        return _ticks(now.utcoffset()) - _ticks(now.dst())

    @property
    def has_daylight_saving(self) -> bool:
        if self.zone is None:
            return False
        year = self._local(environment().utc_now()).year
        return any(datetime.datetime(year, month, 1, tzinfo=self.zone).dst() for month in range(1, 13))

    def clock_offsets(self, ticks: int) -> tuple[int, int]:
        """Ticks east of UTC at a clock time, when it is shown first and when it is shown again."""
        if self.zone is None or not DAY < ticks < MAX_TICKS - DAY:
            return 0, 0
        moment = self._local(ticks).replace(tzinfo=self.zone)
        return _ticks(moment.utcoffset()), _ticks(moment.replace(fold=1).utcoffset())

    def clock_of(self, moment: DateTime) -> int:
        """Return the ticks that this zone's clock shows; a moment without kind is one of its clock already."""
        return moment.ticks + (0 if moment.kind == UNSPECIFIED else self.offset_of_utc(moment.ticks))

    @member("IsAmbiguousTime(DateTime)")
    def is_ambiguous(self, moment: DateTime) -> bool:
        first, again = self.clock_offsets(self.clock_of(moment))
        return first > again

    @member("GetAmbiguousTimeOffsets(DateTime)")
    def ambiguous_offsets(self, moment: DateTime, name: str = "DateTime") -> Array:
        """Raises ArgumentException."""
        if not self.is_ambiguous(moment):
            raise ArgumentException(
                f"The supplied {name} is not in an ambiguous time range.", name[0].lower() + name[1:]
            )
        return Array(_SPAN, [TimeSpan(offset) for offset in sorted(self.clock_offsets(self.clock_of(moment)))])

    def is_invalid(self, moment: DateTime) -> bool:
        first, again = self.clock_offsets(moment.ticks)
        return moment.kind == UNSPECIFIED and first < again

    def has_same_rules(self, other: TimeZone | None) -> bool:
        other = require(other, "other")
        return self.zone is other.zone or str(self.zone) == str(other.zone)

    def _local(self, ticks: int) -> datetime.datetime:
        """At both ends of the calendar the day inside, so that any zone's clock is on it too."""
        seconds = min(max(ticks, DAY), MAX_TICKS - DAY) // 10_000_000
        return datetime.datetime.min + datetime.timedelta(seconds=seconds)

    def offset_of_utc(self, ticks: int) -> int:
        """Ticks east of UTC at a moment given in UTC."""
        if self.zone is None or not DAY < ticks < MAX_TICKS - DAY:
            return 0
        moment = self._local(ticks).replace(tzinfo=datetime.UTC).astimezone(self.zone)
        return _ticks(moment.utcoffset())

    def offset_of_clock(self, ticks: int) -> int:
        """Ticks east of UTC at a clock time; of an ambiguous time the standard one, as .NET takes it."""
        return min(self.clock_offsets(ticks))

    @member("GetUtcOffset(DateTime)")
    def get_utc_offset(self, moment: DateTime) -> TimeSpan:
        known = self.offset_of_clock if moment.kind == UNSPECIFIED else self.offset_of_utc
        return TimeSpan(known(moment.ticks))

    @member("IsDaylightSavingTime(DateTime)")
    def is_daylight_saving_time(self, moment: DateTime) -> bool:
        if self.zone is None:
            return False
        local = self._local(moment.ticks)
        if moment.kind == UNSPECIFIED:
            return bool(local.replace(tzinfo=self.zone, fold=1).dst())
        return bool(local.replace(tzinfo=datetime.UTC).astimezone(self.zone).dst())

    @property
    def identity(self) -> Any:
        return self.id.lower()

    def get_hash_code(self) -> int:
        return get_hash_code(self.id.upper())


def _ticks(delta: datetime.timedelta | None) -> int:
    return 0 if delta is None else (delta.days * 86_400 + delta.seconds) * 10_000_000


UTC_ZONE = TimeZone("UTC", None, ("UTC", "UTC", "UTC"))


@functools.lru_cache(256)
def _zone(name: str) -> TimeZone | None:
    import zoneinfo

    try:
        return TimeZone(name, zoneinfo.ZoneInfo(_BY_LOWER_CASE.get(name.lower(), name)))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


@implements("System.TimeZoneInfo", "FindSystemTimeZoneById")
def find(name: str | None) -> TimeZone:
    """Raises ArgumentNullException, TimeZoneNotFoundException."""
    name = require(name, "id")
    if name.upper() == "UTC":
        return UTC_ZONE
    found = _zone(name)
    if found is None:
        raise TimeZoneNotFoundException(f"The time zone ID '{name}' was not found on the local computer.")
    return found


def _given(zone: TimeZone | None, name: str = "destinationTimeZone") -> TimeZone:
    return require(zone, name)


def _moment(ticks: int, zone: TimeZone) -> DateTime:
    clock = min(max(ticks + zone.offset_of_utc(ticks), 0), MAX_TICKS)
    return DateTime(clock, UTC if zone is UTC_ZONE else UNSPECIFIED)


@implements("System.TimeZoneInfo", "ConvertTime(DateTime, TimeZoneInfo)")
def convert(moment: DateTime, zone: TimeZone | None) -> DateTime:
    return _moment(moment.ticks, _given(zone))


@implements("System.TimeZoneInfo", "ConvertTime(DateTime, TimeZoneInfo, TimeZoneInfo)")
def _convert_between(moment: DateTime, source: TimeZone | None, target: TimeZone | None) -> DateTime:
    source, target = _given(source, "sourceTimeZone"), _given(target)
    if moment.kind != UNSPECIFIED and source is not UTC_ZONE:
        raise ArgumentException(_SOURCE_ZONE, "sourceTimeZone")
    if source.is_invalid(moment):
        raise ArgumentException(_SKIPPED_TIME, "dateTime")
    return _moment(moment.ticks - source.offset_of_clock(moment.ticks), target)


@implements("System.TimeZoneInfo", "ConvertTimeFromUtc")
def _convert_from_utc(moment: DateTime, zone: TimeZone | None) -> DateTime:
    if moment.kind == LOCAL:
        raise ArgumentException(_SOURCE_ZONE, "sourceTimeZone")
    return convert(moment, zone)


@implements("System.TimeZoneInfo", "ConvertTime(DateTimeOffset, TimeZoneInfo)")
def _convert_offset(moment: DateTimeOffset, zone: TimeZone | None) -> DateTimeOffset:
    offset = _given(zone).offset_of_utc(moment.utc_ticks)
    return DateTimeOffset(moment.utc_ticks + offset, offset)


@implements("System.TimeZoneInfo", "ConvertTimeBySystemTimeZoneId(DateTimeOffset, string)")
def _convert_offset_by_id(moment: DateTimeOffset, name: str | None) -> DateTimeOffset:
    return _convert_offset(moment, find(name))


@implements("System.TimeZoneInfo", "ConvertTimeBySystemTimeZoneId(DateTime, string, string)")
def _convert_between_ids(moment: DateTime, source: str | None, target: str | None) -> DateTime:
    return _convert_between(moment, find(source), find(target))


declines("System.TimeZoneInfo", "GetSystemTimeZones", reason="the list of zones is the gateway machine's own")
declines(
    "System.TimeZoneInfo",
    *("CreateCustomTimeZone", "ToSerializedString", "FromSerializedString", "GetAdjustmentRules"),
    reason="Azure refuses the rules of zones; policies use those of the system",
)

implements_all(
    "System.TimeZoneInfo",
    {
        "Utc": lambda: UTC_ZONE,
        "DisplayName": TimeZone.to_string,
        "StandardName": lambda zone: zone.standard_name,
        "DaylightName": lambda zone: zone.daylight_name,
        "BaseUtcOffset": lambda zone: TimeSpan(zone.base_offset),
        "SupportsDaylightSavingTime": lambda zone: zone.has_daylight_saving,
        "GetUtcOffset(DateTimeOffset)": lambda zone, moment: TimeSpan(zone.offset_of_utc(moment.utc_ticks)),
        "IsAmbiguousTime(DateTimeOffset)": lambda zone, moment: zone.is_ambiguous(moment.utc_datetime),
        "IsDaylightSavingTime(DateTimeOffset)": lambda zone, moment: zone.is_daylight_saving_time(moment.utc_datetime),
        "GetAmbiguousTimeOffsets(DateTimeOffset)": lambda zone, moment: zone.ambiguous_offsets(
            moment.utc_datetime, "DateTimeOffset"
        ),
        "ConvertTimeToUtc(DateTime)": lambda moment: DateTime(moment.ticks, UTC),
        "ClearCachedData": lambda: None,
        "ConvertTimeToUtc(DateTime, TimeZoneInfo)": lambda moment, source: _convert_between(moment, source, UTC_ZONE),
        "ConvertTimeBySystemTimeZoneId(DateTime, string)": lambda moment, name: convert(moment, find(name)),
        "Local": lambda: UTC_ZONE,
    },
)
