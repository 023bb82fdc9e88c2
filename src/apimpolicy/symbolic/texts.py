"""Texts over the inputs: what values look like as text, and when texts are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.values import Dual, term_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.symbolic.solver import Pattern, Term
    from apimpolicy.symbolic.walker import Walker


class Folded:
    """The form of a text in lower (upper) case: `inner` is the text before, in ASCII."""

    __slots__ = ("inner", "is_upper")

    def __init__(self, inner: Term, is_upper: bool) -> None:
        self.inner = inner
        self.is_upper = is_upper

    def fold(self, value: str) -> str:
        return value.upper() if self.is_upper else value.lower()


def same_text(left: Dual, right: Dual) -> Dual | None:
    """`==` of two strings."""
    for one, other in ((left, right), (right, left)):
        if one.is_constant and one.value is None:
            return (
                Dual(term=other.null) if other.null is not None else None if other.lost else Dual(other.value is None)
            )
    for one, other in ((left, right), (right, left)):
        if isinstance(one.form, Folded):
            return _same_folded(one, one.form, other)
    first, second = term_of(left), term_of(right)
    if first is None or second is None:
        return None
    same = solver.equal(first, second)
    if left.null is None and right.null is None:
        return Dual(term=same)
    nulls = left.is_null, right.is_null
    return Dual(term=solver.some(solver.every(*nulls), solver.every(*map(solver.no, nulls), same)))


def _same_folded(folded: Dual, form: Folded, other: Dual) -> Dual | None:
    if isinstance(other.form, Folded):
        return None
    if not (other.is_constant and isinstance(other.value, str)):
        return None
    if form.fold(other.value) != other.value:
        return Dual(False)
    asked = solver.matches(form.inner, solver.ignoring_case(other.value))
    return Dual(term=asked if folded.null is None else solver.every(solver.no(folded.null), asked))


def same_ignoring_case(left: Dual, right: Dual) -> Dual | None:
    """Equality of two strings with OrdinalIgnoreCase."""
    for one, other in ((left, right), (right, left)):
        if other.is_constant and isinstance(other.value, str):
            inner = one.form.inner if isinstance(one.form, Folded) else term_of(one)
            if inner is None:
                return None
            asked = solver.matches(inner, solver.ignoring_case(other.value))
            return Dual(term=asked if one.null is None else solver.every(solver.no(one.null), asked))
        if other.is_constant and other.value is None:
            return Dual(term=one.null) if one.null is not None else None
    return None


def plainly(walker: Walker, asked: Term) -> Dual | None:
    """What ignores case, of two texts that both depend on the request: true where it is true of them as they are.

    Letters in another case are another way, of which only the run says what it gives; None there.
    """
    return Dual(True) if walker.path.split(asked, "case") else None


def plain_term(dual: Dual) -> Term | None:
    """A text as it was before its letters were made small or capital."""
    return dual.form.inner if isinstance(dual.form, Folded) else term_of(dual)


def within(dual: Dual, part: Dual, make: str, *, ignores_case: bool) -> Term | None:
    """Whether a text contains, begins or ends with another."""
    if not (part.is_constant and isinstance(part.value, str)):
        one, two = term_of(dual), term_of(part)
        if one is None or two is None or ignores_case:
            return None
        return {"contains": solver.contains, "begins": solver.begins, "ends": solver.ends}[make](one, two)
    if isinstance(dual.form, Folded):
        if not ignores_case and dual.form.fold(part.value) != part.value:
            return solver.FALSE
        return _pattern_within(dual.form.inner, part.value, make)
    term = term_of(dual)
    if term is None:
        return None
    if ignores_case and any(each.isalpha() for each in part.value):
        return _pattern_within(term, part.value, make)
    two = solver.constant(part.value)
    return {"contains": solver.contains, "begins": solver.begins, "ends": solver.ends}[make](term, two)


def _pattern_within(term: Term, value: str, make: str) -> Term:
    from apimpolicy.symbolic.inputs import ANY

    folded = solver.ignoring_case(value)
    pattern: Pattern = {
        "contains": lambda: solver.sequence(ANY, folded, ANY),
        "begins": lambda: solver.sequence(folded, ANY),
        "ends": lambda: solver.sequence(ANY, folded),
    }[make]()
    return solver.matches(term, pattern)


def as_text(walker: Walker, dual: Dual) -> Term | None:
    """What a value is as text, as `+` and `ToString` make it; null is empty. None when there is no form."""
    if dual.is_constant:
        value = dual.value
        if value is None:
            return solver.constant("")
        if isinstance(value, bool):
            return solver.constant(str(value))
        if isinstance(value, (int, str)):
            return solver.constant(str(value))
        return None
    shows = getattr(dual.form, "shown", None)  # a JSON token says itself how it is shown
    if shows is not None:
        made: Term | None = shows(walker, dual)
        return made
    if isinstance(dual.form, Folded):
        return None
    term = term_of(dual)
    if term is None:
        return None
    shown = _shown(term)
    return shown if dual.null is None or shown is None else solver.choice(dual.null, solver.constant(""), shown)


def _shown(term: Term) -> Term | None:
    if solver.is_text(term):
        return term
    if solver.is_truth(term):
        return solver.choice(term, solver.constant("True"), solver.constant("False"))
    if solver.is_number(term) and term.is_int():
        minus = solver.joined([solver.constant("-"), solver.digits_of(-term)])
        return solver.choice(term >= 0, solver.digits_of(term), minus)
    return None


def number_of_digits(term: Term, most: int) -> Term:
    """The number that so many digits write at most, said so that a solver sees between what it is."""
    found = solver.number_of(term)
    return solver.choice(solver.every(found >= 0, found < 10**most), found, solver.constant(0))


def concatenated(walker: Walker, parts: Sequence[Dual]) -> Dual | None:
    """Texts one after another."""
    terms = [as_text(walker, part) for part in parts]
    known = [term for term in terms if term is not None]
    if len(known) < len(terms):
        return None
    return Dual(term=solver.joined(known))
