"""What becomes of the value of an attribute when a policy takes it: as text, number, truth value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.policies import conversions
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.texts import as_text, number_of_digits
from apimpolicy.symbolic.values import Dual, Obstacle, term_of

if TYPE_CHECKING:
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import AttributeSlot, ContentSlot
    from apimpolicy.symbolic.following import Follower
    from apimpolicy.symbolic.solver import Term

_DIGITS = solver.times(solver.span("0", "9"), 1, 9)


def converted(
    follower: Follower,
    slot: AttributeSlot | ContentSlot,
    given: Dual,
    value: Any,
    entry: TraceEntry,
    *,
    failed: bool,
) -> Dual:
    """The attribute as the policy gets it; what it must be so that it is no error is a decision of the way."""
    if given.is_constant:
        return Dual(value)
    convert = slot.convert
    if convert is conversions.typed:
        return given.as_value(value)
    if convert is conversions.boolean:
        return _truth(follower, given, value, entry, failed=failed)
    if convert in (conversions.integer, conversions.long_integer, conversions.number, conversions.status_code):
        return _number(follower, given, value, entry, failed=failed)
    term = _text(follower, given)
    if term is None or failed:
        lost = given.lost or obstacle(entry, "the text of an attribute")
        if failed:
            follower.path.blocked(lost)
        return Dual(value, lost=lost, form=given.form, origin=given.origin)
    return Dual(value, term, form=given.form)


def obstacle(entry: TraceEntry, kind: str) -> Obstacle:
    """Something at a policy that has no form."""
    line, column = entry.position
    return Obstacle(kind, f"{entry.file}:{line}:{column}")


def _text(follower: Follower, given: Dual) -> Term | None:
    return as_text(follower, given)  # type: ignore[arg-type] # it has the path and the inputs, as a walker has


def _truth(follower: Follower, given: Dual, value: Any, entry: TraceEntry, *, failed: bool) -> Dual:
    term = term_of(given)
    if term is not None and solver.is_truth(term) and given.null is None:
        return Dual(value, term)
    written = _text(follower, given)
    if written is None:
        follower.path.blocked(given.lost or obstacle(entry, "a truth value"))
        return Dual(value, lost=given.lost or obstacle(entry, "a truth value"), origin=given.origin)
    is_true = solver.matches(written, solver.ignoring_case("true"))
    follower.path.hold(
        solver.some(is_true, solver.matches(written, solver.ignoring_case("false"))), not failed, "conversion"
    )
    return Dual(value, is_true)


def _number(follower: Follower, given: Dual, value: Any, entry: TraceEntry, *, failed: bool) -> Dual:
    term = term_of(given)
    if term is not None and solver.is_number(term) and given.null is None:
        return Dual(value, term)
    written = _text(follower, given)
    if written is None:
        follower.path.blocked(given.lost or obstacle(entry, "a number"))
        return Dual(value, lost=given.lost or obstacle(entry, "a number"), origin=given.origin)
    follower.path.hold(solver.matches(written, _DIGITS), not failed, "conversion")
    return Dual(value, number_of_digits(written, 9))
