"""Dates by a `System.Globalization.Calendar`, which is always the Gregorian one: constructors only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentNullException
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.system.datetimes import from_parts
from apimpolicy.dotnet.system.offsets import from_datetime_offset

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.datetimes import DateTime
    from apimpolicy.dotnet.system.offsets import DateTimeOffset

_DATE, _CLOCK = "int year, int month, int day", "int hour, int minute, int second"


@implements(
    "System.DateTime",
    "new",
)
def make(*given: Any) -> DateTime:
    """The calendar comes behind the parts and before the kind; raises ArgumentNullException without one."""
    at = next(index for index, part in enumerate(given) if not isinstance(part, int))
    if given[at] is None:
        raise ArgumentNullException("calendar")
    return from_parts(*given[:at], *given[at + 1 :])


@implements("System.DateTimeOffset", "new(int, int, int, int, int, int, int, Calendar, TimeSpan)")
def make_offset(*given: Any) -> DateTimeOffset:
    return from_datetime_offset(make(*given[:-1]), given[-1])
