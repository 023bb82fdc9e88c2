"""The clock, moments and spans of time.

The clock is an input: seconds since 1970. It goes on while a gateway works, so that no proof rests on what it says.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.origins import CLOCK, Origin
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.symbolic.forms import Call
    from apimpolicy.symbolic.solver import Term

KEY = (CLOCK,)
EARLIEST, LATEST = 1_577_836_800, 4_102_444_799
"""The years 2020 to 2099."""
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999: `FromUnixTimeSeconds` throws ArgumentOutOfRangeException for others."""
_CLOCK = "the clock"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MOMENT, _OFFSET, _SPAN = "System.DateTime", "System.DateTimeOffset", "System.TimeSpan"
_BUT = "fractions of a second, and what is made of it as text"


class Moment:
    """The form of a DateTime or DateTimeOffset in UTC: seconds since 1970."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: Term) -> None:
        self.seconds = seconds


class Span:
    """The form of a TimeSpan, in seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: Term) -> None:
        self.seconds = seconds


def moment_of(seconds: int) -> datetime.datetime:
    """A moment by the seconds since 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _read_clock(call: Call, ticks: int) -> Dual:
    """What the clock says in this run; a gateway's says something else a moment later."""
    lost = call.walker.obstacle(_CLOCK, call.node)
    path, seconds = call.walker.path, (ticks - UNIX_EPOCH_TICKS) // TICKS_PER_SECOND
    now = call.walker.inputs.number(*KEY, default=seconds, least=EARLIEST, most=LATEST)
    given = path.assignment.get(KEY, call.walker.inputs.known[KEY].default)
    since = seconds - given
    origin = None if call.walker.inputs.clock is None else Origin(CLOCK, call.node, [Dual(given, now)])
    return Dual(form=Moment(solver.simplified(now + since)), lost=lost, origin=origin)


@form(_MOMENT, *(f"static {_MOMENT} {name} {{ get; }}" for name in ("UtcNow", "Now", "Today")), but=_BUT)
@form(_OFFSET, *(f"static {_OFFSET} {name} {{ get; }}" for name in ("UtcNow", "Now")), but=_BUT)
@form("IContext", f"{_MOMENT} Timestamp {{ get; }}", but=_BUT)
def clock(call: Call) -> Dual:
    found = _read_clock(call, _ticks_of(call.value))
    return _whole_day(found) if call.member.name == "Today" else found


@form("IContext", f"{_SPAN} Elapsed {{ get; }}", but="anything: it is another in each run")
def elapsed(call: Call) -> Dual:
    return Dual(lost=call.walker.obstacle(_CLOCK, call.node))


def _ticks_of(value: Any) -> int:
    found = getattr(value, "utc_ticks", None)
    return int(value.ticks if found is None else found)


def _seconds(dual: Dual) -> Term | None:
    """A moment or a span in seconds; None where it has no form."""
    if isinstance(dual.form, (Moment, Span)):
        return dual.form.seconds
    if not dual.is_constant or not hasattr(dual.value, "ticks"):
        return None
    since = UNIX_EPOCH_TICKS if not _is_span(dual.value) else 0
    whole, rest = divmod(_ticks_of(dual.value) - since, TICKS_PER_SECOND)
    return solver.constant(whole) if not rest else None


def _is_span(value: Any) -> bool:
    return type(value).__name__ == "TimeSpan"


def _whole_day(dual: Dual) -> Dual:
    seconds = dual.form.seconds
    return Dual(form=Moment(seconds - seconds % _DAY), lost=dual.lost)


def _part(owner: str, signature: str, make: Callable[[Term], Term]) -> None:
    """A member that is a number which the seconds say."""

    @form(owner, signature)
    def number(call: Call) -> Dual | None:
        own = call.own.form
        return Dual(term=make(own.seconds)) if isinstance(own, (Moment, Span)) else None


for _owner in (_MOMENT, _OFFSET):
    _part(_owner, "int Hour { get; }", lambda seconds: seconds % _DAY / _HOUR)
    _part(_owner, "int Minute { get; }", lambda seconds: seconds % _HOUR / _MINUTE)
    _part(_owner, "int Second { get; }", lambda seconds: seconds % _MINUTE)
    _part(_owner, "System.DayOfWeek DayOfWeek { get; }", lambda seconds: (seconds / _DAY + 4) % 7)
_part(_OFFSET, "long ToUnixTimeSeconds()", lambda seconds: seconds)
_part(_OFFSET, "long ToUnixTimeMilliseconds()", lambda seconds: seconds * 1000)
_part(_SPAN, "double TotalSeconds { get; }", lambda seconds: seconds)
_part(_SPAN, "double TotalMinutes { get; }", lambda seconds: solver.ratio(seconds, _MINUTE))
_part(_SPAN, "double TotalHours { get; }", lambda seconds: solver.ratio(seconds, _HOUR))
_part(_SPAN, "double TotalDays { get; }", lambda seconds: solver.ratio(seconds, _DAY))
_part(_SPAN, "double TotalMilliseconds { get; }", lambda seconds: seconds * 1000)


@form(_MOMENT, f"{_MOMENT} Date {{ get; }}")
def date(call: Call) -> Dual | None:
    return _whole_day(call.own) if isinstance(call.own.form, Moment) else None


@form(_MOMENT, f"{_SPAN} TimeOfDay {{ get; }}")
@form(_OFFSET, f"{_SPAN} TimeOfDay {{ get; }}")
def time_of_day(call: Call) -> Dual | None:
    own = call.own.form
    return Dual(form=Span(own.seconds % _DAY), lost=call.own.lost) if isinstance(own, Moment) else None


@form(_MOMENT, "int Year { get; }", "int Month { get; }", "int Day { get; }")
@form(_OFFSET, "int Year { get; }", "int Month { get; }", "int Day { get; }")
def part_of_date(call: Call) -> Dual | None:
    """It is what it was from the beginning of the year, month or day to its end."""
    own = call.own.form
    if not isinstance(own, Moment):
        return None
    now = moment_of(call.walker.inputs.value(own.seconds, call.walker.path.assignment))
    first, last = _around(now.date(), call.member.name)
    for bound, is_since in ((first, True), (last, False)):
        at = int(datetime.datetime(bound.year, bound.month, bound.day, tzinfo=datetime.UTC).timestamp())
        call.walker.path.hold(own.seconds >= at, is_since, "clock")
    return Dual()


def _around(day: datetime.date, part: str) -> tuple[datetime.date, datetime.date]:
    """The first day of a year, month or day, and the first one after it."""
    if part == "Day":
        return day, day + datetime.timedelta(days=1)
    first = day.replace(day=1) if part == "Month" else day.replace(month=1, day=1)
    return first, (first + datetime.timedelta(days=32 if part == "Month" else 366)).replace(day=1)


_UNITS = {"AddSeconds": 1, "AddMinutes": _MINUTE, "AddHours": _HOUR, "AddDays": _DAY}


@form(_MOMENT, *(f"{_MOMENT} {name}(double value)" for name in _UNITS))
@form(_OFFSET, *(f"{_OFFSET} {name}(double {name[3:].lower()})" for name in _UNITS))
def later(call: Call) -> Dual | None:
    own, more = _seconds(call.own), term_of(call.arguments[0])
    if own is None or more is None or not solver.is_whole(more):
        return None
    return Dual(form=Moment(own + more * _UNITS[call.member.name]), lost=call.own.lost)


@form(_SPAN, *(f"static {_SPAN} From{name}(double value)" for name in ("Seconds", "Minutes", "Hours", "Days")))
def span_from(call: Call) -> Dual | None:
    given = term_of(call.arguments[0])
    unit = _UNITS["Add" + call.member.name.removeprefix("From")]
    return None if given is None or not solver.is_whole(given) else Dual(form=Span(given * unit))


@form(_OFFSET, f"static {_OFFSET} FromUnixTimeSeconds(long seconds)")
def from_seconds(call: Call) -> Dual | None:
    given = term_of(call.arguments[0])
    if given is None or call.value is None:
        return None
    call.walker.path.hold(solver.every(given >= _FIRST, given <= _LAST), True, "clock")
    return Dual(form=Moment(given))


@form(_OFFSET, f"static {_OFFSET} op_Implicit({_MOMENT} dateTime)", f"{_OFFSET} ToUniversalTime()")
@form(_OFFSET, f"{_MOMENT} UtcDateTime {{ get; }}", f"{_MOMENT} DateTime {{ get; }}")
@form(_MOMENT, f"{_MOMENT} ToUniversalTime()")
def same_moment(call: Call) -> Dual | None:
    given = call.receiver if call.receiver is not None else call.arguments[0]
    return given if isinstance(given.form, Moment) else None


_COMPARING: dict[str, Callable[[Term, Term], Term]] = {
    "op_Equality": solver.equal,
    "op_Inequality": lambda one, two: solver.no(solver.equal(one, two)),
    "op_LessThan": lambda one, two: one < two,
    "op_LessThanOrEqual": lambda one, two: one <= two,
    "op_GreaterThan": lambda one, two: one > two,
    "op_GreaterThanOrEqual": lambda one, two: one >= two,
}
_PAIRS = {_MOMENT: (("d1", "d2"), ("t1", "t2")), _OFFSET: (("left", "right"),) * 2, _SPAN: (("t1", "t2"),) * 2}
_COMPARISONS = {
    owner: [
        f"static bool {name}({owner} {names['quality' not in name][0]}, {owner} {names['quality' not in name][1]})"
        for name in _COMPARING
    ]
    for owner, names in _PAIRS.items()
}


@form(_MOMENT, *_COMPARISONS[_MOMENT])
@form(_OFFSET, *_COMPARISONS[_OFFSET])
@form(_SPAN, *_COMPARISONS[_SPAN])
def compared(call: Call) -> Dual | None:
    one, two = (_seconds(each) for each in call.arguments)
    return None if one is None or two is None else Dual(term=_COMPARING[call.member.name](one, two))


@form(
    _MOMENT,
    f"static {_SPAN} op_Subtraction({_MOMENT} d1, {_MOMENT} d2)",
    f"static {_MOMENT} op_Subtraction({_MOMENT} d, {_SPAN} t)",
    f"static {_MOMENT} op_Addition({_MOMENT} d, {_SPAN} t)",
    f"{_SPAN} Subtract({_MOMENT} value)",
    f"{_MOMENT} Subtract({_SPAN} value)",
    f"{_MOMENT} Add({_SPAN} value)",
)
@form(
    _OFFSET,
    f"static {_SPAN} op_Subtraction({_OFFSET} left, {_OFFSET} right)",
    f"static {_OFFSET} op_Subtraction({_OFFSET} dateTimeOffset, {_SPAN} timeSpan)",
    f"static {_OFFSET} op_Addition({_OFFSET} dateTimeOffset, {_SPAN} timeSpan)",
    f"{_SPAN} Subtract({_OFFSET} value)",
    f"{_OFFSET} Subtract({_SPAN} value)",
    f"{_OFFSET} Add({_SPAN} timeSpan)",
)
def moved(call: Call) -> Dual | None:
    given = call.arguments if call.receiver is None else [call.receiver, *call.arguments]
    one, two = (_seconds(each) for each in given)
    if one is None or two is None:
        return None
    lost = given[0].lost or given[1].lost
    result = one + two if "Add" in call.member.name else one - two
    return Dual(form=(Span if str(call.node.type) == _SPAN else Moment)(result), lost=lost)
