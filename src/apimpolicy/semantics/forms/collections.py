"""Arrays, lists, sets and queries over them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.languages import units
from apimpolicy.languages.language import (
    ANYTHING,
    Language,
    both,
    containing,
    literal,
    not_,
    one_of,
    optional,
    sequence,
    union,
)
from apimpolicy.languages.operations import LastPart, PartOf
from apimpolicy.semantics.creation import default_of
from apimpolicy.semantics.evaluation import constant_of
from apimpolicy.semantics.forms.strings import same_texts
from apimpolicy.semantics.harmless import is_harmless
from apimpolicy.semantics.keys import key_of
from apimpolicy.semantics.members import PAIR, Call, apply, comparer_of, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Function,
    Host,
    Items,
    Number,
    Opaque,
    Parts,
    Text,
    Truth,
    Value,
    constant_number,
    constant_truth,
    merge,
)
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import PartCount

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.terms.term import Term

_LINQ = "System.Linq.Enumerable"
_SOURCE = "this System.Collections.Generic.IEnumerable<TSource> source"
_PREDICATE = "System.Func<TSource, bool> predicate"
_GENERIC = "System.Collections.Generic"
_MOST_COUNTED = 10


def _known(call: Call, collection: Value) -> Items | Parts:
    """Return a collection whose items are known now. A null one throws before."""
    if not isinstance(collection, (Items, Parts)) or collection.made != call.evaluation.unknowns.heap:
        raise Unsupported("a collection that is not known")
    return collection


# Contains


@form(_LINQ, f"static bool Contains<TSource>({_SOURCE}, TSource value)")
@form(f"{_GENERIC}.List", "bool Contains(T item)")
@form(f"{_GENERIC}.HashSet", "bool Contains(T item)")
@form(f"{_GENERIC}.ICollection", "bool Contains(T item)")
def contains(call: Call, collection: Value, value: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    return _contains(call, known, value, known.comparer if isinstance(known, Items) else "ordinal")


@form(
    _LINQ,
    f"static bool Contains<TSource>({_SOURCE}, TSource value, {_GENERIC}.IEqualityComparer<TSource> comparer)",
)
def contains_by(call: Call, collection: Value, value: Value, comparer: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    how = comparer_of(comparer)
    if how is None:
        raise Unsupported("a comparer that is not known")
    return _contains(call, _known(call, collection), value, how)


def _contains(call: Call, known: Items | Parts, value: Value, comparer: str) -> Value:
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


def _is_among(call: Call, items: tuple[Value, ...], value: Value, comparer: str) -> Value:
    return Truth(terms.any_of(*(_same(item, value, comparer) for item in items)))


def _same(item: Value, value: Value, comparer: str) -> Term:
    if NULL in (item, value):
        return terms.truth(item is value)
    if isinstance(item, Text) and isinstance(value, Text):
        return same_texts(item.term, value.term, comparer)
    if isinstance(item, Number) and isinstance(value, Number) and item.type == value.type:
        return terms.equal(item.term, value.term)
    raise Unsupported("items of another type")


def has_part(language: Language, separator: int) -> Language:
    """Return the texts of which some part, between separators, is in a language."""
    mark = one_of(units.of_bits(1 << separator))
    part = both(language, not_(containing(mark)))
    return sequence(optional(sequence(ANYTHING, mark)), part, optional(sequence(mark, ANYTHING)))


# Any, All, Count


@form(_LINQ, f"static bool Any<TSource>({_SOURCE})")
def any_item(call: Call, collection: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    return constant_truth(isinstance(known, Parts) or bool(known.items)) if not _may_have_more(known) else _more(call)


def _may_have_more(known: Items | Parts) -> bool:
    return isinstance(known, Items) and known.has_more and not known.items


def _more(call: Call) -> Value:
    return Truth(call.evaluation.unknowns.truth("further items of a list"))


@form(_LINQ, f"static bool Any<TSource>({_SOURCE}, {_PREDICATE})")
def any_where(call: Call, collection: Value, predicate: Value) -> Value:
    return _quantified(call, collection, predicate, is_any=True)


@form(_LINQ, f"static bool All<TSource>({_SOURCE}, {_PREDICATE})")
def all_where(call: Call, collection: Value, predicate: Value) -> Value:
    return _quantified(call, collection, predicate, is_any=False)


def _quantified(call: Call, collection: Value, predicate: Value, *, is_any: bool) -> Value:
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    if isinstance(collection, (Opaque, Host)):
        return _quantified_over_unknown(call, collection, predicate)
    known = _known(call, collection)
    if isinstance(known, Parts):
        language = predicate_language(call, predicate)
        found = terms.member(known.text, has_part(language if is_any else not_(language), known.separator))
        return Truth(found if is_any else terms.not_(found))
    rows = _decided(call, known, predicate, stops_at=is_any)
    parts = [holds if is_any else terms.not_(holds) for holds, _ in rows]
    if known.has_more:
        unasked = terms.not_(terms.any_of(*parts))
        key = key_of(evaluation, "more", is_any, known, predicate)
        evaluation.under(unasked, lambda: _maybe_throws(call, key and ("throws", key)))
        parts.append(evaluation.unknowns.truth("further items of a list", key))
    found = terms.any_of(*parts)
    return Truth(found if is_any else terms.not_(found))


def _quantified_over_unknown(call: Call, collection: Value, predicate: Value) -> Value:
    """Return whether unknown items fit: unknown, the same for the same; it throws where the predicate may throw."""
    evaluation, unknowns = call.evaluation, call.evaluation.unknowns
    if not isinstance(predicate, Function) or not is_harmless(predicate.node.body):
        raise Unsupported("a predicate that may change something")
    key = key_of(evaluation, "matches", collection, predicate)
    throws = evaluation.throws
    evaluation.throws = terms.FALSE
    apply(evaluation, predicate, _any_item(call, collection, predicate))
    thrown, evaluation.throws = evaluation.throws, throws
    if thrown is not terms.FALSE:
        some = unknowns.truth("a predicate over unknown items", key and ("throws", key))
        evaluation.throw(terms.all_of(some, thrown))  # the item that it was evaluated with is any that throws
    return Truth(unknowns.truth("whether an unknown item matches", key))


def _any_item(call: Call, collection: Value, predicate: Function) -> Value:
    unknowns = call.evaluation.unknowns
    type_ = str(predicate.node.parameters[0].type)
    if isinstance(collection, Host) and collection.path not in ("variables", "matched"):
        pair = unknowns.value(type_, "an entry of a dictionary", null=False)
        assert isinstance(pair, Opaque)
        return Opaque((PAIR, pair.identity), type_, unknowns.heap)
    return unknowns.value(type_, "an item of a list")


def _holds(call: Call, predicate: Value, item: Value) -> Value:
    return Truth(call.evaluation.truth(apply(call.evaluation, predicate, item)))


def _maybe_throws(call: Call, key: Hashable) -> Value:
    call.evaluation.throw(call.evaluation.unknowns.truth("further items of a list", key))
    return NULL


def _decided(call: Call, known: Items, predicate: Value, *, stops_at: bool | None) -> list[tuple[Term, Value]]:
    """Return for each item whether the predicate is true; it isn't evaluated after it was `stops_at`."""
    evaluation = call.evaluation
    rows: list[tuple[Term, Value]] = []
    still = terms.TRUE
    for item in known.items:
        found = evaluation.under(still, partial(_holds, call, predicate, item))
        holds = found.term if isinstance(found, Truth) else terms.FALSE
        rows.append((holds, item))
        if stops_at is not None:
            still = terms.all_of(still, terms.not_(holds) if stops_at else holds)
    return rows


def predicate_language(call: Call, predicate: Value) -> Language:
    """Return the texts for which a predicate is true; it must be regular, and never throw."""
    evaluation = call.evaluation
    probe = evaluation.unknowns.fresh(terms.TEXT, "a part of a text")
    throws = evaluation.throws
    evaluation.throws = terms.FALSE
    try:
        found = evaluation.truth(apply(evaluation, predicate, Text(probe)))
        if evaluation.throws is not terms.FALSE:
            raise Unsupported("a predicate that may throw")
    finally:
        evaluation.throws = throws
    return _language_of(found, probe)


def _language_of(term: Term, probe: Term) -> Language:
    parts = term.parts
    match term.kind:
        case "true":
            return ANYTHING
        case "false":
            return not_(ANYTHING)
        case "not":
            return not_(_language_of(parts[0], probe))
        case "all":
            return both(*(_language_of(part, probe) for part in parts))
        case "any":
            return union(*(_language_of(part, probe) for part in parts))
        case "member" if parts[0] is probe:
            language: Language = parts[1]
            return language
    raise Unsupported("a predicate that is not regular")


@form(_LINQ, f"static int Count<TSource>({_SOURCE})")
@form("System.Array", "int Length { get; }")
@form(f"{_GENERIC}.List", "int Count { get; }")
@form(f"{_GENERIC}.IReadOnlyCollection", "int Count { get; }")
@form(f"{_GENERIC}.ICollection", "int Count { get; }")
def count(call: Call, collection: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    if isinstance(known, Parts):
        return Number(terms.measure(PartCount(known.separator), known.text), "int")
    if "HashSet" in known.type:
        raise Unsupported("how many items a set has")
    if not known.has_more:
        return constant_number(len(known.items))
    unknowns = call.evaluation.unknowns
    found = unknowns.value("int", "how many items a list has", key_of(call.evaluation, "count", known))
    assert isinstance(found, Number)
    unknowns.know(found.term, terms.at_most(terms.number(len(known.items)), found.term))
    return found


@form(_LINQ, f"static int Count<TSource>({_SOURCE}, {_PREDICATE})")
def count_where(call: Call, collection: Value, predicate: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    if isinstance(known, Parts) or known.has_more or "HashSet" in known.type or len(known.items) > _MOST_COUNTED:
        raise Unsupported("a count of unknown items")
    found = terms.number(0)
    for holds, _ in _decided(call, known, predicate, stops_at=None):
        found = terms.choice(holds, terms.total(found, terms.number(1)), found)
    return Number(found, "int")


# First


@form(_LINQ, f"static TSource First<TSource>({_SOURCE})")
def first(call: Call, collection: Value) -> Value:
    return _first(call, collection, None, has_default=False)


@form(_LINQ, f"static TSource FirstOrDefault<TSource>({_SOURCE})")
def first_or_default(call: Call, collection: Value) -> Value:
    return _first(call, collection, None, has_default=True)


@form(_LINQ, f"static TSource First<TSource>({_SOURCE}, {_PREDICATE})")
def first_where(call: Call, collection: Value, predicate: Value) -> Value:
    return _first(call, collection, predicate, has_default=False)


@form(_LINQ, f"static TSource FirstOrDefault<TSource>({_SOURCE}, {_PREDICATE})")
def first_where_or_default(call: Call, collection: Value, predicate: Value) -> Value:
    return _first(call, collection, predicate, has_default=True)


def _first(call: Call, collection: Value, predicate: Value | None, *, has_default: bool) -> Value:
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    known = _known(call, collection)
    if isinstance(known, Parts):
        if predicate is not None:
            raise Unsupported("the first part that fits")
        return Text(terms.applied(PartOf(known.separator, 0), known.text))
    if predicate is None:
        if known.items:
            return known.items[0]
        if known.has_more:
            raise Unsupported("the first of unknown items")
        return _default(call) if has_default else evaluation.fail()
    if known.has_more:
        raise Unsupported("the first of unknown items")
    rows = _decided(call, known, predicate, stops_at=True)
    if not has_default:
        evaluation.throw(terms.not_(terms.any_of(*(holds for holds, _ in rows))))
    found = _default(call)
    for holds, item in reversed(rows):
        found = merge(holds, item, found)
    return found


def _default(call: Call) -> Value:
    return default_of(call.evaluation, str(call.type), is_value_type=call.type.is_value_type)


@form(_LINQ, f"static TSource Last<TSource>({_SOURCE})")
def last(call: Call, collection: Value) -> Value:
    return _last(call, collection, has_default=False)


@form(_LINQ, f"static TSource LastOrDefault<TSource>({_SOURCE})")
def last_or_default(call: Call, collection: Value) -> Value:
    return _last(call, collection, has_default=True)


def _last(call: Call, collection: Value, *, has_default: bool) -> Value:
    """Return the last item; an unknown one where unknown items follow."""
    evaluation = call.evaluation
    if collection is NULL:
        return evaluation.fail()
    known = _known(call, collection)
    if isinstance(known, Parts):
        return Text(terms.applied(LastPart(known.separator), known.text))
    if "HashSet" in known.type or (known.has_more and not known.items):
        raise Unsupported("the last of unknown items")
    if not known.items:
        return _default(call) if has_default else evaluation.fail()
    if not known.has_more:
        return known.items[-1]
    unknowns = evaluation.unknowns
    what = "the last of many items"
    key = key_of(evaluation, "last", known)
    is_known = unknowns.truth(what, key)
    unknowns.likely[is_known] = None
    return merge(is_known, known.items[-1], unknowns.value(str(call.type), what, key))


# Copies


@form(_LINQ, f"static TSource[] ToArray<TSource>({_SOURCE})")
@form(_LINQ, f"static {_GENERIC}.List<TSource> ToList<TSource>({_SOURCE})")
def to_list(call: Call, collection: Value) -> Value:
    if collection is NULL:
        return call.evaluation.fail()
    known = _known(call, collection)
    if isinstance(known, Parts):
        return known
    return Items(known.items, str(call.type), known.made, rest=known.rest)
