"""JSON that policies build: a `Json` like one from outside, whose inputs are the terms of what it was built of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.proposing.forms import form, unknowns_of
from apimpolicy.proposing.names import Elements, Members, ProposedUnknowns
from apimpolicy.semantics import json_trees
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.members import Call
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Items,
    Json,
    Number,
    Opaque,
    Table,
    Text,
    Value,
    constant_text,
    merge,
)
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.proposing.evaluation import ProposedEvaluation

_JSON = "Newtonsoft.Json.Linq."
_PROPERTY = f"{_JSON}JProperty"
_BUILDER = "System.Text.StringBuilder"


def _unknowns(evaluation: Any) -> ProposedUnknowns:
    assert isinstance(evaluation.unknowns, ProposedUnknowns)
    return evaluation.unknowns


def tree_of(unknowns: ProposedUnknowns, value: Value) -> Value:
    """Return a value as a token of JSON."""
    if isinstance(value, Json):
        return value
    if isinstance(value, Table):
        return unknowns.tree(Members(dict(value.entries)))
    if isinstance(value, Items):
        return unknowns.tree(Elements(tuple(value.items)))
    return unknowns.tree(value)


# New objects


def _content(unknowns: ProposedUnknowns, arguments: tuple[Value, ...]) -> list[Value]:
    """Return what a container is made of."""
    found: list[Value] = []
    for each in arguments:
        found += each.items if isinstance(each, Items) else [each]
    return found


@form(f"{_JSON}JObject", "new")
def new_object(evaluation: ProposedEvaluation, *arguments: Value) -> Value:
    unknowns = _unknowns(evaluation)
    entries: dict[str, Value | None] = {}
    for each in _content(unknowns, arguments):
        if isinstance(each, Json):
            return each
        name, value = unknowns.properties.get(each.key, (None, NULL))
        if name is not None and name.constant is not None:
            entries[name.constant] = value
    return unknowns.tree(Members(entries))


@form(f"{_JSON}JArray", "new")
def new_array(evaluation: ProposedEvaluation, *arguments: Value) -> Value:
    unknowns = _unknowns(evaluation)
    return unknowns.tree(Elements(tuple(_content(unknowns, arguments))))


@form(f"{_JSON}JValue", "new")
def new_value(evaluation: ProposedEvaluation, value: Value) -> Value:
    return tree_of(_unknowns(evaluation), value)


@form(_PROPERTY, "new")
def new_property(evaluation: ProposedEvaluation, name: Value, *content: Value) -> Value:
    unknowns = _unknowns(evaluation)
    parts = _content(unknowns, content)
    value = parts[0] if len(parts) == 1 else Items(tuple(parts), "object[]", unknowns.heap)
    return property_of(unknowns, name, tree_of(unknowns, value))


def property_of(unknowns: ProposedUnknowns, name: Value, value: Value) -> Value:
    """Return a JProperty. Raises Unsupported for a name that is a choice."""
    if not isinstance(name, Text):
        raise Unsupported("a name of another type")
    made = Opaque(("property", name.term, value.key), _PROPERTY, 0)
    unknowns.properties[made.key] = name, value
    return made


@form(_BUILDER, "new")
def new_builder(evaluation: ProposedEvaluation, *arguments: Value) -> Value:
    return arguments[0] if arguments and isinstance(arguments[0], Text) else constant_text("")


@form(_BUILDER, "string ToString()")
def built_text(call: Call, text: Value) -> Value:
    return text


for _name in ("JObject", "JArray", "JToken"):

    @form(f"{_JSON}{_name}", f"static {_JSON}{_name} FromObject(object o)")
    def from_object(call: Call, value: Value) -> Value:
        return call.evaluation.fail() if value is NULL else tree_of(unknowns_of(call), value)


@form(f"{_JSON}JToken", f"{_JSON}JToken DeepClone()", f"{_JSON}JEnumerable<{_JSON}JToken> Children()")
@form(f"{_JSON}JContainer", f"{_JSON}JEnumerable<{_JSON}JToken> Children()")
def same_token(call: Call, token: Value) -> Value:
    return token


for _name in ("string", "bool", "int", "long"):

    @form(f"{_JSON}JToken", f"static {_JSON}JToken op_Implicit({_name} value)")
    def token_of(call: Call, value: Value) -> Value:
        return tree_of(unknowns_of(call), value)


# Texts of trees, and trees of texts


def text_of_tree(evaluation: Any, token: Value) -> Value:
    """Return the text of a token, from which it can be read again."""
    if not isinstance(token, Json):
        raise Unsupported("the text of JSON with unknown parts")
    unknowns = _unknowns(evaluation)

    def keep(leaf: Value) -> Value:
        if isinstance(leaf, Text) and leaf.term in unknowns.reasons:
            unknowns.trees[leaf.term] = token
        return leaf

    return evaluation.each([json_trees.shown(evaluation, token)], keep)  # type: ignore[no-any-return]


def tree_of_text(evaluation: Any, text: Value, type_: str) -> Value:
    """Return the tree that is read from a text."""
    if text is NULL:
        return evaluation.fail()  # type: ignore[no-any-return]
    if not isinstance(text, Text):
        raise Unsupported("JSON in another object")
    known = _unknowns(evaluation).trees.get(text.term)
    return known if known is not None else json_trees.parsed(evaluation, text.term, type_)


for _type, _signature in list(KNOWN):
    if _type.startswith(_JSON) and " Parse(string json)" in _signature:

        @form(_type, _signature)
        def parse(call: Call, text: Value) -> Value:
            return tree_of_text(call.evaluation, text, str(call.type))


_FORMATTING = "Newtonsoft.Json.Formatting formatting"
_CONVERTERS = "params Newtonsoft.Json.JsonConverter[] converters"


@form(f"{_JSON}JToken", "string ToString()", f"string ToString({_FORMATTING}, {_CONVERTERS})")
def token_to_string(call: Call, token: Value, *_: Value) -> Value:
    return text_of_tree(call.evaluation, token)


@form(
    "Newtonsoft.Json.JsonConvert",
    "static string SerializeObject(object value)",
    f"static string SerializeObject(object value, {_FORMATTING})",
)
def serialized(call: Call, value: Value, *_: Value) -> Value:
    return text_of_tree(call.evaluation, tree_of(unknowns_of(call), value))


@form("Newtonsoft.Json.JsonConvert", "static T DeserializeObject<T>(string value)")
def deserialized(call: Call, text: Value) -> Value:
    type_ = str(call.type_arguments[-1])
    if not type_.startswith(_JSON):
        raise Unsupported("an object that is read from JSON")
    return tree_of_text(call.evaluation, text, type_)


# Members of objects


def names_of(unknowns: ProposedUnknowns, token: Json) -> list[str]:
    """Return the names in an object that a policy built; of one from outside those that it was asked for."""
    built = unknowns.built(token)
    if isinstance(built, Members):
        base = [] if built.base is None else names_of(unknowns, built.base)
        return list(dict.fromkeys([*base, *built.entries]))
    size = len(token.path)
    return list(
        dict.fromkeys(
            key[2][size]
            for key in unknowns.inputs
            if isinstance(key, tuple)
            and key[0] == "json"
            and key[1] == token.root
            and len(key[2]) == size + 1
            and key[2][:size] == token.path
            and isinstance(key[2][size], str)
        )
    )


def members_of(unknowns: ProposedUnknowns, token: Json) -> list[tuple[terms.Term, str, Json]]:
    """Return the members that an object may have: whether it has them, their names and values."""
    return [
        (
            unknowns.input(("json", token.root, (*token.path, name), "there"), terms.TRUTH),
            name,
            Json(token.root, (*token.path, name), token.born),
        )
        for name in names_of(unknowns, token)
    ]


_count = KNOWN[f"{_JSON}JContainer", "int Count { get; }"]


@form(f"{_JSON}JContainer", "int Count { get; }")
def count(call: Call, token: Value) -> Value:
    if not isinstance(token, Json):
        raise Unsupported("a JSON container that is not known")
    unknowns = unknowns_of(call)
    other = unknowns.input(("json", token.root, (*token.path, json_trees.OTHER), "there"), terms.TRUTH)
    found = terms.choice(other, terms.number(1), terms.number(0))
    for is_there, name, _ in members_of(unknowns, token):
        if name != json_trees.OTHER:
            found = terms.total(found, terms.choice(is_there, terms.number(1), terms.number(0)))
    is_array = json_trees.kind_of(unknowns, token, "array")
    return merge(is_array, Number(json_trees.length_of(unknowns, token), "int"), Number(found, "int"))
