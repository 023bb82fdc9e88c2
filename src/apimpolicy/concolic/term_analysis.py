"""Inspect Z3 terms: comparisons, constants, patterns, and whether a query is hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import solver
from apimpolicy.concolic.solver import z3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.concolic.solver import Pattern, Term

_MOST_KNOWN = 200_000


def equality_guesses(terms: Sequence[Term]) -> list[list[Term]]:
    """Return guesses for hard queries: a string that must contain or begin with a constant is that constant."""
    found: list[Term] = []
    for term in terms:
        if term.decl().kind() in (z3.Z3_OP_SEQ_CONTAINS, z3.Z3_OP_SEQ_PREFIX, z3.Z3_OP_SEQ_SUFFIX):
            whole, part = term.children()
            if term.decl().kind() != z3.Z3_OP_SEQ_CONTAINS:
                whole, part = part, whole
            if whole.num_args() == 0 and z3.is_string_value(part) and not z3.is_string_value(whole):
                found.append(whole == part)
    return [[each] for each in found[-2:]] if found else []


def comparison(term: Term) -> tuple[str, str, Any] | None:
    """Return a comparison of one input: its name, `==`, `<=`, `>=` or `is`, and the value; None for other terms."""
    is_positive = True
    while z3.is_not(term):
        term, is_positive = term.children()[0], not is_positive
    if z3.is_bool(term) and solver.name_of(term):
        return solver.name_of(term), "is", is_positive
    if term.num_args() != 2:
        return None
    one, other = term.children()
    operator = _COMPARISONS.get(term.decl().kind())
    if operator is None:
        return None
    if solver.name_of(other) and not solver.name_of(one):
        one, other, operator = other, one, _TURNED[operator]
    value = solver.value_of(other)
    if not solver.name_of(one) or value is None:
        return None
    return solver.name_of(one), operator if is_positive else _OPPOSITE[operator], value


_COMPARISONS = {
    z3.Z3_OP_EQ: "==",
    z3.Z3_OP_LE: "<=",
    z3.Z3_OP_GE: ">=",
    z3.Z3_OP_LT: "<",
    z3.Z3_OP_GT: ">",
}


_TURNED = {"==": "==", "<=": ">=", ">=": "<=", "<": ">", ">": "<"}


_OPPOSITE = {"==": "!=", "<=": ">", ">=": "<", "<": ">=", ">": "<="}


_pieces: dict[int, tuple[Term, bool]] = {}


_HARD = (z3.Z3_OP_SEQ_INDEX, z3.Z3_OP_INT_TO_STR)


def is_hard(term: Term) -> bool:
    """Return whether a term cuts a string at a computed index, or converts a number to a string."""
    known = _pieces.get(term.get_id())
    if known is not None and known[0].eq(term):
        return known[1]
    found = term.decl().kind() in _HARD or any(is_hard(each) for each in term.children())
    if len(_pieces) > _MOST_KNOWN:
        _pieces.clear()
    _pieces[term.get_id()] = term, found
    return found


def constants_in(terms: Sequence[Term]) -> list[str]:
    """Return the string constants in terms, without patterns; each once, in order."""
    return list(dict.fromkeys(str(solver.value_of(each)) for each in _parts(terms) if z3.is_string_value(each)))


def numbers_in(terms: Sequence[Term]) -> list[int]:
    """Return the integer constants in terms, without patterns; each once, in order."""
    return list(dict.fromkeys(each.as_long() for each in _parts(terms) if z3.is_int_value(each)))


def _parts(terms: Sequence[Term]) -> Iterator[Term]:
    """Yield the subterms of terms, without patterns; each once, in order."""
    seen: set[int] = set()
    waiting = list(reversed(terms))
    while waiting:
        node = waiting.pop()
        if node.get_id() not in seen and not z3.is_re(node):
            seen.add(node.get_id())
            yield node
            waiting.extend(reversed(node.children()))


def sample_of(pattern: Pattern) -> str | None:
    """Return a short string that matches a pattern, preferably of lower case letters; None when none is found."""
    kind, parts = pattern.decl().kind(), pattern.children()
    if kind == z3.Z3_OP_SEQ_TO_RE:
        return str(solver.value_of(parts[0]))
    if kind == z3.Z3_OP_RE_RANGE:
        first, last = solver.value_of(parts[0]), solver.value_of(parts[1])
        return next((each for each in "ax1" if first <= each <= last), first)
    if kind in (z3.Z3_OP_RE_STAR, z3.Z3_OP_RE_OPTION):
        return ""
    if kind == z3.Z3_OP_RE_UNION:
        known = [each for each in map(sample_of, parts) if each is not None]
        return next((each for each in known if each.isalnum()), known[0] if known else None)
    if kind in (z3.Z3_OP_RE_CONCAT, z3.Z3_OP_RE_PLUS, z3.Z3_OP_RE_LOOP):
        samples = [sample_of(each) for each in parts]
        text = None if None in samples else "".join(map(str, samples))
        return text if text is None or kind != z3.Z3_OP_RE_LOOP else text * pattern.params()[0]
    return next(
        (
            each
            for each in "ax1-"
            if solver.truth_value(solver.simplify(solver.matches(solver.constant(each), pattern)))
        ),
        None,
    )


def matches_in(term: Term) -> list[tuple[Term, Pattern]]:
    """Return the strings and patterns that must match so that a term, or one of its parts, is true."""
    if term.decl().kind() == z3.Z3_OP_SEQ_IN_RE:
        return [(term.children()[0], term.children()[1])]
    if z3.is_and(term) or z3.is_or(term):
        return [found for each in term.children() for found in matches_in(each)]
    return []
