"""Dictionaries that a policy fills: as many entries as in the run, with the terms of their keys and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.access import Function, Output, called
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.sequences import Entries, Items, items_of
from apimpolicy.concolic.strings import same_text
from apimpolicy.concolic.values import ConcolicValue

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call
    from apimpolicy.concolic.replayer import Replayer
    from apimpolicy.concolic.solver import Term

_DICTIONARY = "System.Collections.Generic.Dictionary"
_BY = "this System.Collections.Generic.IEnumerable<TSource> source, System.Func<TSource, TKey> keySelector"
_BUT = "keys that are not strings or not modeled; comparers"


@form(
    "System.Linq.Enumerable",
    f"static {_DICTIONARY}<TKey, TSource> ToDictionary<TSource, TKey>({_BY})",
    f"static {_DICTIONARY}<TKey, TElement> ToDictionary<TSource, TKey, TElement>({_BY}, "
    "System.Func<TSource, TElement> elementSelector)",
    but=_BUT,
)
def made_of(call: Call) -> ConcolicValue | None:
    """Return a dictionary with entries; it throws when a key occurs twice."""
    source = items_of(call.replayer, call.arguments[0], call.node)
    if source is None or not all(isinstance(each.form, Function) for each in call.arguments[1:]):
        return None
    entries: list[tuple[ConcolicValue, ConcolicValue]] = []
    is_known = True
    for item in source:
        key = called(call.replayer, call.arguments[1], [item])
        value = item if len(call.arguments) < 3 else called(call.replayer, call.arguments[2], [item])
        terms = [_same(other, key) for other, _ in entries]
        is_known = is_known and None not in terms and isinstance(key.value, str)
        for term in terms if is_known else ():
            call.guard(solver.not_(term))
        entries.append((key, value))
    return ConcolicValue(form=Entries(entries)) if is_known else None


@form(_DICTIONARY, "new()")
def new_dictionary(call: Call) -> ConcolicValue:
    return ConcolicValue(form=Entries([]))


@form(_DICTIONARY, "void Add(TKey key, TValue value)", but=_BUT)
def add(call: Call) -> ConcolicValue | None:
    own, (key, value) = call.own.form, call.arguments
    if not isinstance(own, Entries) or own.unsupported is not None:
        return None
    terms = [_same(other, key) for other, _ in own.entries]
    if None in terms or not isinstance(key.value, str):
        return None
    for term in terms:
        call.guard(solver.not_(term))
    own.entries.append((key, value))
    return ConcolicValue()


@form(_DICTIONARY, "bool ContainsKey(TKey key)", but=_BUT)
def contains_key(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Entries) or own.unsupported is not None:
        return None
    terms = [_same(key, call.arguments[0]) for key, _ in own.entries]
    known = [term for term in terms if term is not None]
    return ConcolicValue(term=solver.any_of(*known)) if len(known) == len(terms) else None


@form(_DICTIONARY, "TValue Item[TKey key] { get; set; }", but=_BUT)
def item(call: Call) -> ConcolicValue | None:
    found = value_of(call.replayer, call.own, call.arguments[0])
    if found == []:
        call.guard(solver.FALSE)
        return ConcolicValue()
    return found[0] if found else None


@form(_DICTIONARY, "bool TryGetValue(TKey key, out TValue value)", but=_BUT)
def try_get_value(call: Call) -> ConcolicValue | None:
    found = value_of(call.replayer, call.own, call.arguments[0])
    if found is None:
        return None
    return ConcolicValue(bool(found), form=Output(found[0] if found else ConcolicValue(None)))


@form(_DICTIONARY, "int Count { get; }", but=_BUT)
def count(call: Call) -> ConcolicValue | None:
    own = call.own.form
    return ConcolicValue() if isinstance(own, Entries) and own.unsupported is None else None


@form(
    _DICTIONARY,
    f"{_DICTIONARY}<TKey, TValue>.KeyCollection Keys {{ get; }}",
    f"{_DICTIONARY}<TKey, TValue>.ValueCollection Values {{ get; }}",
    but=_BUT,
)
def parts(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Entries) or own.unsupported is not None:
        return None
    return ConcolicValue(form=Items([each[call.member.name == "Values"] for each in own.entries]))


def value_of(replayer: Replayer, dictionary: ConcolicValue, key: ConcolicValue) -> list[ConcolicValue] | None:
    """Return the value of a key in a list, and branch on the key; empty without one, None when that has no form."""
    own = dictionary.form
    if not isinstance(own, Entries) or own.unsupported is not None:
        return None
    terms = [_same(other, key) for other, _ in own.entries]
    if None in terms:
        return None
    for term, (_, value) in zip(terms, own.entries, strict=True):
        if replayer.path.branch_on(term, "key"):
            return [value]
    return []


def _same(one: ConcolicValue, other: ConcolicValue) -> Term | None:
    """Return whether two keys are equal; None for a key that may be null."""
    if any(each.null is not None or each.value is None for each in (one, other)):
        return None
    if one.is_constant and other.is_constant:
        return solver.constant(bool(one.value == other.value))
    found = same_text(one, other)
    if found is None:
        return None
    return found.term if found.term is not None else solver.constant(bool(found.value))
