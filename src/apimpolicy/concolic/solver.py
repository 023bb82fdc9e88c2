"""The only door to Z3: terms over texts, numbers and truth values, and questions about them.

A text is Z3's string of one character per UTF-16 code unit, as the simulator has it. Everything here is deterministic:
fixed seeds, and limits of time that are only reached by questions that are given up.
"""

from __future__ import annotations

import operator
import re
import time
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

try:
    import z3 as z3
except ImportError:  # pragma: no cover - the extra is installed where tests run
    raise ConfigurationError(
        "finding and proving needs Z3, which is not installed: pip install 'apimpolicy[prove]'"
    ) from None

Term = Any
"""A Z3 expression of the sort String, Int, Real or Bool."""
Pattern = Any
"""A Z3 regular expression."""

z3.set_param("smt.random_seed", 1)
z3.set_param("memory_max_size", 900)

TRUE, FALSE = z3.BoolVal(True), z3.BoolVal(False)
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


# Terms

string_var, int_var, real_var, bool_var = z3.String, z3.Int, z3.Real, z3.Bool
not_, if_else, equal = z3.Not, z3.If, operator.eq
length, contains, substring, replaced_once = z3.Length, z3.Contains, z3.SubString, z3.Replace
str_to_int = z3.StrToInt
"""The number that digits denote; -1 for any other string."""
int_to_str = z3.IntToStr
"""The digits of a number that is not negative."""
simplify = z3.simplify


def constant(value: str | int | float | bool) -> Term:
    """Return the term of a value."""
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        return z3.IntVal(int(value))
    if isinstance(value, float):
        return z3.IntVal(int(value)) if value.is_integer() else z3.RealVal(repr(float(value)))
    return z3.StringVal(str(value).replace("\\", "\\u{5c}"))


def all_of(*terms: Term) -> Term:
    return terms[0] if len(terms) == 1 else z3.And(*terms) if terms else TRUE


def any_of(*terms: Term) -> Term:
    return terms[0] if len(terms) == 1 else z3.Or(*terms) if terms else FALSE


def starts_with(term: Term, part: Term) -> Term:
    return z3.PrefixOf(part, term)


def ends_with(term: Term, part: Term) -> Term:
    return z3.SuffixOf(part, term)


def concat(terms: Sequence[Term]) -> Term:
    return terms[0] if len(terms) == 1 else z3.Concat(*terms)


def index_of(term: Term, part: Term, start: Term = 0) -> Term:
    return z3.IndexOf(term, part, z3.IntVal(start) if isinstance(start, int) else start)


def is_string(term: Term) -> bool:
    return isinstance(term, z3.SeqRef)


def is_numeric(term: Term) -> bool:
    return isinstance(term, z3.ArithRef)


def is_int(term: Term) -> bool:
    return isinstance(term, z3.ArithRef) and bool(term.is_int())


def quotient(term: Term, other: int) -> Term:
    """Return a number divided by a constant, as a real number."""
    return (z3.ToReal(term) if term.is_int() else term) / z3.RealVal(other)


def is_bool(term: Term) -> bool:
    return isinstance(term, z3.BoolRef)


# Patterns

star, matches = z3.Star, z3.InRe


def literal(value: str) -> Pattern:
    return z3.Re(constant(value))


def char_range(first: str, last: str) -> Pattern:
    return z3.Range(constant(first), constant(last))


def union(*patterns: Pattern) -> Pattern:
    return patterns[0] if len(patterns) == 1 else z3.Union(*patterns)


def concat_patterns(*patterns: Pattern) -> Pattern:
    return literal("") if not patterns else patterns[0] if len(patterns) == 1 else z3.Concat(*patterns)


def repeat(pattern: Pattern, least: int, most: int | None) -> Pattern:
    if most is None:
        return z3.Star(pattern) if least == 0 else z3.Concat(*([pattern] * least), z3.Star(pattern))
    return z3.Loop(pattern, least, most) if most else literal("")


def difference(pattern: Pattern, other: Pattern) -> Pattern:
    return z3.Intersect(pattern, z3.Complement(other))


def ignoring_case(value: str) -> Pattern:
    """Return a pattern that ignores the case of ASCII letters."""
    parts = [
        union(literal(each.lower()), literal(each.upper())) if each.isascii() and each.isalpha() else literal(each)
        for each in value
    ]
    return concat_patterns(*parts)


# Questions


def truth_value(term: Term) -> bool | None:
    """Return whether a term is true or false for all inputs; None when it depends on them."""
    if z3.is_true(term):
        return True
    return False if z3.is_false(term) else None


_names: dict[int, tuple[Term, frozenset[str]]] = {}
_MOST_NAMES = 200_000


def names_of(term: Term) -> frozenset[str]:
    """Return the names of the inputs in a term."""
    known = _names.get(term.get_id())
    if known is not None and known[0].eq(term):
        return known[1]
    found: set[str] = set()
    seen: set[int] = set()
    waiting = [term]
    while waiting:
        node = waiting.pop()
        if node.get_id() in seen:
            continue
        seen.add(node.get_id())
        if node.num_args() == 0 and node.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found.add(node.decl().name())
        waiting.extend(node.children())
    if len(_names) > _MOST_NAMES:
        _names.clear()
    _names[term.get_id()] = term, frozenset(found)
    return _names[term.get_id()][1]


def value_of(term: Term) -> Any:
    """Return the value of a constant term; None when it is not constant."""
    if z3.is_string_value(term):
        return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), term.as_string())
    if z3.is_int_value(term):
        return term.as_long()
    if z3.is_rational_value(term):
        return float(term.as_fraction())
    return truth_value(term)


def evaluate(term: Term, inputs: Iterable[tuple[Term, Any]]) -> Any:
    """Return the value of a term for these values of its inputs; None when that is not certain."""
    pairs = [(variable, _as_sort_of(variable, value)) for variable, value in inputs]
    return value_of(z3.simplify(z3.substitute(term, *pairs)))


def _as_sort_of(variable: Term, value: Any) -> Term:
    return z3.RealVal(repr(value)) if z3.is_real(variable) else constant(value)


_UNITS = 2500
"""Z3's resource units in a millisecond of a usual processor, so that the same queries time out on every machine; the
clock decides only on a far slower one."""


class SolverResult(Record):
    """The result of a query: `is_possible` (None: timed out), and the values of the inputs by name."""

    is_possible: bool | None
    values: Mapping[str, Any]


def check(terms: Sequence[Term], milliseconds: int, soft_constraints: Sequence[Term] = ()) -> SolverResult:
    """Return whether all terms can be true at once, with values of the inputs; try `soft_constraints` briefly, too."""
    if soft_constraints:
        preferred = _checked([*terms, *soft_constraints], min(milliseconds, 400))
        if preferred.is_possible:
            return preferred
    return _checked(terms, milliseconds)


_until: list[float | None] = [None]
_since = [time.monotonic(), time.process_time()]
"""When the search began, by the clock and in processor time."""
_LEAST = 20


def set_deadline(moment: float | None) -> None:
    """Set when queries time out (`time.process_time`); None removes the deadline."""
    _until[0] = moment
    _since[:] = time.monotonic(), time.process_time()


def _at_most(milliseconds: int) -> int:
    """Return the milliseconds until the deadline, at most so many, by the clock.

    The deadline is processor time: on a busy machine, where little of it passes in a second, they are more.
    """
    moment, (clock, processor) = _until[0], _since
    now = time.process_time()
    busy = max((time.monotonic() - clock + 0.1) / (now - processor + 0.1), 1.0)
    left = milliseconds if moment is None else min(milliseconds, (moment - now) * 2000)
    return int(max(_LEAST, left) * busy)


def _checked(terms: Sequence[Term], milliseconds: int) -> SolverResult:
    solver = z3.Solver()
    solver.set("rlimit", milliseconds * _UNITS)
    solver.set("timeout", _at_most(milliseconds * 8))
    try:
        solver.add(*terms)
        found = solver.check()
    except z3.Z3Exception:
        return SolverResult(None, {})
    if found == z3.unsat:
        return SolverResult(False, {})
    if found != z3.sat:
        return SolverResult(None, {})
    model = solver.model()
    return SolverResult(True, {each.name(): value_of(model[each]) for each in model.decls() if each.arity() == 0})


def name_of(term: Term) -> str:
    """Return the name of an input; empty for any other term."""
    is_input = term.num_args() == 0 and term.decl().kind() == z3.Z3_OP_UNINTERPRETED
    return term.decl().name() if is_input else ""
