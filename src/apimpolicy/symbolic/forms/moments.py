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

    @form(owner, *signatures)
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
_impure("IContext", _RANDOM, "System.Guid RequestId { get; }")
_impure("System.Guid", _RANDOM, "static System.Guid NewGuid()")
_impure("System.Random", _RANDOM, "new()")
