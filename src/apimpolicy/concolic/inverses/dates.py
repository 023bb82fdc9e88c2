"""Dates that are computed from strings and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic.forms.dates import date_time_of
from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import OUTPUT, THROWS
from apimpolicy.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.dotnet.system.datetimes import UTC, DateTime
from apimpolicy.dotnet.system.offsets import DateTimeOffset
from apimpolicy.dotnet.system.timespans import DAY, HOUR, MILLISECOND, MINUTE, SECOND, TimeSpan
from apimpolicy.scenarios.assignments import CLOCK

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_UNITS = {"Milliseconds": MILLISECOND, "Seconds": SECOND, "Minutes": MINUTE, "Hours": HOUR, "Days": DAY, "Ticks": 1}
_KINDS = ("System.DateTime", "System.DateTimeOffset")
_PARSING = [f"{kind}.{name}" for kind in _KINDS for name in ("Parse", "ParseExact", "TryParse", "TryParseExact")]
_PARSING.append("System.Convert.ToDateTime")


def _unit(name: str) -> int:
    return next(size for unit, size in _UNITS.items() if name.endswith(unit))


def _ticks(moment: Any) -> int:
    """Return the ticks of a date, in UTC."""
    return int(moment.utc_ticks if isinstance(moment, DateTimeOffset) else moment.ticks)


def _text(moment: Any) -> str:
    return f"{date_time_of((_ticks(moment) - UNIX_EPOCH_TICKS) // SECOND):%Y-%m-%dT%H:%M:%SZ}"


@inverse(*_PARSING, *(f"{OUTPUT}{name}" for name in _PARSING))
def parsed(query: InverseQuery) -> Preimages:
    if query.wanted is True:
        yield {0: "2030-01-01T00:00:00Z"}
    elif query.wanted is False:
        yield {0: "x"}
    else:
        yield {0: _text(query.wanted)}


@inverse(*(THROWS + name for name in _PARSING))
def is_moment(query: InverseQuery) -> Preimages:
    yield {0: "x" if query.wanted else "2030-01-01T00:00:00Z"}


@inverse("System.DateTimeOffset.FromUnixTimeSeconds", "System.DateTimeOffset.FromUnixTimeMilliseconds")
def of_unix_time(query: InverseQuery) -> Preimages:
    yield {0: (_ticks(query.wanted) - UNIX_EPOCH_TICKS) // _unit(query.origin.name)}


@inverse("System.DateTimeOffset.ToUnixTimeSeconds", "System.DateTimeOffset.ToUnixTimeMilliseconds")
def as_unix_time(query: InverseQuery) -> Preimages:
    yield {0: DateTimeOffset(UNIX_EPOCH_TICKS + query.wanted * _unit(query.origin.name))}


@inverse(
    *("System.DateTimeOffset.UtcDateTime", "System.DateTimeOffset.DateTime", "System.DateTimeOffset.LocalDateTime"),
    *(f"{kind}.{name}" for kind in _KINDS for name in ("ToUniversalTime", "ToLocalTime")),
    "System.DateTime.SpecifyKind",
)
def same_moment(query: InverseQuery) -> Preimages:
    is_offset = isinstance(query.was(0), DateTimeOffset)
    ticks = _ticks(query.wanted)
    yield {0: DateTimeOffset(ticks) if is_offset else DateTime(ticks, UTC)}


@inverse(*(f"{kind}.Add{unit}" for kind in _KINDS for unit in _UNITS))
def added(query: InverseQuery) -> Preimages:
    moment, number, wanted = query.was(0), query.was(1), query.wanted
    change = _ticks(wanted) - _ticks(moment)
    unit = _unit(query.origin.name)
    yield {0: _like(moment, _ticks(wanted) - int(number * unit))}
    yield {1: change // unit}


@inverse(*(f"{kind}.Subtract" for kind in _KINDS))
def subtracted(query: InverseQuery) -> Preimages:
    return moved(query, -1)


def moved(query: InverseQuery, sign: int) -> Preimages:
    """Yield the operands of a sum of a date and a span, or with -1 of a difference."""
    one, other, wanted = query.was(0), query.was(1), query.wanted
    yield {0: _like(one, _ticks(wanted) - sign * _ticks(other))}
    yield {1: _like(other, sign * (_ticks(wanted) - _ticks(one)))}


def _like(value: Any, ticks: int) -> Any:
    """Return a date or span of the same type."""
    if isinstance(value, DateTimeOffset):
        return DateTimeOffset(ticks)
    return DateTime(ticks, value.kind) if isinstance(value, DateTime) else TimeSpan(ticks)


@inverse(*(f"System.TimeSpan.Total{unit}" for unit in _UNITS if unit != "Ticks"))
def total(query: InverseQuery) -> Preimages:
    yield {0: TimeSpan(int(query.wanted * _unit(query.origin.name)))}


@inverse("System.TimeSpan.Duration")
def duration(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}
    yield {0: TimeSpan(-query.wanted.ticks)}


@inverse(*(f"System.TimeSpan.From{unit}" for unit in _UNITS))
def of_total(query: InverseQuery) -> Preimages:
    yield {0: query.wanted.ticks // _unit(query.origin.name)}


@inverse(CLOCK)
def clock(query: InverseQuery) -> Preimages:
    yield {0: (_ticks(query.wanted) - UNIX_EPOCH_TICKS) // SECOND}


_PARTS = {"Hour": HOUR, "Minute": MINUTE, "Second": SECOND, "Day": DAY}


@inverse(*(f"{kind}.{part}" for kind in _KINDS for part in _PARTS))
def part(query: InverseQuery) -> Preimages:
    """The moment moves by what is missing."""
    unit = _PARTS[query.origin.name.rpartition(".")[2]]
    yield {0: _moved(query, (query.wanted - query.origin.value) * unit)}


@inverse(*(f"{kind}.DayOfWeek" for kind in _KINDS))
def day_of_week(query: InverseQuery) -> Preimages:
    days = int(query.wanted) - int(query.origin.value)
    yield {0: _moved(query, days * DAY)}


@inverse(*(f"{kind}.{part}" for kind in _KINDS for part in ("Month", "Year", "DayOfYear")))
def long_part(query: InverseQuery) -> Preimages:
    """Months and years of an average length: in the middle of one they fit."""
    days = {"Month": 30.44, "Year": 365.25}.get(query.origin.name.rpartition(".")[2], 1)
    yield {0: _moved(query, int((query.wanted - query.origin.value) * days) * DAY)}


@inverse(*(f"{kind}.{part}" for kind in _KINDS for part in ("Date", "TimeOfDay", "Ticks")))
def big_part(query: InverseQuery) -> Preimages:
    wanted, value = query.wanted, query.origin.value
    yield {0: _moved(query, wanted - value if isinstance(wanted, int) else wanted.ticks - value.ticks)}


@inverse(
    *(
        f"System.TimeZoneInfo.{name}"
        for name in ("ConvertTime", "ConvertTimeBySystemTimeZoneId", "ConvertTimeFromUtc", "ConvertTimeToUtc")
    ),
    "System.DateTimeOffset.ToOffset",
)
def in_a_zone(query: InverseQuery) -> Preimages:
    """The moment is as far from what it is there as it was."""
    yield {0: _moved(query, query.wanted.ticks - query.origin.value.ticks)}


def _moved(query: InverseQuery, ticks: int) -> Any:
    """Yield the first operand, moved by ticks."""
    return _like(query.was(0), _ticks(query.was(0)) + ticks)
