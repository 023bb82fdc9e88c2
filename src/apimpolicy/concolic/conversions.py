"""Conversion of an attribute's value by a policy: to a string, number or Boolean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import solver
from apimpolicy.concolic.number_parsing import truth_in
from apimpolicy.concolic.strings import as_text, number_of_digits
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.policies import conversions
from apimpolicy.policies.spec import AttributeSlot

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import ContentSlot

_BLANK = solver.star(
    solver.union(
        *(solver.char_range(first, last) for first, last in ("\t\r", "\u2000\u200a", "\u2028\u2029")),
        *(solver.literal(each) for each in " \x85\xa0\u1680\u202f\u205f\u3000"),
    )
)
"""`conversions.BLANKS`, any number of them."""
_DIGITS = solver.repeat(solver.char_range("0", "9"), 1, 9)


def converted(
    tracer: Tracer,
    slot: AttributeSlot | ContentSlot,
    given: ConcolicValue,
    value: Any,
    entry: TraceEntry,
    *,
    failed: bool,
) -> ConcolicValue:
    """Return the attribute as the policy gets it; branch on whether the conversion succeeds."""
    if given.is_constant:
        return ConcolicValue(value)
    convert = slot.convert
    if convert is conversions.typed:
        return given.as_value(value)
    if convert is conversions.boolean:
        return _truth(tracer, given, value, entry, failed=failed)
    if convert in (conversions.integer, conversions.long_integer, conversions.number, conversions.status_code):
        return _number(tracer, given, value, entry, failed=failed)
    term = _text(tracer, given)
    is_refused = failed and _is_refused(slot, entry)
    if term is not None and (is_refused or not failed):
        _validated(tracer, slot, term, is_valid=not failed)
        return ConcolicValue(value, term, form=given.form)
    unsupported = given.unsupported or unsupported_at(entry, "the text of an attribute")
    if failed:
        tracer.path.mark_inexact(unsupported)
    return ConcolicValue(value, unsupported=unsupported, form=given.form, origin=given.origin)


def _is_refused(slot: AttributeSlot | ContentSlot, entry: TraceEntry) -> bool:
    """Return whether the value of the last evaluation converts, but the gateway refuses it."""
    try:
        return bool(slot.why_invalid(slot.convert(entry.evaluations[-1].value)))
    except (DotnetException, conversions.InvalidValueError):
        return False


def _validated(tracer: Tracer, slot: AttributeSlot | ContentSlot, term: Term, *, is_valid: bool) -> None:
    """Make what the gateway validates after the evaluation a decision of the path."""
    if not isinstance(slot, AttributeSlot) or not (slot.validated or slot.values):
        return
    wanted = []
    if slot.validated:
        wanted.append(solver.not_(solver.matches(term, _BLANK)))
    if slot.values:
        wanted.append(solver.any_of(*(solver.equal(term, solver.constant(value)) for value in slot.values)))
    tracer.path.add_branch(solver.all_of(*wanted), is_valid, "conversion")


def unsupported_at(entry: TraceEntry, kind: str) -> Unsupported:
    """Return the reason for something at a policy that has no term."""
    line, column = entry.position
    return Unsupported(kind, f"{entry.file}:{line}:{column}")


def _text(tracer: Tracer, given: ConcolicValue) -> Term | None:
    return as_text(tracer, given)  # type: ignore[arg-type] # it has the path and the inputs of a replayer


def _unsupported(tracer: Tracer, given: ConcolicValue, value: Any, entry: TraceEntry, kind: str) -> ConcolicValue:
    unsupported = given.unsupported or unsupported_at(entry, kind)
    tracer.path.mark_inexact(unsupported)
    return ConcolicValue(value, unsupported=unsupported, origin=given.origin)


def _truth(tracer: Tracer, given: ConcolicValue, value: Any, entry: TraceEntry, *, failed: bool) -> ConcolicValue:
    term = term_of(given)
    if term is not None and solver.is_bool(term) and given.null is None:
        return ConcolicValue(value, term)
    written = _text(tracer, given)
    if written is None:
        return _unsupported(tracer, given, value, entry, "a truth value")
    is_true, converts = truth_in(written)
    tracer.path.add_branch(converts, not failed, "conversion")
    return ConcolicValue(value, is_true)


def _number(tracer: Tracer, given: ConcolicValue, value: Any, entry: TraceEntry, *, failed: bool) -> ConcolicValue:
    term = term_of(given)
    if term is not None and solver.is_numeric(term) and given.null is None:
        return ConcolicValue(value, term)
    written = _text(tracer, given)
    if written is None:
        return _unsupported(tracer, given, value, entry, "a number")
    tracer.path.add_branch(solver.matches(written, _DIGITS), not failed, "conversion")
    return ConcolicValue(value, number_of_digits(written, 9))
