"""The clock, DateTime and TimeSpan.

The clock is an input: seconds since 1970. It advances while a gateway works, so that no proof rests on it.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import solver
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.origins import Origin
from apimpolicy.concolic.values import ConcolicValue, term_of
from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.records import Record
from apimpolicy.scenarios.assignments import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.concolic.forms import Call
    from apimpolicy.concolic.solver import Term

KEY = (CLOCK,)
EARLIEST, LATEST = 1_577_836_800, 4_102_444_799
"""The years 2020 to 2099."""
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999: `FromUnixTimeSeconds` throws ArgumentOutOfRangeException for others."""
_CLOCK = "the clock"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MOMENT, _OFFSET, _SPAN = "System.DateTime", "System.DateTimeOffset", "System.TimeSpan"
_BUT = "fractions of a second, and what is made of it as text"


class DateTimeForm(Record):
    """The form of a DateTime or DateTimeOffset in UTC: seconds since 1970."""

    seconds: Term


class TimeSpanForm(Record):
    """The form of a TimeSpan, in seconds."""

    seconds: Term


def date_time_of(seconds: int) -> datetime.datetime:
    """Return the date and time for seconds since 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _read_clock(call: Call, ticks: int) -> ConcolicValue:
    """Return the clock of this run."""
    unsupported = call.replayer.unsupported_at(_CLOCK, call.node)
    path, seconds = call.replayer.path, (ticks - UNIX_EPOCH_TICKS) // TICKS_PER_SECOND
    now = call.replayer.inputs.int_var(*KEY, default=seconds, least=EARLIEST, most=LATEST)
    given = path.assignment.get(KEY, call.replayer.inputs.known[KEY].default)
    since = seconds - given
    origin = None if call.replayer.inputs.clock is None else Origin(CLOCK, call.node, [ConcolicValue(given, now)])
    return ConcolicValue(form=DateTimeForm(solver.simplify(now + since)), unsupported=unsupported, origin=origin)


@form(_MOMENT, *(f"static {_MOMENT} {name} {{ get; }}" for name in ("UtcNow", "Now", "Today")), but=_BUT)
@form(_OFFSET, *(f"static {_OFFSET} {name} {{ get; }}" for name in ("UtcNow", "Now")), but=_BUT)
@form("IContext", f"{_MOMENT} Timestamp {{ get; }}", but=_BUT)
def clock(call: Call) -> ConcolicValue:
    found = _read_clock(call, _ticks_of(call.value))
    return _whole_day(found) if call.member.name == "Today" else found


@form("IContext", f"{_SPAN} Elapsed {{ get; }}", but="any value: it differs in each run")
def elapsed(call: Call) -> ConcolicValue:
    return ConcolicValue(unsupported=call.replayer.unsupported_at(_CLOCK, call.node))


def _ticks_of(value: Any) -> int:
    found = getattr(value, "utc_ticks", None)
    return int(value.ticks if found is None else found)


def _seconds(concolic: ConcolicValue) -> Term | None:
    """Return a date or time span in seconds; None where it has no form."""
    if isinstance(concolic.form, (DateTimeForm, TimeSpanForm)):
        return concolic.form.seconds
    if not concolic.is_constant or not hasattr(concolic.value, "ticks"):
        return None
    since = UNIX_EPOCH_TICKS if not _is_span(concolic.value) else 0
    whole, rest = divmod(_ticks_of(concolic.value) - since, TICKS_PER_SECOND)
    return solver.constant(whole) if not rest else None


def _is_span(value: Any) -> bool:
    return type(value).__name__ == "TimeSpan"


def _whole_day(concolic: ConcolicValue) -> ConcolicValue:
    seconds = concolic.form.seconds
    return ConcolicValue(form=DateTimeForm(seconds - seconds % _DAY), unsupported=concolic.unsupported)


def _part(owner: str, signature: str, make: Callable[[Term], Term]) -> None:
    """Register a member that is a number computed from the seconds."""

    @form(owner, signature)
    def number(call: Call) -> ConcolicValue | None:
        own = call.own.form
        return ConcolicValue(term=make(own.seconds)) if isinstance(own, (DateTimeForm, TimeSpanForm)) else None


for _owner in (_MOMENT, _OFFSET):
    _part(_owner, "int Hour { get; }", lambda seconds: seconds % _DAY / _HOUR)
    _part(_owner, "int Minute { get; }", lambda seconds: seconds % _HOUR / _MINUTE)
    _part(_owner, "int Second { get; }", lambda seconds: seconds % _MINUTE)
    _part(_owner, "System.DayOfWeek DayOfWeek { get; }", lambda seconds: (seconds / _DAY + 4) % 7)
_part(_OFFSET, "long ToUnixTimeSeconds()", lambda seconds: seconds)
_part(_OFFSET, "long ToUnixTimeMilliseconds()", lambda seconds: seconds * 1000)
_part(_SPAN, "double TotalSeconds { get; }", lambda seconds: seconds)
_part(_SPAN, "double TotalMinutes { get; }", lambda seconds: solver.quotient(seconds, _MINUTE))
_part(_SPAN, "double TotalHours { get; }", lambda seconds: solver.quotient(seconds, _HOUR))
_part(_SPAN, "double TotalDays { get; }", lambda seconds: solver.quotient(seconds, _DAY))
_part(_SPAN, "double TotalMilliseconds { get; }", lambda seconds: seconds * 1000)


@form(_MOMENT, f"{_MOMENT} Date {{ get; }}")
def date(call: Call) -> ConcolicValue | None:
    return _whole_day(call.own) if isinstance(call.own.form, DateTimeForm) else None


@form(_MOMENT, f"{_SPAN} TimeOfDay {{ get; }}")
@form(_OFFSET, f"{_SPAN} TimeOfDay {{ get; }}")
def time_of_day(call: Call) -> ConcolicValue | None:
    own = call.own.form
    return (
        ConcolicValue(form=TimeSpanForm(own.seconds % _DAY), unsupported=call.own.unsupported)
        if isinstance(own, DateTimeForm)
        else None
    )


@form(_MOMENT, "int Year { get; }", "int Month { get; }", "int Day { get; }")
@form(_OFFSET, "int Year { get; }", "int Month { get; }", "int Day { get; }")
def part_of_date(call: Call) -> ConcolicValue | None:
    """Return a part of a date, which is constant from the beginning of the year, month or day to its end."""
    own = call.own.form
    if not isinstance(own, DateTimeForm):
        return None
    now = date_time_of(call.replayer.inputs.value(own.seconds, call.replayer.path.assignment))
    first, last = _around(now.date(), call.member.name)
    for bound, is_since in ((first, True), (last, False)):
        at = int(datetime.datetime(bound.year, bound.month, bound.day, tzinfo=datetime.UTC).timestamp())
        call.replayer.path.add_branch(own.seconds >= at, is_since, "clock")
    return ConcolicValue()


def _around(day: datetime.date, part: str) -> tuple[datetime.date, datetime.date]:
    """Return the first day of a year, month or day, and the first one after it."""
    if part == "Day":
        return day, day + datetime.timedelta(days=1)
    first = day.replace(day=1) if part == "Month" else day.replace(month=1, day=1)
    return first, (first + datetime.timedelta(days=32 if part == "Month" else 366)).replace(day=1)


_UNITS = {"AddSeconds": 1, "AddMinutes": _MINUTE, "AddHours": _HOUR, "AddDays": _DAY}


@form(_MOMENT, *(f"{_MOMENT} {name}(double value)" for name in _UNITS))
@form(_OFFSET, *(f"{_OFFSET} {name}(double {name[3:].lower()})" for name in _UNITS))
def later(call: Call) -> ConcolicValue | None:
    own, more = _seconds(call.own), term_of(call.arguments[0])
    if own is None or more is None or not solver.is_int(more):
        return None
    return ConcolicValue(form=DateTimeForm(own + more * _UNITS[call.member.name]), unsupported=call.own.unsupported)


@form(_SPAN, *(f"static {_SPAN} From{name}(double value)" for name in ("Seconds", "Minutes", "Hours", "Days")))
def span_from(call: Call) -> ConcolicValue | None:
    given = term_of(call.arguments[0])
    unit = _UNITS["Add" + call.member.name.removeprefix("From")]
    return None if given is None or not solver.is_int(given) else ConcolicValue(form=TimeSpanForm(given * unit))


@form(_OFFSET, f"static {_OFFSET} FromUnixTimeSeconds(long seconds)")
def from_seconds(call: Call) -> ConcolicValue | None:
    given = term_of(call.arguments[0])
    if given is None or call.value is None:
        return None
    call.replayer.path.add_branch(solver.all_of(given >= _FIRST, given <= _LAST), True, "clock")
    return ConcolicValue(form=DateTimeForm(given))


@form(_OFFSET, f"static {_OFFSET} op_Implicit({_MOMENT} dateTime)", f"{_OFFSET} ToUniversalTime()")
@form(_OFFSET, f"{_MOMENT} UtcDateTime {{ get; }}", f"{_MOMENT} DateTime {{ get; }}")
@form(_MOMENT, f"{_MOMENT} ToUniversalTime()")
def same_moment(call: Call) -> ConcolicValue | None:
    given = call.receiver if call.receiver is not None else call.arguments[0]
    return given if isinstance(given.form, DateTimeForm) else None


_COMPARING: dict[str, Callable[[Term, Term], Term]] = {
    "op_Equality": solver.equal,
    "op_Inequality": lambda one, two: solver.not_(solver.equal(one, two)),
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
def compared(call: Call) -> ConcolicValue | None:
    one, two = (_seconds(each) for each in call.arguments)
    return None if one is None or two is None else ConcolicValue(term=_COMPARING[call.member.name](one, two))


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
def moved(call: Call) -> ConcolicValue | None:
    given = call.arguments if call.receiver is None else [call.receiver, *call.arguments]
    one, two = (_seconds(each) for each in given)
    if one is None or two is None:
        return None
    unsupported = given[0].unsupported or given[1].unsupported
    result = one + two if "Add" in call.member.name else one - two
    return ConcolicValue(
        form=(TimeSpanForm if str(call.node.type) == _SPAN else DateTimeForm)(result), unsupported=unsupported
    )
