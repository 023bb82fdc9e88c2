"""The numbers that strings of digits parse to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.strings import number_of_digits
from apimpolicy.concolic.values import ConcolicValue, term_of

if TYPE_CHECKING:
    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term

_MOST_DIGITS = {"long": 18}
"""The digits that always fit this type; nine for other types."""


def number_in(replayer: Replayer, term: Term, kind: str) -> Term | None:
    """Return the integer of this type that a string of digits denotes; None for other strings.

    Other strings may denote a number too (spaces around it, more digits): they take another path, which is inexact.
    """
    most = _MOST_DIGITS.get(kind, 9)
    digits = solver.repeat(solver.char_range("0", "9"), 1, most)
    if replayer.path.branch_on(solver.matches(term, digits), "number"):
        return number_of_digits(term, most)
    if replayer.path.branch_on(solver.matches(term, solver.concat_patterns(solver.literal("-"), digits)), "number"):
        return -number_of_digits(solver.substring(term, solver.constant(1), solver.length(term) - 1), most)
    return None


def parsed(replayer: Replayer, text: ConcolicValue, kind: str) -> ConcolicValue | None:
    """Return `int.Parse` of a string that is not null."""
    term = term_of(text)
    if term is None:
        return None
    found = number_in(replayer, term, kind.removesuffix("?"))
    if found is not None:
        return ConcolicValue(term=found)
    plain = solver.matches(term, solver.star(unparsable_character()))
    if replayer.path.branch_on(plain, "number") or kind == "double":
        replayer.guard(solver.FALSE)
        return ConcolicValue()
    return None


def truth_in(term: Term) -> tuple[Term, Term]:
    """Return whether a string denotes `true`, and whether it denotes a Boolean at all."""
    is_true = solver.matches(term, solver.ignoring_case("true"))
    return is_true, solver.any_of(is_true, solver.matches(term, solver.ignoring_case("false")))


def parsed_truth(replayer: Replayer, term: Term) -> ConcolicValue:
    """Return the result of `bool.Parse`."""
    is_true, parses = truth_in(term)
    replayer.guard(parses)
    return ConcolicValue(term=is_true)


def unparsable_character() -> solver.Pattern:
    """Return the pattern of characters that no number contains, such as letters."""
    return solver.union(solver.char_range("A", "Z"), solver.char_range("a", "z"), solver.char_range(":", "@"))
