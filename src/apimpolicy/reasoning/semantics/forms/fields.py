"""Dictionaries: headers, parameters and variables of `context`, and those that a policy makes with constant keys."""

from __future__ import annotations

import functools

from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    Language,
    at_least_once,
    containing,
    in_ranges,
    not_,
    one_of,
    optional,
    repeat,
    sequence,
)
from apimpolicy.reasoning.languages.language import literal as word
from apimpolicy.reasoning.languages.operations import ToUpper, preimage
from apimpolicy.reasoning.semantics.creation import default_of
from apimpolicy.reasoning.semantics.evaluation import Evaluation, as_text, constant_of
from apimpolicy.reasoning.semantics.forms.strings import same_texts
from apimpolicy.reasoning.semantics.members import PAIR, MemberCall, form
from apimpolicy.reasoning.semantics.operators import cast
from apimpolicy.reasoning.semantics.unknowns import Unsupported, key_of
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    NULL,
    FieldValue,
    Host,
    Items,
    Opaque,
    ResultWithOuts,
    Table,
    Text,
    Truth,
    Value,
    constant_number,
    constant_truth,
    is_there,
    merge,
    over,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary"
_CELLS = {
    "headers": "header",
    "query": "query",
    "original-query": "query",
    "response-headers": "response-header",
    "variables": "variable",
    "matched": "matched",
}
_FOLDED = ("headers", "query", "original-query", "response-headers")


def _cell(call: MemberCall, dictionary: Value, name: Value) -> Value:
    if isinstance(dictionary, Host) and dictionary.cells is not None:
        return dictionary.cells(constant_of(name))
    if not isinstance(dictionary, Host) or dictionary.path not in _CELLS:
        raise Unsupported("a dictionary that is not the gateway's")
    key = constant_of(name)
    key = key.lower() if dictionary.path in _FOLDED else key
    state = call.evaluation.state
    read = state.first if dictionary.path == "original-query" else state.get
    return read(_CELLS[dictionary.path], key)


def _item(evaluation: Evaluation, leaf: Value) -> Value:
    """Return the dictionary's value for a cell that exists."""
    if isinstance(leaf, FieldValue):
        return Items(leaf.items, "string[]", evaluation.unknowns.heap, rest=leaf.joined if leaf.repeats else None)
    return leaf


@form("System.Collections.Generic.KeyValuePair", "TValue Value { get; }", "TKey Key { get; }")
def part_of_pair(call: MemberCall, pair: Value) -> Value:
    """Return a part of an entry of one of the gateway's dictionaries, which are never null."""
    if not isinstance(pair, Opaque) or not isinstance(pair.identity, tuple) or pair.identity[0] != PAIR:
        raise Unsupported("a pair of others")
    key = (pair.identity, call.member.name)
    return call.evaluation.unknowns.value(str(call.type), f"the {call.member.name} of a pair", key, null=False)


@form(_DICTIONARY, "bool ContainsKey(TKey key)")
def contains_key(call: MemberCall, dictionary: Value, name: Value) -> Value:
    if name is NULL:
        return call.evaluation.fail()
    return Truth(is_there(_cell(call, dictionary, name)))


@form(_DICTIONARY, "TValue Item[TKey key] { get; }")
def item(call: MemberCall, dictionary: Value, name: Value) -> Value:
    if name is NULL:
        return call.evaluation.fail()
    cell, evaluation = _cell(call, dictionary, name), call.evaluation
    evaluation.throw(terms.not_(is_there(cell)))
    return evaluation.each([cell], lambda leaf: _item(evaluation, leaf))


@form(_DICTIONARY, "bool TryGetValue(TKey key, out TValue value)")
def try_get_value(call: MemberCall, dictionary: Value, name: Value) -> Value:
    if name is NULL:
        return call.evaluation.fail()
    evaluation = call.evaluation
    return over(
        _cell(call, dictionary, name),
        lambda leaf: (
            ResultWithOuts(constant_truth(False), NULL)
            if leaf is ABSENT
            else ResultWithOuts(constant_truth(True), _item(evaluation, leaf))
        ),
    )


@form(
    "System.Collections.Generic.CollectionExtensions",
    f"static TValue GetValueOrDefault<TKey, TValue>(this {_DICTIONARY}<TKey, TValue> dictionary, TKey key)",
    f"static TValue GetValueOrDefault<TKey, TValue>(this {_DICTIONARY}<TKey, TValue> dictionary, TKey key,"
    " TValue defaultValue)",
)
def item_or_default(call: MemberCall, dictionary: Value, name: Value, default: Value = NULL) -> Value:
    if NULL in (dictionary, name):
        return call.evaluation.fail()
    cell, evaluation = _cell(call, dictionary, name), call.evaluation
    return over(cell, lambda leaf: default if leaf is ABSENT else _item(evaluation, leaf))


@form(
    "ContextExtensions",
    f"static string GetValueOrDefault(this {_DICTIONARY}<string, string[]> d, string name)",
    f"static string GetValueOrDefault(this {_DICTIONARY}<string, string[]> d, string name, string defaultValue)",
)
def joined_values(call: MemberCall, dictionary: Value, name: Value, default: Value = NULL) -> Value:
    if NULL in (dictionary, name):
        return call.evaluation.fail()

    def joined(leaf: Value) -> Value:
        if isinstance(leaf, FieldValue):
            return Text(leaf.joined)
        return default

    return over(_cell(call, dictionary, name), joined)


@form(
    "ContextExtensions",
    f"static string GetValueOrDefault(this {_DICTIONARY}<string, string> d, string name, string defaultValue)",
)
def text_or_default(call: MemberCall, dictionary: Value, name: Value, default: Value) -> Value:
    if NULL in (dictionary, name):
        return call.evaluation.fail()
    return over(_cell(call, dictionary, name), lambda leaf: default if leaf is ABSENT else leaf)


@form(
    "ContextExtensions",
    f"static T GetValueOrDefault<T>(this {_DICTIONARY}<string, object> d, string name)",
    f"static T GetValueOrDefault<T>(this {_DICTIONARY}<string, object> d, string name, T defaultValue)",
)
def variable_or_default(call: MemberCall, dictionary: Value, name: Value, default: Value | None = None) -> Value:
    if NULL in (dictionary, name):
        return call.evaluation.fail()
    evaluation, type_ = call.evaluation, call.type_arguments[-1]
    is_value_type = type_.is_value_type
    otherwise = default_of(evaluation, str(type_), is_value_type=is_value_type) if default is None else default
    cell = _cell(call, dictionary, name)
    present = is_there(cell)
    there = evaluation.under(
        present,
        lambda: evaluation.each([cell], lambda leaf: cast(evaluation, leaf, str(type_), is_value_type=is_value_type)),
    )
    return merge(present, there, otherwise)


# Credentials in texts: whether they are any is unknown, but never of a text of another form

_SPACE = repeat(one_of(units.of_text(each for each in map(chr, range(units.COUNT)) if each.isspace())))
_DOT = word(".")
_CODED = at_least_once(in_ranges((0x2D, 0x2D), (0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)))


@functools.cache
def _credentials() -> dict[str, Language]:
    """Return a language for each type of credentials that all texts of such credentials are in."""
    basic, bearer = (preimage(ToUpper(), word(scheme)) for scheme in ("BASIC ", "BEARER "))
    token = sequence(_CODED, _DOT, _CODED, _DOT, not_(containing(_DOT)))
    return {
        "BasicAuthCredentials": sequence(_SPACE, basic, ANYTHING),
        "Jwt": sequence(_SPACE, optional(bearer), _SPACE, token),
    }


@form("ContextExtensions", "static BasicAuthCredentials AsBasic(this string s)", "static Jwt AsJwt(this string s)")
def as_credentials(call: MemberCall, text: Value) -> Value:
    return _credentials_in(call, text, str(call.type))


@form(
    "ContextExtensions",
    "static bool TryParseBasic(this string s, out BasicAuthCredentials result)",
    "static bool TryParseJwt(this string s, out Jwt result)",
)
def try_parse_credentials(call: MemberCall, text: Value) -> Value:
    found = _credentials_in(call, text, "Jwt" if call.member.name == "TryParseJwt" else "BasicAuthCredentials")
    return call.evaluation.each([found], lambda leaf: ResultWithOuts(Truth(terms.truth(leaf is not NULL)), leaf))


def _credentials_in(call: MemberCall, text: Value, type_: str) -> Value:
    if text is NULL:
        return NULL
    unknowns, key = call.evaluation.unknowns, key_of(call.evaluation, type_, text)
    fits = terms.member(as_text(text).term, _credentials()[type_])
    are_there = terms.all_of(fits, unknowns.truth(f"whether a text is a {type_}", key and ("there", key)))
    return merge(are_there, unknowns.value(type_, f"a {type_}", key, null=False), NULL)


_TYPES = ("System.Collections.Generic.Dictionary", "System.Collections.Generic.IDictionary")


def rows_of(call: MemberCall, dictionary: Value, key: Value) -> list[tuple[Term, Value]]:
    """Return for each entry whether it has a key, and its value; at most one has. A null key throws before."""
    if not isinstance(dictionary, Table) or dictionary.made != call.evaluation.unknowns.heap:
        raise Unsupported("a dictionary that is not known")
    asked = as_text(key).term
    return [(same_texts(asked, terms.text(name), dictionary.comparer), value) for name, value in dictionary.entries]


def _is_row(rows: list[tuple[Term, Value]]) -> Term:
    return terms.any_of(*(is_it for is_it, _ in rows))


def value_of(rows: list[tuple[Term, Value]], default: Value) -> Value:
    found = default
    for is_it, value in reversed(rows):
        found = merge(is_it, value, found)
    return found


def _register(type_: str) -> None:
    @form(type_, "bool ContainsKey(TKey key)")
    def contains_key(call: MemberCall, dictionary: Value, key: Value) -> Value:
        if key is NULL:
            return call.evaluation.fail()
        return Truth(_is_row(rows_of(call, dictionary, key)))

    @form(type_, "TValue Item[TKey key] { get; set; }")
    def item(call: MemberCall, dictionary: Value, key: Value) -> Value:
        if key is NULL:
            return call.evaluation.fail()
        rows = rows_of(call, dictionary, key)
        call.evaluation.throw(terms.not_(_is_row(rows)))
        return value_of(rows, rows[-1][1]) if rows else call.evaluation.fail()

    @form(type_, "bool TryGetValue(TKey key, out TValue value)")
    def try_get_value(call: MemberCall, dictionary: Value, key: Value) -> Value:
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
        result: Value = ResultWithOuts(constant_truth(False), default)
        for is_it, value in reversed(rows):
            result = merge(is_it, ResultWithOuts(constant_truth(True), value), result)
        return result


for _name in _TYPES:
    _register(_name)


@form("System.Collections.Generic.Dictionary", "int Count { get; }")
def count(call: MemberCall, dictionary: Value) -> Value:
    if not isinstance(dictionary, Table) or dictionary.made != call.evaluation.unknowns.heap:
        raise Unsupported("a dictionary that is not known")
    return constant_number(len(dictionary.entries))
