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
"""How many digits a text has at most that writes a number of this type for certain; nine of other types."""


def number_in(replayer: Replayer, term: Term, kind: str) -> Term | None:
    """The number of this type that a text of digits writes, on its way; None for a text that writes none.

    Other texts may write a number too (spaces around it, more digits): they are another way, which is not exact.
    """
    most = _MOST_DIGITS.get(kind, 9)
    digits = solver.repeat(solver.char_range("0", "9"), 1, most)
    if replayer.path.branch_on(solver.matches(term, digits), "number"):
        return number_of_digits(term, most)
    if replayer.path.branch_on(solver.matches(term, solver.concat_patterns(solver.literal("-"), digits)), "number"):
        return -number_of_digits(solver.substring(term, solver.constant(1), solver.length(term) - 1), most)
    return None


def parsed(replayer: Replayer, text: ConcolicValue, kind: str) -> ConcolicValue | None:
    """`int.Parse` of a text that is not null."""
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


def unparsable_character() -> solver.Pattern:
    """Characters of which no number can be written: letters and the like."""
    return solver.union(solver.char_range("A", "Z"), solver.char_range("a", "z"), solver.char_range(":", "@"))
