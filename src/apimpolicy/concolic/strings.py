"""Strings over the inputs: conversion to strings, and equality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.inputs import ANY
from apimpolicy.concolic.values import ConcolicValue, term_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term


class CaseFolded(Record):
    """The form of a text in lower (upper) case: `inner` is the text before, in ASCII."""

    inner: Term
    is_upper: bool

    def fold(self, value: str) -> str:
        return value.upper() if self.is_upper else value.lower()


def same_text(left: ConcolicValue, right: ConcolicValue) -> ConcolicValue | None:
    """Return `==` of two strings."""
    for one, other in ((left, right), (right, left)):
        if one.is_constant and one.value is None:
            return compared_with_null(other)
    for one, other in ((left, right), (right, left)):
        if isinstance(one.form, CaseFolded):
            return _same_folded(one, one.form, other)
    return same_terms(left, right)


def compared_with_null(other: ConcolicValue) -> ConcolicValue | None:
    """Return `other == null`; None where that has no term."""
    if other.null is not None:
        return ConcolicValue(term=other.null)
    return None if other.unsupported is not None else ConcolicValue(other.value is None)


def same_terms(left: ConcolicValue, right: ConcolicValue) -> ConcolicValue | None:
    """Return `==` of two values that may be null; None without terms."""
    first, second = term_of(left), term_of(right)
    if first is None or second is None:
        return None
    same = solver.equal(first, second)
    if left.null is None and right.null is None:
        return ConcolicValue(term=same)
    nulls = left.is_null, right.is_null
    return ConcolicValue(term=solver.any_of(solver.all_of(*nulls), solver.all_of(*map(solver.not_, nulls), same)))


def _same_folded(folded: ConcolicValue, form: CaseFolded, other: ConcolicValue) -> ConcolicValue | None:
    if isinstance(other.form, CaseFolded):
        return None
    if not (other.is_constant and isinstance(other.value, str)):
        return None
    if form.fold(other.value) != other.value:
        return ConcolicValue(False)
    condition = solver.matches(form.inner, solver.ignoring_case(other.value))
    return ConcolicValue(term=condition if folded.null is None else solver.all_of(solver.not_(folded.null), condition))


def same_ignoring_case(left: ConcolicValue, right: ConcolicValue) -> ConcolicValue | None:
    """Return the equality of two strings with OrdinalIgnoreCase."""
    for one, other in ((left, right), (right, left)):
        if other.is_constant and isinstance(other.value, str):
            inner = one.form.inner if isinstance(one.form, CaseFolded) else term_of(one)
            if inner is None:
                return None
            condition = solver.matches(inner, solver.ignoring_case(other.value))
            return ConcolicValue(
                term=condition if one.null is None else solver.all_of(solver.not_(one.null), condition)
            )
        if other.is_constant and other.value is None:
            return ConcolicValue(term=one.null) if one.null is not None else None
    return None


def if_equal_as_written(replayer: Replayer, condition: Term) -> ConcolicValue | None:
    """Return True where two input strings are equal as they are, although the comparison ignores case.

    Strings in different case take another path, where only the run has the result; None there.
    """
    return ConcolicValue(True) if replayer.path.branch_on(condition, "case") else None


def plain_term(concolic: ConcolicValue) -> Term | None:
    """Return a string as it was before its case was changed."""
    return concolic.form.inner if isinstance(concolic.form, CaseFolded) else term_of(concolic)


def within(
    concolic: ConcolicValue, part: ConcolicValue, find: Callable[[Term, Term], Term], *, ignores_case: bool
) -> Term | None:
    """Return whether a string contains, begins or ends with another, as `find` tells."""
    if not (part.is_constant and isinstance(part.value, str)):
        one, two = term_of(concolic), term_of(part)
        return None if one is None or two is None or ignores_case else find(one, two)
    if isinstance(concolic.form, CaseFolded):
        if not ignores_case and concolic.form.fold(part.value) != part.value:
            return solver.FALSE
        return _pattern_within(concolic.form.inner, part.value, find)
    term = term_of(concolic)
    if term is None:
        return None
    if ignores_case and any(each.isalpha() for each in part.value):
        return _pattern_within(term, part.value, find)
    return find(term, solver.constant(part.value))


def _pattern_within(term: Term, value: str, find: Callable[[Term, Term], Term]) -> Term:
    before = [] if find is solver.starts_with else [ANY]
    after = [] if find is solver.ends_with else [ANY]
    return solver.matches(term, solver.concat_patterns(*before, solver.ignoring_case(value), *after))


def as_text(replayer: Replayer, concolic: ConcolicValue) -> Term | None:
    """Return a value as a string, as `+` and `ToString` do; null is empty. None when there is no form."""
    if concolic.is_constant:
        value = concolic.value
        if value is None:
            return solver.constant("")
        if isinstance(value, bool):
            return solver.constant(str(value))
        if isinstance(value, (int, str)):
            return solver.constant(str(value))
        return None
    shows = getattr(concolic.form, "shown", None)  # JSON tokens have their own
    if shows is not None:
        made: Term | None = shows(replayer, concolic)
        return made
    if isinstance(concolic.form, CaseFolded):
        return None
    term = term_of(concolic)
    if term is None:
        return None
    shown = _shown(term)
    return (
        shown if concolic.null is None or shown is None else solver.if_else(concolic.null, solver.constant(""), shown)
    )


def _shown(term: Term) -> Term | None:
    if solver.is_string(term):
        return term
    if solver.is_bool(term):
        return solver.if_else(term, solver.constant("True"), solver.constant("False"))
    if solver.is_numeric(term) and term.is_int():
        minus = solver.concat([solver.constant("-"), solver.int_to_str(-term)])
        return solver.if_else(term >= 0, solver.int_to_str(term), minus)
    return None


def number_of_digits(term: Term, most: int) -> Term:
    """Return the number that at most so many digits denote, with bounds that the solver sees."""
    found = solver.str_to_int(term)
    return solver.if_else(solver.all_of(found >= 0, found < 10**most), found, solver.constant(0))


def concatenated(replayer: Replayer, parts: Sequence[ConcolicValue]) -> ConcolicValue | None:
    """Return the concatenation of strings."""
    terms = [as_text(replayer, part) for part in parts]
    known = [term for term in terms if term is not None]
    if len(known) < len(terms):
        return None
    return ConcolicValue(term=solver.concat(known))
