"""Loops round by round, for proposals of requests: a few rounds exactly, and requests with more are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.languages.operations import PartOf
from apimpolicy.semantics.json_trees import sequence_of
from apimpolicy.semantics.operators import is_null
from apimpolicy.semantics.queries import source_of, through
from apimpolicy.semantics.statements import run_all
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NOTHING, NULL, Items, Json, Parts, Query, Text, Value, merge, where
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import PartCount

if TYPE_CHECKING:
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.semantics.evaluation import Evaluation
    from apimpolicy.terms.term import Term

    Jump = tuple[Term, dict[LocalSymbol, Value]]

_MOST, _MOST_CERTAIN = 4, 40
"""Rounds whose number depends on the request, and rounds that certainly run."""


def run(evaluation: Evaluation, statement: nodes.Foreach | nodes.Loop) -> None:
    """Run a loop. Raises Unsupported, TooLarge."""
    around = evaluation.breaks, evaluation.continues
    evaluation.breaks = []
    left = _rounds(evaluation, statement) if isinstance(statement, nodes.Loop) else _items(evaluation, statement)
    evaluation.guard = terms.FALSE
    go_on(evaluation, [*left, *evaluation.breaks])
    evaluation.breaks, evaluation.continues = around


def go_on(evaluation: Evaluation, jumps: list[Jump]) -> None:
    """Go on after jumps, with the variables that each of them left."""
    for condition, found in jumps:
        known = evaluation.variables
        evaluation.variables = {
            symbol: merge(condition, found.get(symbol, NOTHING), known.get(symbol, NOTHING))
            for symbol in {**known, **found}
        }
        evaluation.guard = terms.any_of(evaluation.guard, condition)


def _rounds(evaluation: Evaluation, statement: nodes.Loop) -> list[Jump]:
    run_all(evaluation, statement.initializers)
    left: list[Jump] = []
    number = certain = 0
    while number < _MOST and certain < _MOST_CERTAIN and evaluation.guard is not terms.FALSE:
        condition = terms.TRUE
        if statement.condition is not None and (number + certain or not statement.is_do):
            condition = evaluation.truth(evaluation.value(statement.condition))
        left.append((terms.all_of(evaluation.guard, terms.not_(condition)), evaluation.variables.copy()))
        if condition is terms.TRUE:
            certain += 1
        else:
            number += 1
        _round(evaluation, condition, statement.body)
        for each in statement.incrementors:
            evaluation.value(each)
    if statement.condition is not None and evaluation.guard is not terms.FALSE:
        condition = evaluation.truth(evaluation.value(statement.condition))
        left.append((terms.all_of(evaluation.guard, terms.not_(condition)), evaluation.variables.copy()))
    return left


def _round(evaluation: Evaluation, condition: Term, body: nodes.Statement) -> None:
    evaluation.guard = terms.all_of(evaluation.guard, condition)
    evaluation.continues = []
    run_all(evaluation, [body])
    go_on(evaluation, evaluation.continues)


def _items(evaluation: Evaluation, statement: nodes.Foreach) -> list[Jump]:
    if statement.symbol is None:
        raise Unsupported("a loop that takes items apart")
    collection = evaluation.value(statement.collection)
    evaluation.throw(is_null(evaluation, collection))
    collection = _spread(evaluation, collection)
    left: list[Jump] = []
    for number in range(_MOST_CERTAIN):
        exists, item, is_kept = _item(evaluation, collection, number)
        left.append((terms.all_of(evaluation.guard, terms.not_(exists)), evaluation.variables.copy()))
        evaluation.guard = terms.all_of(evaluation.guard, exists)
        if evaluation.guard is terms.FALSE or (number >= _MOST and exists is not terms.TRUE):
            break
        skipped: Jump = (terms.all_of(evaluation.guard, terms.not_(is_kept)), evaluation.variables.copy())
        evaluation.placeholders[id(statement.placeholder)] = item
        evaluation.variables[statement.symbol] = evaluation.value(statement.element)
        _round(evaluation, is_kept, statement.body)
        go_on(evaluation, [skipped])
    return left


def _spread(evaluation: Evaluation, collection: Value) -> Value:
    """Return the items of JSON arrays."""

    def form(leaf: Value) -> Value:
        if leaf is NULL:
            return NOTHING
        return sequence_of(evaluation, leaf) if isinstance(leaf, Json) else leaf

    return evaluation.each([collection], form)


def _item(evaluation: Evaluation, collection: Value, number: int) -> tuple[Term, Value, Term]:
    """Return whether a collection has an item at a place, the item, and whether a query keeps it."""

    def exists(leaf: Value) -> Term:
        if leaf is NOTHING:
            return terms.FALSE
        source, _ = _source(leaf)
        if isinstance(source, Parts):
            count = terms.measure(PartCount(source.separator), source.text)
            return terms.not_(terms.at_most(count, terms.number(number)))
        return terms.truth(number < len(source.items))

    kept: list[Term] = []

    def form(leaf: Value) -> Value:
        source, steps = _source(leaf)
        if isinstance(source, Parts):
            found: Value = Text(terms.applied(PartOf(source.separator, number), source.text))
        elif number < len(source.items):
            found = source.items[number]
        else:
            return NOTHING
        is_kept, item = through(evaluation, steps, found)
        kept.append(is_kept)
        return item

    is_there = where(collection, exists)
    item = evaluation.each([collection], form) if is_there is not terms.FALSE else NOTHING
    return is_there, item, terms.any_of(*kept) if kept else terms.TRUE


def _source(leaf: Value):  # type: ignore[no-untyped-def] # as `queries.source_of` returns it
    if not isinstance(leaf, (Items, Parts, Query)):
        raise Unsupported("a loop over unknown items")
    return source_of(leaf)
