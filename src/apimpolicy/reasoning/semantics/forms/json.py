"""`Newtonsoft.Json.Linq`: reading JSON trees. What changes a tree has no form."""

from __future__ import annotations

from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.reasoning.semantics import json_trees as trees
from apimpolicy.reasoning.semantics.creation import default_of
from apimpolicy.reasoning.semantics.evaluation import as_text, constant_of
from apimpolicy.reasoning.semantics.members import MemberCall, form
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import (
    INTEGERS,
    NULL,
    Json,
    Number,
    ResultWithOuts,
    Truth,
    Value,
    constant_number,
    constant_truth,
    merge,
)
from apimpolicy.reasoning.terms import term as terms

_JSON = "Newtonsoft.Json.Linq."
_TOKEN = f"{_JSON}JToken"
_OBJECT = f"{_JSON}JObject"
_ARRAY = f"{_JSON}JArray"
_CONTAINER = f"{_JSON}JContainer"
_KEYED = f"{_TOKEN} Item[object key] {{ get; set; }}"
_TYPES = {"object": 1, "string": 8, "integer": 6, "boolean": 9, "array": 2, "null": 10}
"""The values of JTokenType."""


def _live(call: MemberCall, token: Value) -> Json:
    if not isinstance(token, Json) or token.born != call.evaluation.unknowns.heap:
        raise Unsupported("a JSON tree that a policy made or changed")
    return token


# Parts


@form(_TOKEN, _KEYED)
@form(_OBJECT, _KEYED, f"{_TOKEN} Item[string propertyName] {{ get; set; }}")
@form(_ARRAY, _KEYED, f"{_TOKEN} Item[int index] {{ get; set; }}")
def item(call: MemberCall, token: Value, key: Value) -> Value:
    return _item(call, _live(call, token), key)


def _item(call: MemberCall, token: Json, key: Value) -> Value:
    """Return the member of an object by a text, the item of an array by a number; anything else throws."""
    evaluation = call.evaluation
    if key is NULL:
        return evaluation.fail()
    if isinstance(key, Number):
        index = key.constant
        if index is None or key.type != "int":
            raise Unsupported("a JSON array at an index that is not constant")
        if not 0 <= index < 1 << 20:
            return evaluation.fail()
        return _at(call, token, index)
    name = constant_of(key)
    evaluation.throw(terms.not_(trees.kind_of(evaluation.unknowns, token, "object")))
    return trees.member_of(evaluation, token, name)


def _at(call: MemberCall, token: Json, index: int) -> Value:
    evaluation = call.evaluation
    unknowns = evaluation.unknowns

    def of_array() -> Value:
        evaluation.throw(terms.not_(trees.has_item(unknowns, token, index)))
        return Json(token.root, (*token.path, index), token.born)

    def of_other() -> Value:
        what, key = "an item of a JSON constructor", ("json item", token.key, index)
        evaluation.throw(unknowns.truth(what, ("throws", key)))
        return unknowns.value(_TOKEN, what, key)

    return trees.by_kind(evaluation, token, {"array": of_array, trees.OTHER: of_other}, evaluation.fail)


@form(_OBJECT, f"{_TOKEN} GetValue(string propertyName)")
def get_value(call: MemberCall, token: Value, name: Value) -> Value:
    live = _live(call, token)
    return NULL if name is NULL else trees.member_of(call.evaluation, live, constant_of(name))


@form(_OBJECT, "bool ContainsKey(string propertyName)")
def contains_key(call: MemberCall, token: Value, name: Value) -> Value:
    live = _live(call, token)
    if name is NULL:
        return call.evaluation.fail()
    return _is_there(call, live, constant_of(name))


def _is_there(call: MemberCall, token: Json, name: str) -> Value:
    found = trees.member_of(call.evaluation, token, name)
    return call.evaluation.each([found], lambda leaf: constant_truth(leaf is not NULL))


@form(_OBJECT, f"bool TryGetValue(string propertyName, out {_TOKEN} value)")
def try_get_value(call: MemberCall, token: Value, name: Value) -> Value:
    live = _live(call, token)
    if name is NULL:
        return ResultWithOuts(constant_truth(False), NULL)
    member = trees.member_of(call.evaluation, live, constant_of(name))
    return call.evaluation.each([member], lambda leaf: ResultWithOuts(constant_truth(leaf is not NULL), leaf))


@form(_TOKEN, f"{_TOKEN} SelectToken(string path)")
def select_token(call: MemberCall, token: Value, path: Value) -> Value:
    live = _live(call, token)
    return call.evaluation.fail() if path is NULL else trees.selected(call.evaluation, live, constant_of(path))


@form(_CONTAINER, "int Count { get; }")
def count(call: MemberCall, token: Value) -> Value:
    live, unknowns = _live(call, token), call.evaluation.unknowns

    def of_object() -> Value:
        found = unknowns.value("int", "how many members a JSON object has", ("json count", live.key))
        assert isinstance(found, Number)
        unknowns.know(found.term, terms.at_most(terms.number(0), found.term))
        return found

    is_array = trees.kind_of(unknowns, live, "array")
    return merge(is_array, Number(trees.length_of(unknowns, live), "int"), of_object())


@form(_TOKEN, "bool HasValues { get; }")
@form(_CONTAINER, "bool HasValues { get; }")
def has_values(call: MemberCall, token: Value) -> Value:
    live, unknowns = _live(call, token), call.evaluation.unknowns

    def unknown() -> Value:
        return Truth(unknowns.truth("whether a JSON object is empty", ("json values", live.key)))

    forms = dict.fromkeys(("string", "integer", "boolean", "null"), lambda: constant_truth(False))
    return trees.by_kind(
        call.evaluation, live, {**forms, "array": lambda: Truth(trees.has_item(unknowns, live, 0))}, unknown
    )


@form(_TOKEN, f"{_JSON}JTokenType Type {{ get; }}")
def type_of_token(call: MemberCall, token: Value) -> Value:
    live, unknowns = _live(call, token), call.evaluation.unknowns
    type_ = f"{_JSON}JTokenType"

    def other() -> Value:
        found = unknowns.value("int", "the type of a JSON fraction or date", ("json type", live.key))
        assert isinstance(found, Number)
        is_known = (terms.equal(found.term, terms.number(each)) for each in _TYPES.values())
        unknowns.know(found.term, *map(terms.not_, is_known))
        return Number(found.term, type_)

    forms = {kind: (lambda number=number: constant_number(number, type_)) for kind, number in _TYPES.items()}
    return trees.by_kind(call.evaluation, live, forms, other)


# Values


@form(_TOKEN, "string ToString()")
def to_string(call: MemberCall, token: Value) -> Value:
    return trees.shown(call.evaluation, _live(call, token))


@form(_TOKEN, "T Value<T>(object key)")
def value_at(call: MemberCall, token: Value, key: Value) -> Value:
    evaluation, type_ = call.evaluation, call.type_arguments[-1]
    found = _item(call, _live(call, token), key)
    return evaluation.each([found], lambda leaf: _value(call, leaf, type_))


@form(f"{_JSON}Extensions", f"static U Value<U>(this System.Collections.Generic.IEnumerable<{_TOKEN}> value)")
def value_of(call: MemberCall, token: Value) -> Value:
    if token is NULL:
        return call.evaluation.fail()
    return _value(call, _live(call, token), call.type_arguments[-1])


def _value(call: MemberCall, token: Value, type_: Type) -> Value:
    """Return a token as `Value<T>` converts it; the default of the type where there is none."""
    name = str(type_)
    if token is NULL:
        return default_of(call.evaluation, name, is_value_type=type_.is_value_type)
    live = _live(call, token)
    if name == _TOKEN:
        return live
    return trees.converted(call.evaluation, live, name)


def _register_cast(type_: str) -> None:
    @form(_TOKEN, f"static {type_} op_Explicit({_TOKEN} value)")
    def cast(call: MemberCall, token: Value) -> Value:
        if token is NULL:
            is_nullable = type_ == "string" or type_.endswith("?")
            return NULL if is_nullable else call.evaluation.fail()
        return trees.converted(call.evaluation, _live(call, token), type_)


for _name in ("bool", *(name for name in INTEGERS if name != "char")):
    _register_cast(_name)
    _register_cast(f"{_name}?")
_register_cast("string")


# Parsing


def _register_parser(type_: str) -> None:
    @form(type_, f"static {type_} Parse(string json)")
    def parse(call: MemberCall, text: Value) -> Value:
        return call.evaluation.fail() if text is NULL else trees.parsed(call.evaluation, as_text(text).term, type_)


for _name in (_TOKEN, _OBJECT, _ARRAY):
    _register_parser(_name)
