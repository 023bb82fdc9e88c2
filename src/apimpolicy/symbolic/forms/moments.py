"""The clock, which is another in each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic.forms import IMPURE, form
from apimpolicy.symbolic.origins import CLOCK, Origin
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_CLOCK = "the clock"
FIRST, LAST = 946_684_800, 4_102_444_800
"""From when to when the clock is moved, in seconds since 1970: from 2000 to 2100."""


def _impure(owner: str, what: str, *signatures: str) -> None:
    for signature in signatures:
        IMPURE[owner, signature] = what

    @form(owner, *signatures, but="anything: it is another in each run")
    def lost(call: Call) -> Dual:
        return Dual(lost=call.walker.obstacle(what, call.node), origin=_clock_of(call))


def _clock_of(call: Call) -> Origin | None:
    """Where the clock stands still while a request runs, a search may choose when it does."""
    seconds = call.walker.inputs.clock
    if seconds is None or not hasattr(call.value, "ticks"):
        return None
    given = call.walker.path.assignment.get((CLOCK,), seconds)
    term = call.walker.inputs.number(CLOCK, default=seconds, least=FIRST, most=LAST)
    return Origin(CLOCK, call.node, [Dual(given, term)])


_impure(
    "System.DateTime",
    _CLOCK,
    *(f"static System.DateTime {name} {{ get; }}" for name in ("UtcNow", "Now", "Today")),
)
_impure(
    "System.DateTimeOffset", _CLOCK, *(f"static System.DateTimeOffset {name} {{ get; }}" for name in ("UtcNow", "Now"))
)
_impure("IContext", _CLOCK, "System.TimeSpan Elapsed { get; }", "System.DateTime Timestamp { get; }")
