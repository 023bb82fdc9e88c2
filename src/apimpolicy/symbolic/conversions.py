"""What becomes of the value of an attribute when a policy takes it: as text, number, truth value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.policies import conversions
from apimpolicy.policies.spec import AttributeSlot
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.texts import as_text, number_of_digits
from apimpolicy.symbolic.values import Dual, Obstacle, term_of

if TYPE_CHECKING:
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import ContentSlot
    from apimpolicy.symbolic.following import Follower
    from apimpolicy.symbolic.solver import Term

_BLANK = solver.many(
    solver.either(
        *(solver.span(first, last) for first, last in ("\t\r", "\u2000\u200a", "\u2028\u2029")),
        *(solver.literal(each) for each in " \x85\xa0\u1680\u202f\u205f\u3000"),
    )
)
"""`conversions.BLANKS`, any number of them."""
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
    is_refused = failed and _is_refused(slot, entry)
    if term is not None and (is_refused or not failed):
        _validated(follower, slot, term, is_valid=not failed)
        return Dual(value, term, form=given.form)
    lost = given.lost or obstacle(entry, "the text of an attribute")
    if failed:
        follower.path.blocked(lost)
    return Dual(value, lost=lost, form=given.form, origin=given.origin)


def _is_refused(slot: AttributeSlot | ContentSlot, entry: TraceEntry) -> bool:
    """Whether the value of the last evaluation converts, and the gateway refuses it all the same."""
    try:
        return bool(slot.why_invalid(slot.convert(entry.evaluations[-1].value)))
    except (DotnetException, conversions.InvalidValueError):
        return False


def _validated(follower: Follower, slot: AttributeSlot | ContentSlot, term: Term, *, is_valid: bool) -> None:
    """Make what the gateway validates after the evaluation a decision of the path."""
    if not isinstance(slot, AttributeSlot) or not (slot.is_filled or slot.values):
        return
    wanted = []
    if slot.is_filled:
        wanted.append(solver.no(solver.matches(term, _BLANK)))
    if slot.values:
        wanted.append(solver.some(*(solver.equal(term, solver.constant(value)) for value in slot.values)))
    follower.path.hold(solver.every(*wanted), is_valid, "conversion")


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
