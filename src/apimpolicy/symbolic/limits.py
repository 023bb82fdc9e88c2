"""Policies that count calls: how often the same request came before is an input, where test files can say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.registry import has_trait
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.symbolic.following import Follower
    from apimpolicy.symbolic.solver import Term

KEY = ("calls", "before")
MOST = 12
"""Calls before that are tried; cases of more would be long to read."""
_LEFT = "remaining-calls-variable-name"


def counted(follower: Follower, exchange: Exchange, entry: TraceEntry, *, refuses: bool) -> None:
    """A policy that counts calls has let one through, or refused it. That they are counted so is no proof."""
    if not has_trait(entry.name, "counts-calls") or not follower.world.has_doubles:
        return
    calls, each = _number(follower, entry, "calls"), _number(follower, entry, "increment_count")
    if calls is None:
        return
    before = follower.inputs.number(*KEY, least=0, most=MOST)
    counted_before = before if each is None else before * each
    asked = counted_before >= calls
    if follower.inputs.value(asked, follower.path.assignment) is refuses:
        follower.path.hold(asked, refuses, "limit")
    attribute = entry.element.get(_LEFT)
    if attribute is None or refuses:
        return
    name = attribute.value.text
    value = exchange.variables.get(name)
    own = 1 if each is None else each
    for left in (calls - counted_before - own, calls - counted_before):  # a call that is counted at its end is not yet
        if value is not None and follower.inputs.value(left, follower.path.assignment) == value:
            follower.state.variables[to_utf16(name)] = Dual(value, left)
            return


def _number(follower: Follower, entry: TraceEntry, field: str) -> Term | None:
    """A number that a policy is given: how many calls it lets through, or as how many one counts."""
    given, attribute = follower.attributes(entry).get(field), entry.element.get(field.replace("_", "-"))
    if given is not None:
        return term_of(given)
    text = "" if attribute is None else attribute.value.text.strip()
    return term_of(Dual(int(text))) if text.isascii() and text.isdecimal() else None
