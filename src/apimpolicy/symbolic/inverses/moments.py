"""Moments that come of texts and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.system.datetimes import UTC, DateTime
from apimpolicy.dotnet.system.offsets import DateTimeOffset
from apimpolicy.dotnet.system.timespans import TimeSpan
from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.origins import THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wishes

_SECOND = 10_000_000
_EPOCH = 621_355_968_000_000_000
_UNITS = {
    "Milliseconds": _SECOND // 1000,
    "Seconds": _SECOND,
    "Minutes": 60 * _SECOND,
    "Hours": 3600 * _SECOND,
    "Days": 86_400 * _SECOND,
    "Ticks": 1,
}
_KINDS = ("System.DateTime", "System.DateTimeOffset")
_PARSING = [f"{kind}.{name}" for kind in _KINDS for name in ("Parse", "ParseExact", "TryParse", "TryParseExact")]
_PARSING.append("System.Convert.ToDateTime")


def _unit(name: str) -> int:
    return next(size for unit, size in _UNITS.items() if name.endswith(unit))


def _ticks(moment: Any) -> int:
    """The ticks of a moment, by UTC."""
    return int(moment.utc_ticks if isinstance(moment, DateTimeOffset) else moment.ticks)


def _text(moment: Any) -> str:
    import datetime

    seconds = (_ticks(moment) - _EPOCH) // _SECOND
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@inverse(*_PARSING)
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
    yield {0: (_ticks(asked.wanted) - _EPOCH) // _unit(asked.origin.name)}


@inverse("System.DateTimeOffset.ToUnixTimeSeconds", "System.DateTimeOffset.ToUnixTimeMilliseconds")
def as_unix_time(asked: Asked) -> Wishes:
    yield {0: DateTimeOffset(_EPOCH + asked.wanted * _unit(asked.origin.name))}


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
    before = _ticks(wanted) - int(number * unit)
    yield {0: DateTimeOffset(before) if isinstance(moment, DateTimeOffset) else DateTime(before, moment.kind)}
    yield {1: change // unit}


@inverse(*(f"{kind}.{name}" for kind in _KINDS for name in ("Subtract", "op_Subtraction")))
def subtracted(asked: Asked) -> Wishes:
    if not isinstance(asked.wanted, TimeSpan):
        return
    one, other = asked.was(0), asked.was(1)
    for index, ticks in ((1, _ticks(one) - asked.wanted.ticks), (0, _ticks(other) + asked.wanted.ticks)):
        kind = asked.was(index)
        yield {index: DateTimeOffset(ticks) if isinstance(kind, DateTimeOffset) else DateTime(ticks, kind.kind)}


@inverse(*(f"System.TimeSpan.Total{unit}" for unit in _UNITS))
def total(asked: Asked) -> Wishes:
    yield {0: TimeSpan(int(asked.wanted * _unit(asked.origin.name)))}


@inverse(*(f"System.TimeSpan.From{unit}" for unit in _UNITS))
def of_total(asked: Asked) -> Wishes:
    yield {0: asked.wanted.ticks // _unit(asked.origin.name)}


@inverse("System.Guid.Parse", "System.Guid.TryParse", f"{THROWS}System.Guid.Parse", "new System.Guid")
def guid(asked: Asked) -> Wishes:
    fails = asked.wanted is True if asked.origin.name.startswith(THROWS) else asked.wanted is False
    yield {0: "x" if fails else "11111111-2222-3333-4444-555555555555" if asked.wanted in (True, False) else str(asked.wanted)}
