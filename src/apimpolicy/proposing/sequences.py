"""Sequences of a few items: the parts of a text one by one, and members that `semantics` has no form for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.languages.language import TooLarge
from apimpolicy.languages.operations import PartOf
from apimpolicy.proposing.forms import FORMS, form
from apimpolicy.semantics.creation import default_of
from apimpolicy.semantics.evaluation import as_number
from apimpolicy.semantics.json_trees import sequence_of
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.members import apply
from apimpolicy.semantics.queries import anything, rows
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NOTHING,
    NULL,
    Choice,
    Items,
    Json,
    Number,
    Parts,
    Query,
    Text,
    Value,
    merge,
)
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import PartCount

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.semantics.evaluation import Evaluation
    from apimpolicy.semantics.members import Call, Form
    from apimpolicy.terms.term import Term

_LINQ = "System.Linq.Enumerable"
_GENERIC = "System.Collections.Generic"
_SOURCE = f"this {_GENERIC}.IEnumerable<TSource> source"
_MOST_PARTS = 3


def items_of(evaluation: Evaluation, value: Value) -> Value:
    """Return the items of a sequence, as a choice between lists of a few. Raises Unsupported for unknown items."""
    match value:
        case Items():
            return value
        case Parts():
            parts = tuple(
                Text(terms.applied(PartOf(value.separator, place), value.text)) for place in range(_MOST_PARTS)
            )
            count = terms.measure(PartCount(value.separator), value.text)
            found: Value = Items(parts, "string[]", value.made)
            for size in range(_MOST_PARTS - 1, 0, -1):
                found = merge(
                    terms.at_most(count, terms.number(size)), Items(parts[:size], "string[]", value.made), found
                )
            return found
        case Json():
            return sequence_of(evaluation, value)
        case Query():
            return evaluation.each([items_of(evaluation, value.source)], partial(_kept, evaluation, value))
    raise Unsupported("a sequence that is not known")


def _kept(evaluation: Evaluation, query: Query, source: Value) -> Value:
    """Return the items that a query keeps."""
    assert isinstance(source, Items)
    found: Value = Items((), source.type, source.made)
    for is_kept, item in rows(evaluation, source.items, query.steps, anything, stops=False):
        longer = evaluation.each([found], lambda leaf, item=item: Items((*leaf.items, item), leaf.type, leaf.made))
        found = merge(is_kept, longer, found)
    return found


def _one_by_one(type_: str, signature: str, *, is_first: bool) -> None:
    """Register a member of sequences: by its form, or over the parts of a text one by one."""
    original = KNOWN[type_, signature]

    @form(type_, signature)
    def member(call: Call, collection: Value, *rest: Value) -> Value:
        if not (is_first and isinstance(collection, (Parts, Query))):
            throws = call.evaluation.throws
            try:
                found: Value = original(call, collection, *rest)
                return found
            except (Unsupported, TooLarge):
                call.evaluation.throws = throws
                if not isinstance(collection, (Parts, Query, Json)):
                    raise
        return call.evaluation.each([items_of(call.evaluation, collection)], lambda leaf: original(call, leaf, *rest))


for _type, _signature in list(KNOWN):
    if _type in (_LINQ, "System.Array") and not any(f" {each}<" in _signature for each in ("Where", "Select")):
        _is_first = any(f" {each}<" in _signature for each in ("First", "FirstOrDefault", "ToList", "ToArray"))
        if (_type, _signature) not in FORMS:
            _one_by_one(_type, _signature, is_first=_is_first and "predicate" in _signature)


# Members over all items


def _over_items(*signatures: str) -> Callable[[Form], Form]:
    def register(function: Form) -> Form:
        @form(_LINQ, *signatures)
        def member(call: Call, collection: Value, *rest: Value) -> Value:
            if collection is NULL:
                return call.evaluation.fail()
            items = items_of(call.evaluation, collection)
            return call.evaluation.each([items], lambda leaf: function(call, leaf, *rest))

        return function

    return register


_NUMBERS = ("int", "long")


def _number(value: Value) -> Term:
    """Return a number that may be a choice."""
    if isinstance(value, Choice):
        return terms.choice(value.condition, _number(value.then), _number(value.otherwise))
    return terms.number(0) if value is NOTHING else as_number(value).term


@_over_items(
    *(f"static {name} Sum<TSource>({_SOURCE}, System.Func<TSource, {name}> selector)" for name in _NUMBERS),
    *(f"static {name} Sum(this {_GENERIC}.IEnumerable<{name}> source)" for name in _NUMBERS),
)
def sum_of(call: Call, items: Items, selector: Value | None = None) -> Value:
    found = terms.number(0)
    for item in items.items:
        value = item if selector is None else apply(call.evaluation, selector, item)
        found = terms.total(found, _number(value))
    return Number(found, str(call.type))


def _largest(name: str, *, is_least: bool) -> None:
    @_over_items(
        *(f"static {type_} {name}<TSource>({_SOURCE}, System.Func<TSource, {type_}> selector)" for type_ in _NUMBERS),
        *(f"static {type_} {name}(this {_GENERIC}.IEnumerable<{type_}> source)" for type_ in _NUMBERS),
    )
    def largest(call: Call, items: Items, selector: Value | None = None) -> Value:
        evaluation = call.evaluation
        numbers = [item if selector is None else apply(evaluation, selector, item) for item in items.items]
        if not numbers:
            return evaluation.fail()
        found = _number(numbers[0])
        for other in numbers[1:]:
            term = _number(other)
            found = terms.choice(terms.at_most(*((found, term) if is_least else (term, found))), found, term)
        return Number(found, str(call.type))


_largest("Max", is_least=False)
_largest("Min", is_least=True)


def _place(value: Value) -> int:
    found = as_number(value).constant
    if found is None:
        raise Unsupported("a number of items that is not constant")
    return max(found, 0)


@_over_items(f"static {_GENERIC}.IEnumerable<TSource> Skip<TSource>({_SOURCE}, int count)")
def skip(call: Call, items: Items, count: Value) -> Value:
    return Items(items.items[_place(count) :], items.type, items.made)


@_over_items(f"static {_GENERIC}.IEnumerable<TSource> Take<TSource>({_SOURCE}, int count)")
def take(call: Call, items: Items, count: Value) -> Value:
    return Items(items.items[: _place(count)], items.type, items.made)


@_over_items(
    f"static TSource ElementAt<TSource>({_SOURCE}, int index)",
    f"static TSource ElementAtOrDefault<TSource>({_SOURCE}, int index)",
)
def element_at(call: Call, items: Items, index: Value) -> Value:
    place = _place(index)
    if place < len(items.items):
        return items.items[place]
    if call.member.name == "ElementAt":
        return call.evaluation.fail()
    return default_of(call.evaluation, str(call.type), is_value_type=call.type.is_value_type)
