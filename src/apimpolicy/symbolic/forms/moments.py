"""What is another in each run: the clock, random numbers and ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic.forms import IMPURE, form
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_CLOCK, _RANDOM = "the clock", "random numbers"


def _impure(owner: str, what: str, *signatures: str) -> None:
    for signature in signatures:
        IMPURE[owner, signature] = what

    @form(owner, *signatures, but="anything: it is another in each run")
    def lost(call: Call) -> Dual:
        return Dual(lost=call.walker.obstacle(what, call.node))


_impure(
    "System.DateTime",
    _CLOCK,
    *(f"static System.DateTime {name} {{ get; }}" for name in ("UtcNow", "Now", "Today")),
)
_impure(
    "System.DateTimeOffset", _CLOCK, *(f"static System.DateTimeOffset {name} {{ get; }}" for name in ("UtcNow", "Now"))
)
_impure("IContext", _CLOCK, "System.TimeSpan Elapsed { get; }", "System.DateTime Timestamp { get; }")
REQUEST_IDS = tuple(f"{number:08x}-0000-4000-8000-00000000000{number:x}" for number in range(1, 9))
"""Ids that are tried where a policy makes something of the request's id, as a seed."""


@form("IContext", "System.Guid RequestId { get; }", but="all but a few ids that are tried")
def request_id(call: Call) -> Dual:
    """Another in each run; a few are tried, since policies make random numbers of it."""
    path = call.walker.path
    term = call.walker.inputs.one_of("request-id", choices=("", *REQUEST_IDS))
    actual = path.assignment.get(("request-id",), "")
    path.choose(term, (*REQUEST_IDS, ""), actual, "request-id")
    lost = call.walker.obstacle(_RANDOM, call.node)
    path.blocked(lost)
    return Dual() if actual else Dual(lost=lost)


_impure("System.Guid", _RANDOM, "static System.Guid NewGuid()")


class Chance:
    """The form of a `new Random()`, whose numbers are inputs one after another."""

    __slots__ = ()


@form("System.Random", "new()")
def new_random(call: Call) -> Dual:
    return Dual(form=Chance())


@form("System.Random", "int Next(int minValue, int maxValue)", "int Next(int maxValue)", "int Next()")
def next_number(call: Call) -> Dual | None:
    if not isinstance(call.own.form, Chance) or not all(each.is_constant for each in call.arguments):
        return None
    given = [int(each.value) for each in call.arguments]
    least, most = (0, 2**31 - 1) if not given else (0, given[0]) if len(given) == 1 else (given[0], given[1])
    if least >= most:
        return None
    state = call.walker.state
    number = str(state.draws)
    state.draws += 1
    call.walker.path.drawn("random", number, str(least), str(most), value=call.value)
    return Dual(
        term=call.walker.inputs.number(
            "random", number, str(least), str(most), default=least, least=least, most=most - 1
        )
    )


@form("System.Random", "double NextDouble()", but="anything: it has no form")
def next_fraction(call: Call) -> Dual:
    call.walker.state.draws += 1
    return Dual(lost=call.walker.obstacle(_RANDOM, call.node))
