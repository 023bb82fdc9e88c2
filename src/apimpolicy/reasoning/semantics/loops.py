"""Loops and lambdas: item by item where the items are known, over parts of a text as one search, else any rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    Language,
    TooLarge,
    both,
    containing,
    not_,
    one_of,
    optional,
    sequence,
    union,
)
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.members import apply
from apimpolicy.reasoning.semantics.operators import is_null
from apimpolicy.reasoning.semantics.statements import assigned, run_all
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import (
    NOTHING,
    NULL,
    Function,
    Items,
    Number,
    Opaque,
    Parts,
    Query,
    ResultWithOuts,
    Text,
    Truth,
    Value,
    leaves,
    merge,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    Steps = Sequence[tuple[Literal["where", "select"], Function]]
    Condition = Callable[[Value], Term]


def source_of(known: Items | Parts | Query) -> tuple[Items | Parts, Steps]:
    source, steps = (known.source, known.steps) if isinstance(known, Query) else (known, ())
    if isinstance(source, Items) and may_repeat(source):
        raise Unsupported("the items of a set that may be equal")
    return source, steps


def may_repeat(known: Items) -> bool:
    """Return whether items of a set may be equal, of which it keeps only the first."""
    return "HashSet" in known.type and any(getattr(item, "constant", None) is None for item in known.items)


def is_true(evaluation: Evaluation, predicate: Value) -> Condition:
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
    for part in function.node.body.walk():
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
        fits, value = row.parts if isinstance(row, ResultWithOuts) else (Truth(terms.FALSE), item)
        assert isinstance(fits, Truth)
        found.append((fits.term, value))
        if stops:
            still = terms.all_of(still, terms.not_(fits.term))
    return found


def _row(evaluation: Evaluation, steps: Steps, condition: Condition, item: Value) -> Value:
    kept, value = through(evaluation, steps, item)
    fits = evaluation.under(kept, lambda: Truth(condition(value)))
    return ResultWithOuts(Truth(terms.all_of(kept, fits.term) if isinstance(fits, Truth) else terms.FALSE), value)


def exists(evaluation: Evaluation, known: Items | Parts | Query, condition: Condition) -> Term:
    source, steps = source_of(known)
    if isinstance(source, Parts):
        return terms.member(source.text, has_part(language_of_parts(evaluation, steps, condition), source.separator))
    return terms.any_of(*(fits for fits, _ in rows(evaluation, source.items, steps, condition)))


def anything(_: Value) -> Term:
    return terms.TRUE


def has_part(language: Language, separator: int) -> Language:
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
    assert isinstance(row, ResultWithOuts)
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


_MOST_ROUNDS = 32
_BEFORE = "a variable before a loop"


def run(evaluation: Evaluation, statement: nodes.Foreach | nodes.Loop) -> None:
    if isinstance(statement, nodes.Foreach):
        _run_foreach(evaluation, statement)
    else:
        _run_any(evaluation, statement)


def _go_on(evaluation: Evaluation, jumps: list[tuple[Term, dict[LocalSymbol, Value]]]) -> None:
    """Go on after jumps, with the variables that each of them left."""
    for condition, found in jumps:
        known = evaluation.variables
        evaluation.variables = {
            symbol: merge(condition, found.get(symbol, NOTHING), known.get(symbol, NOTHING))
            for symbol in {**known, **found}
        }
        evaluation.guard = terms.any_of(evaluation.guard, condition)


def _run_foreach(evaluation: Evaluation, statement: nodes.Foreach) -> None:
    collection = evaluation.value(statement.collection)
    evaluation.throw(is_null(evaluation, collection))
    if statement.deconstruction is None and statement.symbol is not None:
        found = leaves(collection)
        if len(found) == 1 and _is_known(evaluation, found[0]):
            _run_each(evaluation, statement, statement.symbol, found[0])
            return
        if all(_is_parts(evaluation, leaf) or leaf in (NULL, NOTHING) for leaf in found):
            outcome = _searched(evaluation, statement, statement.symbol, collection)
            if outcome is not None:
                outcome.apply(evaluation, collection)
                return
    _run_any(evaluation, statement)


def _is_known(evaluation: Evaluation, collection: Value) -> bool:
    return (
        isinstance(collection, Items)
        and not collection.has_more
        and collection.made == evaluation.unknowns.heap
        and len(collection.items) <= _MOST_ROUNDS
        and not may_repeat(collection)
    )


def _run_each(evaluation: Evaluation, statement: nodes.Foreach, symbol: LocalSymbol, collection: Value) -> None:
    assert isinstance(collection, Items)
    around = evaluation.breaks, evaluation.continues
    evaluation.breaks = []
    for item in collection.items:
        if evaluation.guard is terms.FALSE:
            break
        if collection.made != evaluation.unknowns.heap:
            raise Unsupported("a loop that changes objects")
        evaluation.continues = []
        _run_body(evaluation, statement, symbol, item)
        _go_on(evaluation, evaluation.continues)
    _go_on(evaluation, evaluation.breaks)
    evaluation.breaks, evaluation.continues = around


def _run_body(evaluation: Evaluation, statement: nodes.Foreach, symbol: LocalSymbol, item: Value) -> None:
    evaluation.placeholders[id(statement.placeholder)] = item
    evaluation.variables[symbol] = evaluation.value(statement.element)
    run_all(evaluation, [statement.body])


# The parts of a text: what one part leads to decides for all of them


class _Search:
    """Effect of a loop if a part of a text is in a language: a constant to return, or constants for variables."""

    def __init__(self) -> None:
        self.returned: tuple[Language, Value] | None = None
        self.set: dict[LocalSymbol, tuple[Language, Value]] = {}

    def apply(self, evaluation: Evaluation, collection: Value) -> None:
        for symbol, (language, value) in self.set.items():
            is_set = _is_found(evaluation, collection, language)
            evaluation.variables[symbol] = merge(is_set, value, evaluation.variables[symbol])
        if self.returned is not None:
            language, value = self.returned
            returns = terms.all_of(evaluation.guard, _is_found(evaluation, collection, language))
            evaluation.returns.append((returns, value))
            evaluation.guard = terms.all_of(evaluation.guard, terms.not_(returns))


def _is_parts(evaluation: Evaluation, collection: Value) -> bool:
    if isinstance(collection, Query):
        return collection.evaluation is evaluation and _is_parts(evaluation, collection.source)
    return isinstance(collection, Parts) and collection.made == evaluation.unknowns.heap


def _is_found(evaluation: Evaluation, collection: Value, language: Language) -> Term:
    def form(leaf: Value) -> Value:
        if not isinstance(leaf, (Parts, Query)):
            return NOTHING
        source, _ = source_of(leaf)
        assert isinstance(source, Parts)
        return Truth(terms.member(source.text, has_part(language, source.separator)))

    return evaluation.truth(evaluation.each([collection], form))


def _searched(
    evaluation: Evaluation, statement: nodes.Foreach, symbol: LocalSymbol, collection: Value
) -> _Search | None:
    """Return what a loop over the parts of a text searches for; None if it is no such search."""
    queries = [leaf for leaf in leaves(collection) if isinstance(leaf, (Parts, Query))]
    if not queries or len({source_of(leaf)[1] for leaf in queries}) > 1:
        return None
    names = [name for name in assigned(statement.body) if name in evaluation.variables]
    kept: tuple[Any, ...] = (evaluation.guard, evaluation.throws, evaluation.variables, evaluation.returns)
    kept += (evaluation.breaks, evaluation.continues)
    heap, probe = evaluation.unknowns.heap, evaluation.unknowns.fresh(terms.TEXT, "a part of a text")
    evaluation.guard, evaluation.throws, evaluation.returns = terms.TRUE, terms.FALSE, []
    evaluation.breaks, evaluation.continues = [], []
    evaluation.variables = {**evaluation.variables, **{name: _before(name) for name in names}}
    try:
        is_kept, item = through(evaluation, source_of(queries[0])[1], Text(probe))
        evaluation.guard = is_kept
        _run_body(evaluation, statement, symbol, item)
        if evaluation.throws is not terms.FALSE or evaluation.unknowns.heap != heap:
            return None
        return _search_of(evaluation, names, is_kept, probe)
    except (Unsupported, TooLarge):
        return None
    finally:
        (evaluation.guard, evaluation.throws, evaluation.variables, evaluation.returns) = kept[:4]
        evaluation.breaks, evaluation.continues = kept[4:]


def _before(symbol: LocalSymbol) -> Value:
    return Opaque((_BEFORE, symbol.name), str(symbol.type), 0)


def _search_of(evaluation: Evaluation, names: list[LocalSymbol], is_kept: Term, probe: Term) -> _Search | None:
    """Return what a run of the body for one part has come to, where each part has the same effect or none."""
    search = _Search()
    breaks = terms.any_of(*(condition for condition, _ in evaluation.breaks))
    if evaluation.returns:
        values = {value.key: value for _, value in evaluation.returns}
        if len(values) > 1 or names or breaks is not terms.FALSE:
            return None
        (value,) = values.values()
        if not _is_constant(value):
            return None
        language = language_of(terms.any_of(*(condition for condition, _ in evaluation.returns)), probe)
        search.returned = language, value
        return search
    _go_on(evaluation, [*evaluation.continues, *evaluation.breaks])
    for symbol in names:
        left = merge(is_kept, evaluation.variables[symbol], _before(symbol))
        values = {leaf.key: leaf for leaf in leaves(left) if leaf.key != _before(symbol).key}
        if not values:
            continue
        if len(values) > 1 or not all(map(_is_constant, values.values())):
            return None
        is_set = language_of(where(left, lambda leaf: terms.truth(_is_constant(leaf))), probe)
        if evaluation.breaks and language_of(breaks, probe) is not is_set:
            return None
        search.set[symbol] = is_set, next(iter(values.values()))
    return search


def _is_constant(value: Value) -> bool:
    if isinstance(value, Truth):
        return value.term in (terms.TRUE, terms.FALSE)
    return value is NULL or (isinstance(value, (Text, Number)) and value.constant is not None)


# Any other loop


def _run_any(evaluation: Evaluation, statement: nodes.Foreach | nodes.Loop) -> None:
    """Run a loop any number of times: what it assigns is unknown, and what it calls may have changed anything."""
    what = "a loop"
    unknowns = evaluation.unknowns
    evaluation.note_unknown(statement)
    evaluation.change()
    unknowns.use_up()
    evaluation.throw(unknowns.truth(what))
    for symbol in assigned(statement):
        evaluation.assign(symbol, unknowns.value(str(symbol.type), what))
    returns = [part for part in statement.walk() if isinstance(part, nodes.Return)]
    if returns:
        leaves = terms.all_of(evaluation.guard, unknowns.truth(what))
        value = returns[0].value
        constants = {repr(each.value.constant) for each in returns if each.value is not None and each.value.is_constant}
        if value is not None and value.is_constant and len(constants) == len(returns) == 1:
            found = evaluation.constant(value.constant, str(value.type))
        else:
            found = unknowns.value("object" if value is None else str(value.type), what)
        evaluation.returns.append((leaves, found))
        evaluation.guard = terms.all_of(evaluation.guard, terms.not_(leaves))
