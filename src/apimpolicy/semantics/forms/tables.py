"""Dictionaries that a policy makes, with constant texts for keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.creation import default_of
from apimpolicy.semantics.evaluation import as_text
from apimpolicy.semantics.forms.strings import same_texts
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Several, Table, Truth, Value, constant_number, constant_truth, merge
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term

_TYPES = ("System.Collections.Generic.Dictionary", "System.Collections.Generic.IDictionary")


def rows_of(call: Call, dictionary: Value, key: Value) -> list[tuple[Term, Value]]:
    """Return for each entry whether it has a key, and its value; at most one has. A null key throws before."""
    if not isinstance(dictionary, Table) or dictionary.made != call.evaluation.unknowns.heap:
        raise Unsupported("a dictionary that is not known")
    asked = as_text(key).term
    return [(same_texts(asked, terms.text(name), dictionary.comparer), value) for name, value in dictionary.entries]


def is_there(rows: list[tuple[Term, Value]]) -> Term:
    """Return whether an entry has the key."""
    return terms.any_of(*(is_it for is_it, _ in rows))


def value_of(rows: list[tuple[Term, Value]], default: Value) -> Value:
    """Return the value of the entry that has the key, else a default."""
    found = default
    for is_it, value in reversed(rows):
        found = merge(is_it, value, found)
    return found


def _register(type_: str) -> None:
    @form(type_, "bool ContainsKey(TKey key)")
    def contains_key(call: Call, dictionary: Value, key: Value) -> Value:
        if key is NULL:
            return call.evaluation.fail()
        return Truth(is_there(rows_of(call, dictionary, key)))

    @form(type_, "TValue Item[TKey key] { get; set; }")
    def item(call: Call, dictionary: Value, key: Value) -> Value:
        if key is NULL:
            return call.evaluation.fail()
        rows = rows_of(call, dictionary, key)
        call.evaluation.throw(terms.not_(is_there(rows)))
        return value_of(rows, rows[-1][1]) if rows else call.evaluation.fail()

    @form(type_, "bool TryGetValue(TKey key, out TValue value)")
    def try_get_value(call: Call, dictionary: Value, key: Value) -> Value:
        if key is NULL:
            return call.evaluation.fail()
        rows = rows_of(call, dictionary, key)
        type_arguments = getattr(dictionary, "type", "").partition("<")[2].rstrip(">").split(", ")
        if type_arguments[-1] == "string":
            default: Value = NULL
        elif type_arguments[-1] in ("int", "bool", "long"):
            default = default_of(call.evaluation, type_arguments[-1], is_value_type=True)
        else:
            raise Unsupported("a dictionary of other values")
        found: Value = Several(constant_truth(False), default)
        for is_it, value in reversed(rows):
            found = merge(is_it, Several(constant_truth(True), value), found)
        return found


for _name in _TYPES:
    _register(_name)


@form("System.Collections.Generic.Dictionary", "int Count { get; }")
def count(call: Call, dictionary: Value) -> Value:
    if not isinstance(dictionary, Table) or dictionary.made != call.evaluation.unknowns.heap:
        raise Unsupported("a dictionary that is not known")
    return constant_number(len(dictionary.entries))
