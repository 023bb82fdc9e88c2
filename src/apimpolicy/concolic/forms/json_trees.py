"""JSON tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.access import Output, item_at
from apimpolicy.concolic.context_objects import ContextObject
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.sequences import Items, items_of
from apimpolicy.concolic.strings import as_text
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

_J = "Newtonsoft.Json.Linq."


def _key(concolic: ConcolicValue) -> str | int | None:
    return concolic.value if concolic.is_constant and isinstance(concolic.value, (str, int)) else None


@form(_J + "JToken", f"{_J}JToken Item[object key] {{ get; set; }}")
@form(_J + "JObject", f"{_J}JToken Item[object key] {{ get; set; }}")
@form(_J + "JArray", f"{_J}JToken Item[object key] {{ get; set; }}", f"{_J}JToken Item[int index] {{ get; set; }}")
@form(_J + "JObject", f"{_J}JToken Item[string propertyName] {{ get; set; }}")
@form(_J + "JObject", f"{_J}JToken GetValue(string propertyName)")
def item(call: Call) -> ConcolicValue | None:
    own = call.own.form
    is_name = isinstance(call.arguments[0].value, str)
    if is_name and isinstance(own, symbolic_json.SymbolicJson) and _is_other(own, call.arguments[0]):
        return ConcolicValue(null=solver.not_(own.there(symbolic_json.OTHER)), form=own.at(symbolic_json.OTHER))
    key = call.name_of(call.arguments[0]) if is_name else _key(call.arguments[0])
    if isinstance(own, Items) and isinstance(call.arguments[0].value, int):
        return item_at(call.replayer, call.own, call.arguments[0], call.node)
    if not isinstance(own, symbolic_json.Token):
        return None
    if isinstance(key, str):
        return own.child(call.replayer, call.own, key)
    return item_at(call.replayer, call.own, call.arguments[0], call.node)


def _is_other(own: symbolic_json.SymbolicJson, name: ConcolicValue) -> bool:
    """Return whether a string is the name of the property that represents all other names."""
    return name.term is not None and solver.name_of(name.term) == "|".join(
        (*own.key, f".{symbolic_json.OTHER}", "name")
    )


@form(_J + "JToken", "T Value<T>(object key)")
def value_of_key(call: Call) -> ConcolicValue | None:
    own, key = call.own.form, call.name_of(call.arguments[0])
    if not isinstance(own, symbolic_json.Token) or not isinstance(key, str):
        return None
    target = str(call.node.type)
    child = own.child(call.replayer, ConcolicValue(call.own.value, form=own), key)
    if child is None or child.unsupported is not None:
        return None
    if child.is_constant:
        return ConcolicValue()
    seen = symbolic_json.child_seen(call.replayer, child, call.own.value, key)
    child = ConcolicValue(seen, child.term, null=child.null, form=child.form)
    if child.null is not None:
        call.replayer.path.add_branch(child.null, seen is None, "null")
    if seen is None:
        return ConcolicValue()
    if target.startswith(_J):
        return ConcolicValue(form=child.form)
    if not isinstance(child.form, symbolic_json.Token):
        return None
    return symbolic_json.explicit(call.replayer, ConcolicValue(seen, child.term, form=child.form), target)


@form(_J + "Extensions", f"static U Value<U>(this System.Collections.Generic.IEnumerable<{_J}JToken> value)")
def value_of_token(call: Call) -> ConcolicValue | None:
    own = call.arguments[0]
    if not isinstance(own.form, symbolic_json.Token):
        return None
    target = str(call.node.type)
    if target.startswith(_J):
        return ConcolicValue(form=own.form, null=own.null)
    return symbolic_json.explicit(call.replayer, own, target)


@form(_J + "JToken", "T ToObject<T>()")
def to_object(call: Call) -> ConcolicValue | None:
    own = call.own
    target = str(call.node.type)
    if not isinstance(own.form, symbolic_json.Token):
        return None
    if target.startswith(_J):
        return ConcolicValue(form=own.form)
    if target in ("string", "int", "bool", "long"):
        return symbolic_json.explicit(call.replayer, own, target)
    if target.startswith(("System.Collections.Generic.List<string>", "string[]")):
        items = items_of(call.replayer, own, call.node)
        if items is not None:
            return ConcolicValue(form=Items([_as_text(call, each) for each in items]))
    return None


def _as_text(call: Call, each: ConcolicValue) -> ConcolicValue:
    found = symbolic_json.explicit(call.replayer, each, "string")
    value = call.replayer.inputs.value(found.term, call.replayer.path.assignment) if found.term is not None else None
    return ConcolicValue(value, found.term, unsupported=found.unsupported)


@form(_J + "JToken", "string ToString()", but="the JSON text of objects and lists")
@form("object", "string ToString()", but="the JSON text of objects and lists")
def to_text(call: Call) -> ConcolicValue | None:
    own = call.own
    if isinstance(own.form, ContextObject):
        return ConcolicValue(unsupported=call.replayer.unsupported_at(call.name, call.node))
    term = as_text(call.replayer, ConcolicValue(own.value, own.term, form=own.form, unsupported=own.unsupported))
    if term is not None:
        return ConcolicValue(term=term)
    if isinstance(own.form, symbolic_json.Token):
        return ConcolicValue(
            form=symbolic_json.Shown(own.form), unsupported=call.replayer.unsupported_at("the text of JSON", call.node)
        )
    return None


@form(_J + "JToken", f"{_J}JTokenType Type {{ get; }}")
@form(_J + "JObject", f"{_J}JTokenType Type {{ get; }}")
@form(_J + "JArray", f"{_J}JTokenType Type {{ get; }}")
@form(_J + "JValue", f"{_J}JTokenType Type {{ get; }}")
def token_type(call: Call) -> ConcolicValue | None:
    own = call.own
    if not isinstance(own.form, symbolic_json.SymbolicJson):
        return None
    numbers = {kind: number for number, kind in symbolic_json.TOKEN_KINDS.items()}
    term = solver.constant(numbers[symbolic_json.NULL])
    for kind in (
        symbolic_json.TEXT,
        symbolic_json.NUMBER,
        symbolic_json.TRUTH,
        symbolic_json.OBJECT,
        symbolic_json.LIST,
    ):
        term = solver.if_else(own.form.kind == kind, solver.constant(numbers[kind]), term)
    return ConcolicValue(term=term)


@form(_J + "JContainer", "int Count { get; }")
@form("System.Collections.Generic.ICollection", "int Count { get; }")
@form("System.Collections.Generic.List", "int Count { get; }")
def count(call: Call) -> ConcolicValue | None:
    own = call.own
    if isinstance(own.form, symbolic_json.SymbolicJson):
        if own.form.decide_kind(call.replayer, own) == symbolic_json.LIST:
            return ConcolicValue(term=own.form.length)
        call.replayer.path.mark_inexact(call.replayer.unsupported_at("the number of properties", call.node))
        return ConcolicValue(term=own.form.count())
    if isinstance(own.form, (Items, symbolic_json.BuiltJson)) and own.form.unsupported is None:
        return ConcolicValue()
    return None


@form(_J + "JToken", "bool HasValues { get; }")
@form(_J + "JContainer", "bool HasValues { get; }")
def has_values(call: Call) -> ConcolicValue | None:
    own = call.own
    if isinstance(own.form, symbolic_json.SymbolicJson):
        kind = own.form.decide_kind(call.replayer, own)
        if kind == symbolic_json.LIST:
            return ConcolicValue(term=own.form.length > 0)
        return None if kind == symbolic_json.OBJECT else ConcolicValue()
    return ConcolicValue() if isinstance(own.form, Items) and own.form.unsupported is None else None


def _member(call: Call) -> tuple[solver.Term, symbolic_json.SymbolicJson, str] | None:
    """Return whether a tree has the named member, the member, and its name; None without a form."""
    own, name = call.own.form, call.name_of(call.arguments[0])
    if not isinstance(own, symbolic_json.SymbolicJson) or not isinstance(name, str):
        return None
    own.decide_kind(call.replayer, call.own)
    known = own.known_as(call.replayer, name)
    return own.there(known), own.at(known), name


@form(_J + "JObject", "bool ContainsKey(string propertyName)")
def contains_key(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if isinstance(own, symbolic_json.BuiltJson) and own.unsupported is None:
        return ConcolicValue(call.name_of(call.arguments[0]) in own.fields)
    found = _member(call)
    return None if found is None else ConcolicValue(term=found[0])


@form(_J + "JObject", f"bool TryGetValue(string propertyName, out {_J}JToken value)")
def try_get_value(call: Call) -> ConcolicValue | None:
    found = _member(call)
    if found is None:
        return None
    there, member, name = found
    child = ConcolicValue(symbolic_json.child_value(call.own.value, name), null=solver.not_(there), form=member)
    return ConcolicValue(term=there, form=Output(child))


@form(_J + "JToken", f"{_J}JToken SelectToken(string path)", but="paths with brackets or filters")
def select_token(call: Call) -> ConcolicValue | None:
    own, path = call.own, _key(call.arguments[0])
    if not isinstance(own.form, symbolic_json.SymbolicJson) or not isinstance(path, str):
        return None
    steps = path.removeprefix("$").removeprefix(".").split(".")
    if not all(step.replace("_", "a").replace("-", "a").isalnum() for step in steps):
        return None
    token, value = own.form, own.value
    for index, step in enumerate(steps):
        kind = token.decide_kind(call.replayer, ConcolicValue(value, form=token))
        if kind != symbolic_json.OBJECT:
            return ConcolicValue()
        known = token.known_as(call.replayer, step)
        there, token = token.there(known), token.at(known)
        value = symbolic_json.child_value(value, step)
        if index == len(steps) - 1:
            return ConcolicValue(null=solver.not_(there), form=token)
        call.replayer.path.add_branch(there, value is not None, "null")
        if value is None:
            return ConcolicValue()
    return None


@form(_J + "JObject", "new()")
def new_object(call: Call) -> ConcolicValue:
    return ConcolicValue(form=symbolic_json.BuiltJson({}))


@form(_J + "JObject", "new(params object[] content)", "new(object content)")
def new_object_of(call: Call) -> ConcolicValue | None:
    given = call.arguments[0]
    items = list(items_of(call.replayer, given, call.node) or []) if not isinstance(given.form, Property) else [given]
    if not items or not all(isinstance(each.form, Property) for each in items):
        return None
    if not all(each.form.name.is_constant for each in items):
        return None
    return ConcolicValue(form=symbolic_json.BuiltJson({each.form.name.value: each.form.value for each in items}))


class Property(Record):
    """The form of a JProperty."""

    name: ConcolicValue
    value: ConcolicValue


@form(_J + "JProperty", "new(string name, object content)")
def new_property(call: Call) -> ConcolicValue | None:
    name = _key(call.arguments[0])
    if not isinstance(name, str):
        return None
    return ConcolicValue(form=Property(ConcolicValue(name), symbolic_json.token_of(call.arguments[1])))


@form(_J + "JObject", f"{_J}JProperty Property(string name)")
@form(
    _J + "JObject",
    f"{_J}JProperty Property(string name, System.StringComparison comparison)",
    f"{_J}JToken GetValue(string propertyName, System.StringComparison comparison)",
    but="names that differ in case",
)
def property_of(call: Call) -> ConcolicValue | None:
    found = _member(call)
    if found is None:
        return None
    there, member, name = found
    if call.member.name == "GetValue":
        return ConcolicValue(null=solver.not_(there), form=member)
    value = ConcolicValue(symbolic_json.child_value(call.own.value, name), form=member)
    return ConcolicValue(null=solver.not_(there), form=Property(ConcolicValue(name), value))


@form(_J + "JObject", f"System.Collections.Generic.IEnumerable<{_J}JProperty> Properties()")
@form(
    _J + "JToken", f"{_J}JEnumerable<{_J}JToken> Children()", f"{_J}JEnumerable<T> Children<T>() where T : {_J}JToken"
)
@form(_J + "JContainer", f"{_J}JEnumerable<{_J}JToken> Children()")
def properties(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if isinstance(own, symbolic_json.BuiltJson) and own.unsupported is None:
        found = [(each, own.fields.get(each.name)) for each in call.value or ()]
        return ConcolicValue(
            form=Items(
                [
                    ConcolicValue(each, form=Property(ConcolicValue(each.name), child or ConcolicValue()))
                    for each, child in found
                ]
            )
        )
    if not isinstance(own, symbolic_json.SymbolicJson):
        return None
    if own.decide_kind(call.replayer, call.own) != symbolic_json.OBJECT:
        items = own.items(call.replayer, call.own)
        return None if items is None else ConcolicValue(form=Items(items))
    pairs = own.pairs(call.replayer, call.own, call.value)
    return ConcolicValue(form=Items([ConcolicValue(each, form=Property(name, child)) for each, name, child in pairs]))


@form(_J + "JProperty", f"{_J}JToken Value {{ get; set; }}")
def value_of_property(call: Call) -> ConcolicValue | None:
    own = call.own.form
    return own.value if isinstance(own, Property) else None


@form(_J + "JProperty", "string Name { get; }")
def name_of_property(call: Call) -> ConcolicValue | None:
    return call.own.form.name if isinstance(call.own.form, Property) else None


@form(_J + "JObject", f"void Add(string propertyName, {_J}JToken value)")
def add(call: Call) -> ConcolicValue | None:
    own, key = call.own.form, _key(call.arguments[0])
    if (
        not isinstance(own, symbolic_json.BuiltJson)
        or not isinstance(key, str)
        or own.unsupported is not None
        or key in own.fields
    ):
        return None
    own.fields[key] = symbolic_json.token_of(call.arguments[1])
    return ConcolicValue()
