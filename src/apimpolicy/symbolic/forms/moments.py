"""The clock, which is another in each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic.forms import IMPURE, form
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_CLOCK = "the clock"


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
