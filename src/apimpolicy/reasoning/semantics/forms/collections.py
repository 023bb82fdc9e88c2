"""Arrays, lists, sets and queries over them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Literal

from apimpolicy.reasoning.languages.language import literal
from apimpolicy.reasoning.languages.operations import LastPart, PartOf
from apimpolicy.reasoning.semantics.creation import default_of
from apimpolicy.reasoning.semantics.evaluation import constant_of
from apimpolicy.reasoning.semantics.facts import is_harmless
from apimpolicy.reasoning.semantics.forms.strings import same_texts
from apimpolicy.reasoning.semantics.loops import (
    anything,
    exists,
    has_part,
    is_true,
    language_of_parts,
    rows,
    source_of,
    through,
)
from apimpolicy.reasoning.semantics.members import PAIR, MemberCall, apply, comparer_of, form
from apimpolicy.reasoning.semantics.unknowns import Unsupported, key_of
from apimpolicy.reasoning.semantics.values import (
    NULL,
    Function,
    Host,
    Items,
    Number,
    Opaque,
    Parts,
    Query,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.measures import PartCount
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.loops import Condition

_LINQ = "System.Linq.Enumerable"
_SOURCE = "this System.Collections.Generic.IEnumerable<TSource> source"
_PREDICATE = "System.Func<TSource, bool> predicate"
_GENERIC = "System.Collections.Generic"
_MOST_COUNTED = 10


def _known(call: MemberCall, collection: Value) -> Items | Parts | Query:
    """Return a collection whose items are known now; the parts of a constant text one by one. A null one throws
    before.
    """
    known = _readable(call, collection)
    source, steps = source_of(known)
    text = terms.constant_text(source.text) if isinstance(source, Parts) else None
    if text is None:
        return known
    assert isinstance(source, Parts)
    parts = Items(tuple(map(constant_text, text.split(chr(source.separator)))), "string[]", source.made)
    return Query(parts, tuple(steps), call.evaluation) if steps else parts


def _readable(call: MemberCall, collection: Value) -> Items | Parts | Query:
    evaluation = call.evaluation
    if not isinstance(collection, (Items, Parts, Query)) or collection.made != evaluation.unknowns.heap:
        raise Unsupported("a collection that is not known")
    if isinstance(collection, Query) and collection.evaluation is not evaluation:
        raise Unsupported("a query that is read later")
    return collection


# Queries: lambdas run when items are read


_RESULT = "System.Collections.Generic.IEnumerable"


@form(
    _LINQ,
    f"static {_RESULT}<TSource> Where<TSource>({_SOURCE}, {_PREDICATE})",
    f"static {_RESULT}<TResult> Select<TSource, TResult>({_SOURCE}, System.Func<TSource, TResult> selector)",
)
def with_step(call: MemberCall, collection: Value, function: Value) -> Value:
    kind: Literal["where", "select"] = "where" if call.member.name == "Where" else "select"
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    source, steps = source_of(_readable(call, collection))
    if not isinstance(function, Function) or not is_harmless(function.node.body):
        raise Unsupported("a lambda that may change something")
    if isinstance(source, Items) and source.has_more:
        raise Unsupported("a query over unknown items")
    evaluation.note_unknown(function.node.body)
    return Query(source, (*steps, (kind, function)), evaluation)


# Contains


@form(_LINQ, f"static bool Contains<TSource>({_SOURCE}, TSource value)")
@form(f"{_GENERIC}.List", "bool Contains(T item)")
@form(f"{_GENERIC}.HashSet", "bool Contains(T item)")
@form(f"{_GENERIC}.ICollection", "bool Contains(T item)")
def contains(call: MemberCall, collection: Value, value: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    return _contains(call, known, value, known.comparer if isinstance(known, Items) else "ordinal")


@form(_LINQ, f"static bool Contains<TSource>({_SOURCE}, TSource value, {_GENERIC}.IEqualityComparer<TSource> comparer)")
def contains_by(call: MemberCall, collection: Value, value: Value, comparer: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    how = comparer_of(comparer)
    if how is None:
        raise Unsupported("a comparer that is not known")
    return _contains(call, _known(call, collection), value, how)


def _contains(call: MemberCall, known: Items | Parts | Query, value: Value, comparer: str) -> Value:
    if isinstance(known, Query):

        def is_same(item: Value) -> Term:
            return call.evaluation.truth(call.evaluation.each([item], lambda leaf: Truth(_same(leaf, value, comparer))))

        return Truth(exists(call.evaluation, known, is_same))
    if isinstance(known, Parts):
        if comparer != "ordinal":
            raise Unsupported("a comparer of parts")
        if value is NULL:
            return constant_truth(False)
        return Truth(terms.member(known.text, has_part(literal(constant_of(value)), known.separator)))
    found = call.evaluation.each([*known.items, value], lambda *given: _is_among(call, given[:-1], given[-1], comparer))
    if not known.has_more:
        return found
    more = call.evaluation.unknowns.truth("further items of a list", key_of(call.evaluation, "more", known, value))
    return Truth(terms.any_of(call.evaluation.truth(found), more))


def _is_among(call: MemberCall, items: tuple[Value, ...], value: Value, comparer: str) -> Value:
    return Truth(terms.any_of(*(_same(item, value, comparer) for item in items)))


def _same(item: Value, value: Value, comparer: str) -> Term:
    if NULL in (item, value):
        return terms.truth(item is value)
    if isinstance(item, Text) and isinstance(value, Text):
        return same_texts(item.term, value.term, comparer)
    if isinstance(item, Number) and isinstance(value, Number) and item.type == value.type:
        return terms.equal(item.term, value.term)
    raise Unsupported("items of another type")


# Any, All, Count


@form(_LINQ, f"static bool Any<TSource>({_SOURCE})")
def any_item(call: MemberCall, collection: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    if (fields := _field_count(call, collection)) is not None:
        return Truth(terms.at_most(terms.number(1), fields.term))
    known = _known(call, collection)
    if isinstance(known, Items) and known.has_more and not known.items:
        return Truth(call.evaluation.unknowns.truth("further items of a list"))
    return Truth(exists(call.evaluation, known, anything))


@form(_LINQ, f"static bool Any<TSource>({_SOURCE}, {_PREDICATE})", f"static bool All<TSource>({_SOURCE}, {_PREDICATE})")
def quantified(call: MemberCall, collection: Value, predicate: Value) -> Value:
    is_any = call.member.name == "Any"
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    if isinstance(collection, (Opaque, Host)):
        return _quantified_over_unknown(call, collection, predicate)
    known, holds = _known(call, collection), is_true(evaluation, predicate)

    def decides(item: Value) -> Term:
        return holds(item) if is_any else terms.not_(holds(item))

    found = exists(evaluation, known, decides)
    if isinstance(known, Items) and known.has_more:
        key = key_of(evaluation, "more", is_any, known, predicate)
        evaluation.under(terms.not_(found), lambda: _maybe_throws(call, key and ("throws", key)))
        found = terms.any_of(found, evaluation.unknowns.truth("further items of a list", key))
    return Truth(found if is_any else terms.not_(found))


def _quantified_over_unknown(call: MemberCall, collection: Value, predicate: Value) -> Value:
    """Return whether unknown items fit: unknown, the same for the same; it throws where the predicate may throw."""
    evaluation, unknowns = call.evaluation, call.evaluation.unknowns
    if not isinstance(predicate, Function) or not is_harmless(predicate.node.body):
        raise Unsupported("a predicate that may change something")
    key = key_of(evaluation, "matches", collection, predicate)
    throws = evaluation.throws
    evaluation.throws = terms.FALSE
    apply(evaluation, predicate, _any_item(call, collection, predicate, key and ("item", key)))
    thrown, evaluation.throws = evaluation.throws, throws
    if thrown is not terms.FALSE:
        some = unknowns.truth("a predicate over unknown items", key and ("throws", key))
        evaluation.throw(terms.all_of(some, thrown))  # the item that it was evaluated with is any that throws
    return Truth(unknowns.truth("whether an unknown item matches", key))


def _any_item(call: MemberCall, collection: Value, predicate: Function, key: Hashable) -> Value:
    unknowns = call.evaluation.unknowns
    type_ = str(predicate.node.parameters[0].type)
    if isinstance(collection, Host) and collection.path not in ("variables", "matched"):
        pair = unknowns.value(type_, "an entry of a dictionary", key, null=False)
        assert isinstance(pair, Opaque)
        return Opaque((PAIR, pair.identity), type_, unknowns.heap)
    return unknowns.value(type_, "an item of a list", key)


def _maybe_throws(call: MemberCall, key: Hashable) -> Value:
    call.evaluation.throw(call.evaluation.unknowns.truth("further items of a list", key))
    return NULL


_FIELDS = {"headers": "header", "query": "query", "original-query": "query"}


def _field_count(call: MemberCall, collection: Value) -> Number | None:
    """Return how many headers or parameters the request has, where they are those that it came with."""
    path = collection.path if isinstance(collection, Host) else ""
    kind, state = _FIELDS.get(path), call.evaluation.state
    if kind is None or not (path.startswith("original") or state.is_first(kind)):
        return None
    found = state.first("count", kind)
    assert isinstance(found, Number)
    return found


@form(_LINQ, f"static int Count<TSource>({_SOURCE})")
@form("System.Array", "int Length { get; }")
@form(f"{_GENERIC}.List", "int Count { get; }")
@form(f"{_GENERIC}.HashSet", "int Count { get; }")
@form(f"{_GENERIC}.IReadOnlyCollection", "int Count { get; }")
@form(f"{_GENERIC}.ICollection", "int Count { get; }")
def count(call: MemberCall, collection: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    if (fields := _field_count(call, collection)) is not None:
        return fields
    known = _known(call, collection)
    if isinstance(known, Query):
        return _count(call, known, anything)
    if isinstance(known, Parts):
        return Number(terms.measure(PartCount(known.separator), known.text), "int")
    if not known.has_more and source_of(known):
        return constant_number(len(known.items))
    unknowns = call.evaluation.unknowns
    found = unknowns.value("int", "how many items a list has", key_of(call.evaluation, "count", known))
    assert isinstance(found, Number)
    unknowns.know(found.term, terms.at_most(terms.number(len(known.items)), found.term))
    return found


@form(_LINQ, f"static int Count<TSource>({_SOURCE}, {_PREDICATE})")
def count_where(call: MemberCall, collection: Value, predicate: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    return _count(call, _known(call, collection), is_true(call.evaluation, predicate))


def _count(call: MemberCall, known: Items | Parts | Query, condition: Condition) -> Value:
    evaluation = call.evaluation
    source, steps = source_of(known)
    if isinstance(source, Parts):
        counted = evaluation.unknowns.value("int", "how many parts of a text fit")
        assert isinstance(counted, Number)
        is_none = terms.at_most(counted.term, terms.number(0))
        some = exists(evaluation, known, condition)
        evaluation.unknowns.know(counted.term, terms.at_most(terms.number(0), counted.term))
        evaluation.unknowns.know(counted.term, terms.iff(is_none, terms.not_(some)))
        return counted
    if source.has_more or len(source.items) > _MOST_COUNTED:
        raise Unsupported("a count of unknown items")
    found = terms.number(0)
    for fits, _ in rows(evaluation, source.items, steps, condition, stops=False):
        found = terms.total(found, terms.choice(fits, terms.number(1), terms.number(0)))
    return Number(found, "int")


# First


@form(
    _LINQ,
    f"static TSource First<TSource>({_SOURCE})",
    f"static TSource First<TSource>({_SOURCE}, {_PREDICATE})",
    f"static TSource FirstOrDefault<TSource>({_SOURCE})",
    f"static TSource FirstOrDefault<TSource>({_SOURCE}, {_PREDICATE})",
)
def first(call: MemberCall, collection: Value, predicate: Value | None = None) -> Value:
    has_default = call.member.name == "FirstOrDefault"
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    known = _known(call, collection)
    source, steps = source_of(known)
    if isinstance(source, Parts):
        return _part(call, known, predicate, PartOf(source.separator, 0), has_default=has_default)
    if predicate is None and not steps and source.items:
        return source.items[0]
    if source.has_more:
        raise Unsupported("the first of unknown items")
    condition = anything if predicate is None else is_true(evaluation, predicate)
    found = rows(evaluation, source.items, steps, condition)
    if not has_default:
        evaluation.throw(terms.not_(terms.any_of(*(fits for fits, _ in found))))
    value = _default(call)
    for fits, item in reversed(found):
        value = merge(fits, item, value)
    return value


def _part(
    call: MemberCall,
    known: Items | Parts | Query,
    predicate: Value | None,
    end: PartOf | LastPart,
    *,
    has_default: bool,
) -> Value:
    """Return the first or the last part of a text that fits: exact where every part does."""
    evaluation = call.evaluation
    source, steps = source_of(known)
    assert isinstance(source, Parts)
    if predicate is None and all(kind == "select" for kind, _ in steps):
        return through(evaluation, steps, Text(terms.applied(end, source.text)))[1]
    condition = anything if predicate is None else is_true(evaluation, predicate)
    some = exists(evaluation, known, condition)
    if not has_default:
        evaluation.throw(terms.not_(some))
    what = f"the {'first' if isinstance(end, PartOf) else 'last'} part of a text that fits"
    value = evaluation.unknowns.value(str(call.type), what, null=False)
    if isinstance(value, Text) and all(kind == "where" for kind, _ in steps):
        language = language_of_parts(evaluation, steps, condition)
        evaluation.unknowns.know(value.term, terms.any_of(terms.not_(some), terms.member(value.term, language)))
    return merge(some, value, _default(call))


def _default(call: MemberCall) -> Value:
    return default_of(call.evaluation, str(call.type), is_value_type=call.type.is_value_type)


@form(_LINQ, f"static TSource Last<TSource>({_SOURCE})", f"static TSource LastOrDefault<TSource>({_SOURCE})")
def last(call: MemberCall, collection: Value) -> Value:
    """Return the last item; an unknown one where unknown items follow."""
    has_default = call.member.name == "LastOrDefault"
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    items = _known(call, collection)
    source, _ = source_of(items)
    if isinstance(source, Parts):
        return _part(call, items, None, LastPart(source.separator), has_default=has_default)
    if isinstance(items, Query):
        raise Unsupported("the last item of a query")
    assert isinstance(items, Items)
    if items.has_more and not items.items:
        raise Unsupported("the last of unknown items")
    if not items.items:
        return _default(call) if has_default else evaluation.fail()
    if not items.has_more:
        return items.items[-1]
    unknowns = evaluation.unknowns
    what = "the last of many items"
    key = key_of(evaluation, "last", items)
    is_known = unknowns.truth(what, key)
    unknowns.likely[is_known] = None
    return merge(is_known, items.items[-1], unknowns.value(str(call.type), what, key))


# Copies


@form(_LINQ, f"static TSource[] ToArray<TSource>({_SOURCE})")
@form(_LINQ, f"static {_GENERIC}.List<TSource> ToList<TSource>({_SOURCE})")
def to_list(call: MemberCall, collection: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    source, steps = source_of(known)
    if isinstance(source, Parts):
        language_of_parts(call.evaluation, steps, anything)
        return known
    if isinstance(known, Query):
        if any(kind == "where" for kind, _ in steps):
            raise Unsupported("a list of some items")
        items = tuple(through(call.evaluation, steps, item)[1] for item in source.items)
        return Items(items, str(call.type), source.made)
    assert isinstance(known, Items)
    return Items(known.items, str(call.type), known.made, rest=known.rest)
