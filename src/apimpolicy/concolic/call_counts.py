"""Policies that count calls: earlier calls of the same request are an input, where test files can state them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic.values import ConcolicValue, term_of
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.trace import TraceEntry

KEY = ("calls", "before")
MOST = 12
"""Calls before that are tried; cases of more would be long to read."""
_LEFT = "remaining-calls-variable-name"


def branch_on_count(tracer: Tracer, exchange: Exchange, entry: TraceEntry, *, refuses: bool) -> None:
    """Branch on how many calls came before, after a policy that counts calls. No proof rests on this."""
    if not has_trait(entry.name, "limits-calls") or not tracer.harness.has_doubles:
        return
    calls, each = _number(tracer, entry, "calls"), _number(tracer, entry, "increment_count")
    if calls is None:
        return
    before = tracer.inputs.int_var(*KEY, least=0, most=MOST)
    counted_before = before if each is None else before * each
    condition = counted_before >= calls
    if tracer.inputs.value(condition, tracer.path.assignment) is refuses:
        tracer.path.add_branch(condition, refuses, "limit")
    attribute = entry.element.get(_LEFT)
    if attribute is None or refuses:
        return
    name = attribute.value.text
    value = exchange.variables.get(name)
    own = 1 if each is None else each
    for left in (calls - counted_before - own, calls - counted_before):  # a call that is counted at its end is not yet
        if value is not None and tracer.inputs.value(left, tracer.path.assignment) == value:
            tracer.state.variables[to_utf16(name)] = ConcolicValue(value, left)
            return


def _number(tracer: Tracer, entry: TraceEntry, field: str) -> Term | None:
    """Return a numeric attribute of a policy: the calls that it allows, or how much one call counts."""
    given, attribute = tracer.attributes(entry).get(field), entry.element.get(field.replace("_", "-"))
    if given is not None:
        return term_of(given)
    text = "" if attribute is None else attribute.value.text.strip()
    return term_of(ConcolicValue(int(text))) if text.isascii() and text.isdecimal() else None
