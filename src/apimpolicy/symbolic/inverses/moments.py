"""Moments that come of texts and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.dotnet.system.datetimes import UTC, DateTime
from apimpolicy.dotnet.system.offsets import DateTimeOffset
from apimpolicy.dotnet.system.timespans import DAY, HOUR, MILLISECOND, MINUTE, SECOND, TimeSpan
from apimpolicy.symbolic.forms.moments import moment_of
from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.origins import CLOCK, OUTPUT, THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes

_UNITS = {"Milliseconds": MILLISECOND, "Seconds": SECOND, "Minutes": MINUTE, "Hours": HOUR, "Days": DAY, "Ticks": 1}
_KINDS = ("System.DateTime", "System.DateTimeOffset")
_PARSING = [f"{kind}.{name}" for kind in _KINDS for name in ("Parse", "ParseExact", "TryParse", "TryParseExact")]
_PARSING.append("System.Convert.ToDateTime")


def _unit(name: str) -> int:
    return next(size for unit, size in _UNITS.items() if name.endswith(unit))


def _ticks(moment: Any) -> int:
    """The ticks of a moment, by UTC."""
    return int(moment.utc_ticks if isinstance(moment, DateTimeOffset) else moment.ticks)


def _text(moment: Any) -> str:
    return f"{moment_of((_ticks(moment) - UNIX_EPOCH_TICKS) // SECOND):%Y-%m-%dT%H:%M:%SZ}"


@inverse(*_PARSING, *(f"{OUTPUT}{name}" for name in _PARSING))
def parsed(asked: Asked) -> Wishes:
    if asked.wanted is True:
        yield {0: "2030-01-01T00:00:00Z"}
    elif asked.wanted is False:
        yield {0: "x"}
    else:
        yield {0: _text(asked.wanted)}


@inverse(*(THROWS + name for name in _PARSING))
def is_moment(asked: Asked) -> Wishes:
    yield {0: "x" if asked.wanted else "2030-01-01T00:00:00Z"}


@inverse("System.DateTimeOffset.FromUnixTimeSeconds", "System.DateTimeOffset.FromUnixTimeMilliseconds")
def of_unix_time(asked: Asked) -> Wishes:
    yield {0: (_ticks(asked.wanted) - UNIX_EPOCH_TICKS) // _unit(asked.origin.name)}


@inverse("System.DateTimeOffset.ToUnixTimeSeconds", "System.DateTimeOffset.ToUnixTimeMilliseconds")
def as_unix_time(asked: Asked) -> Wishes:
    yield {0: DateTimeOffset(UNIX_EPOCH_TICKS + asked.wanted * _unit(asked.origin.name))}


@inverse(
    *("System.DateTimeOffset.UtcDateTime", "System.DateTimeOffset.DateTime", "System.DateTimeOffset.LocalDateTime"),
    *(f"{kind}.{name}" for kind in _KINDS for name in ("ToUniversalTime", "ToLocalTime")),
    "System.DateTime.SpecifyKind",
)
def same_moment(asked: Asked) -> Wishes:
    is_offset = isinstance(asked.was(0), DateTimeOffset)
    ticks = _ticks(asked.wanted)
    yield {0: DateTimeOffset(ticks) if is_offset else DateTime(ticks, UTC)}


@inverse(*(f"{kind}.Add{unit}" for kind in _KINDS for unit in _UNITS))
def added(asked: Asked) -> Wishes:
    moment, number, wanted = asked.was(0), asked.was(1), asked.wanted
    change = _ticks(wanted) - _ticks(moment)
    unit = _unit(asked.origin.name)
    yield {0: _like(moment, _ticks(wanted) - int(number * unit))}
    yield {1: change // unit}


@inverse(*(f"{kind}.Subtract" for kind in _KINDS))
def subtracted(asked: Asked) -> Wishes:
    return moved(asked, -1)


def moved(asked: Asked, sign: int) -> Wishes:
    """A moment or span and another one together, or with -1 what is between them."""
    one, other, wanted = asked.was(0), asked.was(1), asked.wanted
    yield {0: _like(one, _ticks(wanted) - sign * _ticks(other))}
    yield {1: _like(other, sign * (_ticks(wanted) - _ticks(one)))}


def _like(value: Any, ticks: int) -> Any:
    """A moment or span of the same type."""
    if isinstance(value, DateTimeOffset):
        return DateTimeOffset(ticks)
    return DateTime(ticks, value.kind) if isinstance(value, DateTime) else TimeSpan(ticks)


@inverse(*(f"System.TimeSpan.Total{unit}" for unit in _UNITS if unit != "Ticks"))
def total(asked: Asked) -> Wishes:
    yield {0: TimeSpan(int(asked.wanted * _unit(asked.origin.name)))}


@inverse("System.TimeSpan.Duration")
def duration(asked: Asked) -> Wishes:
    yield {0: asked.wanted}
    yield {0: TimeSpan(-asked.wanted.ticks)}


@inverse(*(f"System.TimeSpan.From{unit}" for unit in _UNITS))
def of_total(asked: Asked) -> Wishes:
    yield {0: asked.wanted.ticks // _unit(asked.origin.name)}


@inverse(CLOCK)
def clock(asked: Asked) -> Wishes:
    yield {0: (_ticks(asked.wanted) - UNIX_EPOCH_TICKS) // SECOND}


_PARTS = {"Hour": HOUR, "Minute": MINUTE, "Second": SECOND, "Day": DAY}


@inverse(*(f"{kind}.{part}" for kind in _KINDS for part in _PARTS))
def part(asked: Asked) -> Wishes:
    """The moment moves by what is missing."""
    unit = _PARTS[asked.origin.name.rpartition(".")[2]]
    yield {0: _moved(asked, (asked.wanted - asked.origin.value) * unit)}


@inverse(*(f"{kind}.DayOfWeek" for kind in _KINDS))
def day_of_week(asked: Asked) -> Wishes:
    days = int(asked.wanted) - int(asked.origin.value)
    yield {0: _moved(asked, days * DAY)}


@inverse(*(f"{kind}.{part}" for kind in _KINDS for part in ("Month", "Year", "DayOfYear")))
def long_part(asked: Asked) -> Wishes:
    """Months and years of an average length: in the middle of one they fit."""
    days = {"Month": 30.44, "Year": 365.25}.get(asked.origin.name.rpartition(".")[2], 1)
    yield {0: _moved(asked, int((asked.wanted - asked.origin.value) * days) * DAY)}


@inverse(*(f"{kind}.{part}" for kind in _KINDS for part in ("Date", "TimeOfDay", "Ticks")))
def big_part(asked: Asked) -> Wishes:
    wanted, value = asked.wanted, asked.origin.value
    yield {0: _moved(asked, wanted - value if isinstance(wanted, int) else wanted.ticks - value.ticks)}


@inverse(
    *(
        f"System.TimeZoneInfo.{name}"
        for name in ("ConvertTime", "ConvertTimeBySystemTimeZoneId", "ConvertTimeFromUtc", "ConvertTimeToUtc")
    ),
    "System.DateTimeOffset.ToOffset",
)
def in_a_zone(asked: Asked) -> Wishes:
    """The moment is as far from what it is there as it was."""
    yield {0: _moved(asked, asked.wanted.ticks - asked.origin.value.ticks)}


def _moved(asked: Asked, ticks: int) -> Any:
    """The first operand, so much later."""
    return _like(asked.was(0), _ticks(asked.was(0)) + ticks)
