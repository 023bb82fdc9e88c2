"""`System.TimeZoneInfo`, by IANA names and the usual Windows names, from the machine's or Python's time zone data."""

from __future__ import annotations

import datetime
import functools
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentNullException, TimeZoneNotFoundException
from apimpolicy.dotnet.registry import dotnet_class, implements, member
from apimpolicy.dotnet.system.datetimes import LOCAL, MAX_TICKS, UNSPECIFIED, UTC, DateTime
from apimpolicy.dotnet.system.objects import get_hash_code
from apimpolicy.dotnet.system.offsets import DateTimeOffset
from apimpolicy.dotnet.system.timespans import DAY, TimeSpan

if TYPE_CHECKING:
    import zoneinfo

_WINDOWS = {
    "Dateline Standard Time": "Etc/GMT+12",
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "Alaskan Standard Time": "America/Anchorage",
    "Pacific Standard Time": "America/Los_Angeles",
    "US Mountain Standard Time": "America/Phoenix",
    "Mountain Standard Time": "America/Denver",
    "Central Standard Time": "America/Chicago",
    "Central America Standard Time": "America/Guatemala",
    "Central Standard Time (Mexico)": "America/Mexico_City",
    "Canada Central Standard Time": "America/Regina",
    "Eastern Standard Time": "America/New_York",
    "US Eastern Standard Time": "America/Indianapolis",
    "SA Pacific Standard Time": "America/Bogota",
    "Atlantic Standard Time": "America/Halifax",
    "SA Western Standard Time": "America/La_Paz",
    "Pacific SA Standard Time": "America/Santiago",
    "Newfoundland Standard Time": "America/St_Johns",
    "E. South America Standard Time": "America/Sao_Paulo",
    "Argentina Standard Time": "America/Buenos_Aires",
    "SA Eastern Standard Time": "America/Cayenne",
    "Azores Standard Time": "Atlantic/Azores",
    "GMT Standard Time": "Europe/London",
    "Greenwich Standard Time": "Atlantic/Reykjavik",
    "Morocco Standard Time": "Africa/Casablanca",
    "W. Europe Standard Time": "Europe/Berlin",
    "Central Europe Standard Time": "Europe/Budapest",
    "Romance Standard Time": "Europe/Paris",
    "Central European Standard Time": "Europe/Warsaw",
    "W. Central Africa Standard Time": "Africa/Lagos",
    "GTB Standard Time": "Europe/Bucharest",
    "Egypt Standard Time": "Africa/Cairo",
    "E. Europe Standard Time": "Europe/Chisinau",
    "FLE Standard Time": "Europe/Kiev",
    "Israel Standard Time": "Asia/Jerusalem",
    "South Africa Standard Time": "Africa/Johannesburg",
    "Turkey Standard Time": "Europe/Istanbul",
    "Arab Standard Time": "Asia/Riyadh",
    "Russian Standard Time": "Europe/Moscow",
    "E. Africa Standard Time": "Africa/Nairobi",
    "Iran Standard Time": "Asia/Tehran",
    "Arabian Standard Time": "Asia/Dubai",
    "Pakistan Standard Time": "Asia/Karachi",
    "India Standard Time": "Asia/Calcutta",
    "Sri Lanka Standard Time": "Asia/Colombo",
    "Bangladesh Standard Time": "Asia/Dhaka",
    "SE Asia Standard Time": "Asia/Bangkok",
    "China Standard Time": "Asia/Shanghai",
    "Singapore Standard Time": "Asia/Singapore",
    "Taipei Standard Time": "Asia/Taipei",
    "W. Australia Standard Time": "Australia/Perth",
    "Tokyo Standard Time": "Asia/Tokyo",
    "Korea Standard Time": "Asia/Seoul",
    "Cen. Australia Standard Time": "Australia/Adelaide",
    "AUS Central Standard Time": "Australia/Darwin",
    "E. Australia Standard Time": "Australia/Brisbane",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Tasmania Standard Time": "Australia/Hobart",
    "New Zealand Standard Time": "Pacific/Auckland",
}
"""Microsoft's names to IANA's, for the territory 001 of CLDR's `windowsZones`."""

_SOURCE_ZONE = (
    "The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly. "
    "For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local."
)


@dotnet_class("System.TimeZoneInfo", attributes={"Id": "id"})
class TimeZone:
    """A time zone; `zone` is None for UTC."""

    __slots__ = ("id", "zone")

    def __init__(self, name: str, zone: zoneinfo.ZoneInfo | None) -> None:
        self.id = name
        self.zone = zone

    def _local(self, ticks: int) -> datetime.datetime:
        seconds = ticks // 10_000_000
        return datetime.datetime.min + datetime.timedelta(seconds=seconds)

    def offset_of_utc(self, ticks: int) -> int:
        """Ticks east of UTC at a moment given in UTC."""
        if self.zone is None or not DAY < ticks < MAX_TICKS - DAY:
            return 0
        moment = self._local(ticks).replace(tzinfo=datetime.UTC).astimezone(self.zone)
        return _ticks(moment.utcoffset())

    def offset_of_clock(self, ticks: int) -> int:
        """Ticks east of UTC at a clock time; of an ambiguous time the standard one, as .NET takes it."""
        if self.zone is None or not DAY < ticks < MAX_TICKS - DAY:
            return 0
        moment = self._local(ticks).replace(tzinfo=self.zone)
        return min(_ticks(moment.utcoffset()), _ticks(moment.replace(fold=1).utcoffset()))

    @member("System.TimeSpan GetUtcOffset(System.DateTime dateTime)")
    def get_utc_offset(self, moment: DateTime) -> TimeSpan:
        known = self.offset_of_clock if moment.kind == UNSPECIFIED else self.offset_of_utc
        return TimeSpan(known(moment.ticks))

    @member("System.TimeSpan GetUtcOffset(System.DateTimeOffset dateTimeOffset)")
    def _get_utc_offset(self, moment: DateTimeOffset) -> TimeSpan:
        return TimeSpan(self.offset_of_utc(moment.utc_ticks))

    @member("bool IsDaylightSavingTime(System.DateTime dateTime)")
    def is_daylight_saving_time(self, moment: DateTime) -> bool:
        if self.zone is None:
            return False
        local = self._local(moment.ticks)
        if moment.kind == UNSPECIFIED:
            return bool(local.replace(tzinfo=self.zone, fold=1).dst())
        return bool(local.replace(tzinfo=datetime.UTC).astimezone(self.zone).dst())

    @member("bool Equals(System.TimeZoneInfo other)")
    @member("bool Equals(object obj)")
    def equals(self, other: Any) -> bool:
        return isinstance(other, TimeZone) and other.id.lower() == self.id.lower()

    @member("int GetHashCode()")
    def get_hash_code(self) -> int:
        return get_hash_code(self.id.upper())

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self.id.lower())


def _ticks(delta: datetime.timedelta | None) -> int:
    return 0 if delta is None else (delta.days * 86_400 + delta.seconds) * 10_000_000


UTC_ZONE = TimeZone("UTC", None)


@functools.lru_cache(256)
def _zone(name: str) -> TimeZone | None:
    import zoneinfo

    try:
        return TimeZone(name, zoneinfo.ZoneInfo(_WINDOWS.get(name, name)))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


@implements("System.TimeZoneInfo", "static System.TimeZoneInfo FindSystemTimeZoneById(string id)")
def find(name: str | None) -> TimeZone:
    """Raises ArgumentNullException, TimeZoneNotFoundException."""
    if name is None:
        raise ArgumentNullException("id")
    if name.upper() == "UTC":
        return UTC_ZONE
    found = _zone(name)
    if found is None:
        raise TimeZoneNotFoundException(f"The time zone ID '{name}' was not found on the local computer.")
    return found


@implements("System.TimeZoneInfo", "static System.TimeZoneInfo Utc { get; }")
def _utc() -> TimeZone:
    return UTC_ZONE


@implements("System.TimeZoneInfo", "static System.TimeZoneInfo Local { get; }")
def _local_zone() -> TimeZone:
    """The gateway's zone is UTC."""
    return UTC_ZONE


def _given(zone: TimeZone | None, name: str = "destinationTimeZone") -> TimeZone:
    if zone is None:
        raise ArgumentNullException(name)
    return zone


def _moment(ticks: int, zone: TimeZone) -> DateTime:
    """A moment in UTC as the clock of a zone shows it."""
    clock = min(max(ticks + zone.offset_of_utc(ticks), 0), MAX_TICKS)
    return DateTime(clock, UTC if zone is UTC_ZONE else UNSPECIFIED)


@implements(
    "System.TimeZoneInfo",
    "static System.DateTime ConvertTime(System.DateTime dateTime, System.TimeZoneInfo destinationTimeZone)",
)
def convert(moment: DateTime, zone: TimeZone | None) -> DateTime:
    """A moment without kind counts as the gateway's local time, UTC."""
    return _moment(moment.ticks, _given(zone))


@implements(
    "System.TimeZoneInfo",
    "static System.DateTime ConvertTime(System.DateTime dateTime, System.TimeZoneInfo sourceTimeZone, "
    "System.TimeZoneInfo destinationTimeZone)",
)
def _convert_between(moment: DateTime, source: TimeZone | None, target: TimeZone | None) -> DateTime:
    source, target = _given(source, "sourceTimeZone"), _given(target)
    if moment.kind != UNSPECIFIED and source is not UTC_ZONE:
        raise ArgumentException(_SOURCE_ZONE, "sourceTimeZone")
    return _moment(moment.ticks - source.offset_of_clock(moment.ticks), target)


@implements(
    "System.TimeZoneInfo",
    "static System.DateTime ConvertTimeFromUtc(System.DateTime dateTime, System.TimeZoneInfo destinationTimeZone)",
)
def _convert_from_utc(moment: DateTime, zone: TimeZone | None) -> DateTime:
    if moment.kind == LOCAL:
        raise ArgumentException(_SOURCE_ZONE, "sourceTimeZone")
    return convert(moment, zone)


@implements("System.TimeZoneInfo", "static System.DateTime ConvertTimeToUtc(System.DateTime dateTime)")
def _to_utc(moment: DateTime) -> DateTime:
    return DateTime(moment.ticks, UTC)


@implements(
    "System.TimeZoneInfo",
    "static System.DateTime ConvertTimeToUtc(System.DateTime dateTime, System.TimeZoneInfo sourceTimeZone)",
)
def _to_utc_from(moment: DateTime, source: TimeZone | None) -> DateTime:
    return _convert_between(moment, source, UTC_ZONE)


@implements(
    "System.TimeZoneInfo",
    "static System.DateTimeOffset ConvertTime(System.DateTimeOffset dateTimeOffset, "
    "System.TimeZoneInfo destinationTimeZone)",
)
def _convert_offset(moment: DateTimeOffset, zone: TimeZone | None) -> DateTimeOffset:
    offset = _given(zone).offset_of_utc(moment.utc_ticks)
    return DateTimeOffset(moment.utc_ticks + offset, offset)


@implements(
    "System.TimeZoneInfo",
    "static System.DateTime ConvertTimeBySystemTimeZoneId(System.DateTime dateTime, string destinationTimeZoneId)",
)
def _convert_by_id(moment: DateTime, name: str | None) -> DateTime:
    return convert(moment, find(name))


@implements(
    "System.TimeZoneInfo",
    "static System.DateTimeOffset ConvertTimeBySystemTimeZoneId(System.DateTimeOffset dateTimeOffset, "
    "string destinationTimeZoneId)",
)
def _convert_offset_by_id(moment: DateTimeOffset, name: str | None) -> DateTimeOffset:
    return _convert_offset(moment, find(name))


@implements(
    "System.TimeZoneInfo",
    "static System.DateTime ConvertTimeBySystemTimeZoneId(System.DateTime dateTime, string sourceTimeZoneId, "
    "string destinationTimeZoneId)",
)
def _convert_between_ids(moment: DateTime, source: str | None, target: str | None) -> DateTime:
    return _convert_between(moment, find(source), find(target))
