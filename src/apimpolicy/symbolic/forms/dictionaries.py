"""Dictionaries that a policy fills: their keys and values, each with its meaning, as many as the run had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.access import Function, Output, called
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.sequences import Entries, Items, items_of
from apimpolicy.symbolic.texts import same_text
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.symbolic.walker import Walker

_DICTIONARY = "System.Collections.Generic.Dictionary"
_BY = "this System.Collections.Generic.IEnumerable<TSource> source, System.Func<TSource, TKey> keySelector"
_BUT = "keys that are no texts or have no form; comparers"


@form(
    "System.Linq.Enumerable",
    f"static {_DICTIONARY}<TKey, TSource> ToDictionary<TSource, TKey>({_BY})",
    f"static {_DICTIONARY}<TKey, TElement> ToDictionary<TSource, TKey, TElement>({_BY}, "
    "System.Func<TSource, TElement> elementSelector)",
    but=_BUT,
)
def made_of(call: Call) -> Dual | None:
    """A key that comes twice throws."""
    source = items_of(call.walker, call.arguments[0], call.node)
    if source is None or not all(isinstance(each.form, Function) for each in call.arguments[1:]):
        return None
    entries: list[tuple[Dual, Dual]] = []
    is_known = True
    for item in source:
        key = called(call.walker, call.arguments[1], [item])
        value = item if len(call.arguments) < 3 else called(call.walker, call.arguments[2], [item])
        terms = [_same(other, key) for other, _ in entries]
        is_known = is_known and None not in terms and isinstance(key.value, str)
        for term in terms if is_known else ():
            call.guard(solver.no(term))
        entries.append((key, value))
    return Dual(form=Entries(entries)) if is_known else None


@form(_DICTIONARY, "new()")
def new_dictionary(call: Call) -> Dual:
    return Dual(form=Entries([]))


@form(_DICTIONARY, "void Add(TKey key, TValue value)", but=_BUT)
def add(call: Call) -> Dual | None:
    own, (key, value) = call.own.form, call.arguments
    if not isinstance(own, Entries) or own.lost is not None:
        return None
    terms = [_same(other, key) for other, _ in own.entries]
    if None in terms or not isinstance(key.value, str):
        return None
    for term in terms:
        call.guard(solver.no(term))
    own.entries.append((key, value))
    return Dual()


@form(_DICTIONARY, "bool ContainsKey(TKey key)", but=_BUT)
def contains_key(call: Call) -> Dual | None:
    own = call.own.form
    if not isinstance(own, Entries) or own.lost is not None:
        return None
    terms = [_same(key, call.arguments[0]) for key, _ in own.entries]
    known = [term for term in terms if term is not None]
    return Dual(term=solver.some(*known)) if len(known) == len(terms) else None


@form(_DICTIONARY, "TValue Item[TKey key] { get; set; }", but=_BUT)
def item(call: Call) -> Dual | None:
    found = value_of(call.walker, call.own, call.arguments[0])
    if found == []:
        call.guard(solver.FALSE)
        return Dual()
    return found[0] if found else None


@form(_DICTIONARY, "bool TryGetValue(TKey key, out TValue value)", but=_BUT)
def try_get_value(call: Call) -> Dual | None:
    found = value_of(call.walker, call.own, call.arguments[0])
    if found is None:
        return None
    return Dual(bool(found), form=Output(found[0] if found else Dual(None)))


@form(_DICTIONARY, "int Count { get; }", but=_BUT)
def count(call: Call) -> Dual | None:
    own = call.own.form
    return Dual() if isinstance(own, Entries) and own.lost is None else None


@form(
    _DICTIONARY,
    f"{_DICTIONARY}<TKey, TValue>.KeyCollection Keys {{ get; }}",
    f"{_DICTIONARY}<TKey, TValue>.ValueCollection Values {{ get; }}",
    but=_BUT,
)
def parts(call: Call) -> Dual | None:
    own = call.own.form
    if not isinstance(own, Entries) or own.lost is not None:
        return None
    return Dual(form=Items([each[call.member.name == "Values"] for each in own.entries]))


def value_of(walker: Walker, dictionary: Dual, key: Dual) -> list[Dual] | None:
    """The value under a key, which decides the way; an empty list when there is none, None when that has no form."""
    own = dictionary.form
    if not isinstance(own, Entries) or own.lost is not None:
        return None
    terms = [_same(other, key) for other, _ in own.entries]
    if None in terms:
        return None
    for term, (_, value) in zip(terms, own.entries, strict=True):
        if walker.path.split(term, "key"):
            return [value]
    return []


def _same(one: Dual, other: Dual) -> Term | None:
    """Whether two keys are the same text."""
    if one.is_constant and other.is_constant:
        return solver.constant(bool(one.value == other.value))
    found = same_text(one, other)
    if found is None:
        return None
    return found.term if found.term is not None else solver.constant(bool(found.value))
