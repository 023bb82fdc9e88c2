"""Results of lambdas over items that are known: of a list, or of the parts of a text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from apimpolicy.binding import nodes
from apimpolicy.languages import units
from apimpolicy.languages.language import ANYTHING, Language, both, containing, not_, one_of, optional, sequence, union
from apimpolicy.semantics.members import apply
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import Function, Items, Parts, Query, Several, Text, Truth, Value
from apimpolicy.semantics.walking import walk
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.semantics.evaluation import Evaluation
    from apimpolicy.terms.term import Term

    Steps = Sequence[tuple[Literal["where", "select"], Function]]
    Condition = Callable[[Value], Term]


def source_of(known: Items | Parts | Query) -> tuple[Items | Parts, Steps]:
    """Return the items that a query reads, and its steps."""
    source, steps = (known.source, known.steps) if isinstance(known, Query) else (known, ())
    if isinstance(source, Items) and may_repeat(source):
        raise Unsupported("the items of a set that may be equal")
    return source, steps


def may_repeat(known: Items) -> bool:
    """Return whether items of a set may be equal, of which it keeps only the first."""
    return "HashSet" in known.type and any(getattr(item, "constant", None) is None for item in known.items)


def is_true(evaluation: Evaluation, predicate: Value) -> Condition:
    """Return where a lambda is true of an item."""
    return lambda item: evaluation.truth(apply(evaluation, predicate, item))


def through(evaluation: Evaluation, steps: Steps, item: Value) -> tuple[Term, Value]:
    """Return where an item is kept by the steps of a query, and what they make of it."""
    kept = terms.TRUE
    for kind, function in steps:
        _check_captured(evaluation, function)
        found = evaluation.under(kept, partial(apply, evaluation, function, item))
        if kind == "select":
            item = found
        else:
            kept = terms.all_of(kept, evaluation.truth(found))
    return kept, item


def _check_captured(evaluation: Evaluation, function: Function) -> None:
    """Raise Unsupported if a variable that a lambda reads isn't what it was: each round of a loop has its own."""
    captured = {name: value.key for name, _, value in function.captured}
    for part in walk(function.node.body):
        if isinstance(part, nodes.Local) and part.symbol.name in captured:
            value = evaluation.variables.get(part.symbol)
            if value is None or value.key != captured[part.symbol.name]:
                raise Unsupported("a lambda that runs after a variable has changed")


def rows(
    evaluation: Evaluation, items: Sequence[Value], steps: Steps, condition: Condition, *, stops: bool = True
) -> list[tuple[Term, Value]]:
    """Return for each item whether it is kept and fits, and what it is; none is evaluated after one that fits."""
    found: list[tuple[Term, Value]] = []
    still = terms.TRUE
    for item in items:
        row = evaluation.under(still, partial(_row, evaluation, steps, condition, item))
        fits, value = row.parts if isinstance(row, Several) else (Truth(terms.FALSE), item)
        assert isinstance(fits, Truth)
        found.append((fits.term, value))
        if stops:
            still = terms.all_of(still, terms.not_(fits.term))
    return found


def _row(evaluation: Evaluation, steps: Steps, condition: Condition, item: Value) -> Value:
    kept, value = through(evaluation, steps, item)
    fits = evaluation.under(kept, lambda: Truth(condition(value)))
    return Several(Truth(terms.all_of(kept, fits.term) if isinstance(fits, Truth) else terms.FALSE), value)


def exists(evaluation: Evaluation, known: Items | Parts | Query, condition: Condition) -> Term:
    """Return whether an item of a query fits; the source has no unknown items."""
    source, steps = source_of(known)
    if isinstance(source, Parts):
        return terms.member(source.text, has_part(language_of_parts(evaluation, steps, condition), source.separator))
    return terms.any_of(*(fits for fits, _ in rows(evaluation, source.items, steps, condition)))


def anything(_: Value) -> Term:
    """The condition that every item fits."""
    return terms.TRUE


def has_part(language: Language, separator: int) -> Language:
    """Return the texts of which some part, between separators, is in a language."""
    mark = one_of(units.of_bits(1 << separator))
    part = both(language, not_(containing(mark)))
    return sequence(optional(sequence(ANYTHING, mark)), part, optional(sequence(mark, ANYTHING)))


def language_of_parts(evaluation: Evaluation, steps: Steps, condition: Condition) -> Language:
    """Return the texts that are kept and fit; what is evaluated must be regular, and never throw."""
    probe = evaluation.unknowns.fresh(terms.TEXT, "a part of a text")
    throws = evaluation.throws
    evaluation.throws = terms.FALSE
    try:
        row = _row(evaluation, steps, condition, Text(probe))
        if evaluation.throws is not terms.FALSE:
            raise Unsupported("a predicate that may throw")
    finally:
        evaluation.throws = throws
    assert isinstance(row, Several)
    fits = row.parts[0]
    assert isinstance(fits, Truth)
    return language_of(fits.term, probe)


def language_of(term: Term, probe: Term) -> Language:
    """Return the texts for which a formula about a probe is true. Raises Unsupported if it is about anything else."""
    parts = term.parts
    match term.kind:
        case "true":
            return ANYTHING
        case "false":
            return not_(ANYTHING)
        case "not":
            return not_(language_of(parts[0], probe))
        case "all":
            return both(*(language_of(part, probe) for part in parts))
        case "any":
            return union(*(language_of(part, probe) for part in parts))
        case "member" if parts[0] is probe:
            language: Language = parts[1]
            return language
    raise Unsupported("a predicate that is not regular")
