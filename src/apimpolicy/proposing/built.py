"""What policies build: JSON, lists, dictionaries, texts. A change gives the variable that holds an object another value.

A JSON tree that a policy built is a `Json` like one from outside; its inputs are the terms of what it was built of.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing.forms import FORMS, form, unknowns_of
from apimpolicy.proposing.names import Elements, Members, ProposedUnknowns
from apimpolicy.semantics import json_trees
from apimpolicy.semantics.evaluation import constant_of
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.members import Call
from apimpolicy.semantics.operators import text_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Host,
    Items,
    Json,
    Number,
    Opaque,
    Table,
    Text,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    merge,
)
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable

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


# Changes


def value_of(evaluation: ProposedEvaluation, node: nodes.Expression) -> Value | None:
    """Return the value of an expression that makes or changes an object; None for others."""
    match node:
        case nodes.Call() if node.receiver is not None:
            change = CHANGES.get((node.method.declaring.name, node.method.name))
            if change is not None:
                return change(evaluation, node)
        case nodes.Assignment(target=nodes.IndexerAccess() as target):
            value = evaluation.value(node.value)
            key = evaluation.value(target.arguments[0])
            _change(evaluation, target.receiver, partial(_with_item, evaluation, key=key, value=value))
            return value
        case nodes.ObjectCreation() if node.initializers:
            name = str(getattr(node.type, "definition", node.type).name)
            if (name, "new") in FORMS:
                return _initialized(evaluation, node, FORMS[name, "new"])
        case nodes.ArrayAccess() if str(node.type) == "byte":
            return _byte(evaluation, node)
        case nodes.ArrayCreation() if node.items is None and str(node.type) == "byte[]":
            size = evaluation.value(node.sizes[0])
            return evaluation.each([size], partial(_octets().new_array, evaluation))
        case nodes.Call() if (node.method.declaring.name, node.method.name) in _COPIES:
            return _copy(evaluation, node)
        case nodes.AnonymousCreation():
            names = [each[0] for each in node.type.members]
            values = [evaluation.value(each) for each in node.values]
            return _unknowns(evaluation).tree(Members(dict(zip(names, values, strict=True))))
        case nodes.AnonymousMember():
            own = _unknowns(evaluation).built(evaluation.value(node.receiver))
            if isinstance(own, Members):
                return list(own.entries.values())[node.index]
    return None


_COPIES = (("System.Array", "Copy"), ("System.Buffer", "BlockCopy"))


def _octets() -> Any:
    return import_module("apimpolicy.proposing.octets")


def _copy(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    """Copy bytes of one array to another one."""
    arguments = node.arguments
    zero = constant_number(0)
    values = [evaluation.value(each) for each in arguments]
    if len(values) == 3:
        values, target = [values[0], zero, values[1], zero, values[2]], arguments[1]
    else:
        target = arguments[2]
    call = Call(evaluation, node.method, node.type)
    _store(evaluation, target, evaluation.each(values, partial(_octets().copied, call)))
    return zero


def _byte(evaluation: ProposedEvaluation, node: nodes.ArrayAccess) -> Value:
    values = [evaluation.value(each) for each in (node.array, *node.indexes)]

    def byte(own: Value, index: Value) -> Value:
        is_missing, found = _octets().item_of(own, index)
        evaluation.throw(is_missing)
        return found

    return evaluation.each(values, byte)


def _initialized(evaluation: ProposedEvaluation, node: nodes.ObjectCreation, new: Any) -> Value:
    made: Value = new(evaluation, *(evaluation.value(each) for each in node.arguments))
    for step in node.initializers:
        if step.nested:
            raise Unsupported("an object with parts that are changed")
        evaluation.placeholders[id(step.placeholder)] = made
        evaluation.value(step.action)
        made = evaluation.placeholders[id(step.placeholder)]
    return made


def _change(evaluation: ProposedEvaluation, node: nodes.Expression, change: Callable[[Value], Value]) -> Value:
    """Replace what an expression refers to with another value, and return that."""
    new = evaluation.each([evaluation.value(node)], change)
    _store(evaluation, node, new)
    return new


def _store(evaluation: ProposedEvaluation, node: nodes.Expression, value: Value) -> None:
    match node:
        case nodes.Local():
            evaluation.variables[node.symbol] = value
        case nodes.Placeholder():
            evaluation.placeholders[id(node)] = value
        case nodes.Convert() | nodes.AsType():
            _store(evaluation, node.operand, value)
        case nodes.IndexerAccess():
            key = evaluation.value(node.arguments[0])
            _change(evaluation, node.receiver, partial(_with_item, evaluation, key=key, value=value))
        case nodes.Call() if node.receiver is not None and node.method.declaring.name == _BUILDER:
            _store(evaluation, node.receiver, value)
        case nodes.Call() if node.method.name == "GetValueOrDefault" and len(node.arguments) > 1:
            _with_item(evaluation, evaluation.value(node.arguments[0]), evaluation.value(node.arguments[1]), value)


def _with_item(evaluation: ProposedEvaluation, own: Value, key: Value, value: Value) -> Value:
    """Return a collection with another item."""
    unknowns = _unknowns(evaluation)
    built = unknowns.built(own)
    match own:
        case Host(path="variables"):
            name = constant_of(key)
            old = evaluation.state.get("variable", name)
            evaluation.state.set(merge(evaluation.guard, value, old), "variable", name)
            return own
        case Json() if isinstance(key, Text):
            name = constant_of(key)
            if isinstance(built, Members):
                return unknowns.tree(Members({**built.entries, name: value}, built.base))
            return unknowns.tree(Members({name: value}, own))
        case Json() if isinstance(built, Elements):
            return unknowns.tree(Elements(_replaced(built.items, key, value)))
        case Items():
            return Items(_replaced(own.items, key, value), own.type, own.made, comparer=own.comparer)
        case Table():
            entries = {**dict(own.entries), constant_of(key): value}
            return Table(tuple(entries.items()), own.type, own.made, comparer=own.comparer)
    if own is NULL:
        return evaluation.fail()
    raise Unsupported("a change of an object that is not known")


def _replaced(items: tuple[Value, ...], key: Value, value: Value) -> tuple[Value, ...]:
    index = key.constant if isinstance(key, Number) else None
    if index is None or not 0 <= index < len(items):
        raise Unsupported("an index that is not known")
    return (*items[:index], value, *items[index + 1 :])


def _add(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None
    values = [evaluation.value(each) for each in node.arguments]
    if len(values) == 2:
        _change(evaluation, node.receiver, partial(_with_item, evaluation, key=values[0], value=values[1]))
    else:
        _change(evaluation, node.receiver, partial(_with_last, evaluation, value=values[0]))
    return constant_truth(True)


def _with_last(evaluation: ProposedEvaluation, own: Value, value: Value) -> Value:
    unknowns = _unknowns(evaluation)
    if isinstance(own, Items):
        return Items((*own.items, value), own.type, own.made, comparer=own.comparer)
    built = unknowns.built(own)
    if isinstance(built, Elements):
        return unknowns.tree(Elements((*built.items, value)))
    name, content = unknowns.properties.get(value.key, (None, NULL))
    if name is not None:
        return _with_item(evaluation, own, name, content)
    raise Unsupported("a change of an object that is not known")


def _remove(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None
    key = constant_of(evaluation.value(node.arguments[0]))

    def without(own: Value) -> Value:
        unknowns = _unknowns(evaluation)
        built = unknowns.built(own)
        if isinstance(own, Table):
            return Table(tuple(each for each in own.entries if each[0] != key), own.type, own.made)
        if isinstance(built, Members):
            return unknowns.tree(Members({**built.entries, key: None}, built.base))
        if isinstance(own, Json):
            return unknowns.tree(Members({key: None}, own))
        raise Unsupported("a change of an object that is not known")

    _change(evaluation, node.receiver, without)
    return constant_truth(True)


def _append(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None
    values = [evaluation.value(each) for each in node.arguments[:1]]
    end = "\r\n" if node.method.name == "AppendLine" else ""

    def joined(own: Value) -> Value:
        if not isinstance(own, Text):
            raise Unsupported("a StringBuilder that is not known")
        texts = [evaluation.each([each], partial(text_of, evaluation)) for each in values]
        return evaluation.each(texts, lambda *parts: Text(terms.joined(own.term, *(each.term for each in parts), terms.text(end))))

    return _change(evaluation, node.receiver, joined)


_GENERIC = "System.Collections.Generic"
CHANGES: dict[tuple[str, str], Callable[[ProposedEvaluation, nodes.Call], Value]] = {
    **{
        (name, "Add"): _add
        for name in (
            *(f"{_JSON}{each}" for each in ("JObject", "JArray", "JContainer")),
            *(f"{_GENERIC}.{each}" for each in ("List", "HashSet", "ICollection", "Dictionary", "IDictionary")),
        )
    },
    (f"{_JSON}JObject", "Remove"): _remove,
    (f"{_GENERIC}.Dictionary", "Remove"): _remove,
    (_BUILDER, "Append"): _append,
    (_BUILDER, "AppendLine"): _append,
}
"""The members that change an object."""
