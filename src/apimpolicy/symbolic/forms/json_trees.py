"""JSON tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver, trees
from apimpolicy.symbolic.access import Output, item_at
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.sequences import Items, items_of
from apimpolicy.symbolic.texts import as_text
from apimpolicy.symbolic.things import Thing
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.symbolic.forms import Call

_J = "Newtonsoft.Json.Linq."


def _key(dual: Dual) -> str | int | None:
    return dual.value if dual.is_constant and isinstance(dual.value, (str, int)) else None


@form(_J + "JToken", f"{_J}JToken Item[object key] {{ get; set; }}")
@form(_J + "JObject", f"{_J}JToken Item[object key] {{ get; set; }}")
@form(_J + "JArray", f"{_J}JToken Item[object key] {{ get; set; }}", f"{_J}JToken Item[int index] {{ get; set; }}")
@form(_J + "JObject", f"{_J}JToken Item[string propertyName] {{ get; set; }}")
@form(_J + "JObject", f"{_J}JToken GetValue(string propertyName)")
def item(call: Call) -> Dual | None:
    own = call.own.form
    is_name = isinstance(call.arguments[0].value, str)
    if is_name and isinstance(own, trees.Tree) and _is_other(own, call.arguments[0]):
        return Dual(null=solver.no(own.there(trees.OTHER)), form=own.at(trees.OTHER))
    key = call.name_of(call.arguments[0]) if is_name else _key(call.arguments[0])
    if isinstance(own, Items) and isinstance(call.arguments[0].value, int):
        return item_at(call.walker, call.own, call.arguments[0], call.node)
    if not isinstance(own, trees.Token):
        return None
    if isinstance(key, str):
        return own.child(call.walker, call.own, key)
    return item_at(call.walker, call.own, call.arguments[0], call.node)


def _is_other(own: trees.Tree, name: Dual) -> bool:
    """Whether a text is the name of a property that was met among all of them."""
    return name.term is not None and solver.name_of(name.term) == "|".join((*own.key, f".{trees.OTHER}", "name"))


@form(_J + "JToken", "T Value<T>(object key)")
def value_of_key(call: Call) -> Dual | None:
    own, key = call.own.form, call.name_of(call.arguments[0])
    if not isinstance(own, trees.Token) or not isinstance(key, str):
        return None
    target = str(call.node.type)
    child = own.child(call.walker, Dual(call.own.value, form=own), key)
    if child is None or child.lost is not None:
        return None
    if child.is_constant:
        return Dual()
    seen = trees.child_seen(call.walker, child, call.own.value, key)
    child = Dual(seen, child.term, null=child.null, form=child.form)
    if child.null is not None:
        call.walker.path.hold(child.null, seen is None, "null")
    if seen is None:
        return Dual()
    if target.startswith(_J):
        return Dual(form=child.form)
    if not isinstance(child.form, trees.Token):
        return None
    return trees.explicit(call.walker, Dual(seen, child.term, form=child.form), target)


@form(_J + "Extensions", f"static U Value<U>(this System.Collections.Generic.IEnumerable<{_J}JToken> value)")
def value_of_token(call: Call) -> Dual | None:
    own = call.arguments[0]
    if not isinstance(own.form, trees.Token):
        return None
    target = str(call.node.type)
    if target.startswith(_J):
        return Dual(form=own.form, null=own.null)
    return trees.explicit(call.walker, own, target)


@form(_J + "JToken", "T ToObject<T>()")
def to_object(call: Call) -> Dual | None:
    own = call.own
    target = str(call.node.type)
    if not isinstance(own.form, trees.Token):
        return None
    if target.startswith(_J):
        return Dual(form=own.form)
    if target in ("string", "int", "bool", "long"):
        return trees.explicit(call.walker, own, target)
    if target.startswith(("System.Collections.Generic.List<string>", "string[]")):
        items = items_of(call.walker, own, call.node)
        if items is not None:
            return Dual(form=Items([_as_text(call, each) for each in items]))
    return None


def _as_text(call: Call, each: Dual) -> Dual:
    found = trees.explicit(call.walker, each, "string")
    value = call.walker.inputs.value(found.term, call.walker.path.assignment) if found.term is not None else None
    return Dual(value, found.term, lost=found.lost)


@form(_J + "JToken", "string ToString()", but="the text of objects and lists")
@form("object", "string ToString()", but="the text of objects and lists")
def to_text(call: Call) -> Dual | None:
    own = call.own
    if isinstance(own.form, Thing):
        return Dual(lost=call.walker.obstacle(call.name, call.node))
    term = as_text(call.walker, Dual(own.value, own.term, form=own.form, lost=own.lost))
    if term is not None:
        return Dual(term=term)
    if isinstance(own.form, trees.Token):
        return Dual(form=trees.Shown(own.form), lost=call.walker.obstacle("the text of JSON", call.node))
    return None


@form(_J + "JToken", f"{_J}JTokenType Type {{ get; }}")
@form(_J + "JObject", f"{_J}JTokenType Type {{ get; }}")
@form(_J + "JArray", f"{_J}JTokenType Type {{ get; }}")
@form(_J + "JValue", f"{_J}JTokenType Type {{ get; }}")
def token_type(call: Call) -> Dual | None:
    own = call.own
    if not isinstance(own.form, trees.Tree):
        return None
    numbers = {kind: number for number, kind in trees.TOKEN_KINDS.items()}
    term = solver.constant(numbers[trees.NULL])
    for kind in (trees.TEXT, trees.NUMBER, trees.TRUTH, trees.OBJECT, trees.LIST):
        term = solver.choice(own.form.kind == kind, solver.constant(numbers[kind]), term)
    return Dual(term=term)


@form(_J + "JContainer", "int Count { get; }")
@form("System.Collections.Generic.ICollection", "int Count { get; }")
@form("System.Collections.Generic.List", "int Count { get; }")
def count(call: Call) -> Dual | None:
    own = call.own
    if isinstance(own.form, trees.Tree):
        if own.form.decide_kind(call.walker, own) == trees.LIST:
            return Dual(term=own.form.length)
        call.walker.path.blocked(call.walker.obstacle("how many properties there are", call.node))
        return Dual(term=own.form.count())
    if isinstance(own.form, (Items, trees.Built)) and own.form.lost is None:
        return Dual()
    return None


@form(_J + "JToken", "bool HasValues { get; }")
@form(_J + "JContainer", "bool HasValues { get; }")
def has_values(call: Call) -> Dual | None:
    own = call.own
    if isinstance(own.form, trees.Tree):
        kind = own.form.decide_kind(call.walker, own)
        if kind == trees.LIST:
            return Dual(term=own.form.length > 0)
        return None if kind == trees.OBJECT else Dual()
    return Dual() if isinstance(own.form, Items) and own.form.lost is None else None


@form(_J + "JObject", "bool ContainsKey(string propertyName)")
def contains_key(call: Call) -> Dual | None:
    own, key = call.own.form, call.name_of(call.arguments[0])
    if isinstance(own, trees.Tree) and isinstance(key, str):
        own.decide_kind(call.walker, call.own)
        return Dual(term=own.there(own.known_as(call.walker, key)))
    return Dual(key in own.fields) if isinstance(own, trees.Built) and own.lost is None else None


@form(_J + "JObject", f"bool TryGetValue(string propertyName, out {_J}JToken value)")
def try_get_value(call: Call) -> Dual | None:
    own, key = call.own.form, call.name_of(call.arguments[0])
    if not isinstance(own, trees.Tree) or not isinstance(key, str):
        return None
    own.decide_kind(call.walker, call.own)
    known = own.known_as(call.walker, key)
    there = own.there(known)
    child = Dual(trees.child_value(call.own.value, key), null=solver.no(there), form=own.at(known))
    return Dual(term=there, form=Output(child))


@form(_J + "JToken", f"{_J}JToken SelectToken(string path)", but="paths with brackets or filters")
def select_token(call: Call) -> Dual | None:
    own, path = call.own, _key(call.arguments[0])
    if not isinstance(own.form, trees.Tree) or not isinstance(path, str):
        return None
    steps = path.removeprefix("$").removeprefix(".").split(".")
    if not all(step.replace("_", "a").replace("-", "a").isalnum() for step in steps):
        return None
    token, value = own.form, own.value
    for index, step in enumerate(steps):
        kind = token.decide_kind(call.walker, Dual(value, form=token))
        if kind != trees.OBJECT:
            return Dual()
        known = token.known_as(call.walker, step)
        there, token = token.there(known), token.at(known)
        value = trees.child_value(value, step)
        if index == len(steps) - 1:
            return Dual(null=solver.no(there), form=token)
        call.walker.path.hold(there, value is not None, "null")
        if value is None:
            return Dual()
    return None


@form(_J + "JObject", "new()")
def new_object(call: Call) -> Dual:
    return Dual(form=trees.Built({}))


@form(_J + "JObject", "new(params object[] content)", "new(object content)")
def new_object_of(call: Call) -> Dual | None:
    given = call.arguments[0]
    items = list(items_of(call.walker, given, call.node) or []) if not isinstance(given.form, Property) else [given]
    if not items or not all(isinstance(each.form, Property) for each in items):
        return None
    if not all(each.form.name.is_constant for each in items):
        return None
    return Dual(form=trees.Built({each.form.name.value: each.form.value for each in items}))


class Property:
    """The form of a JProperty."""

    __slots__ = ("name", "value")

    def __init__(self, name: Dual, value: Dual) -> None:
        self.name = name
        self.value = value


@form(_J + "JProperty", "new(string name, object content)")
def new_property(call: Call) -> Dual | None:
    name = _key(call.arguments[0])
    if not isinstance(name, str):
        return None
    return Dual(form=Property(Dual(name), trees.token_of(call.arguments[1])))


@form(_J + "JObject", f"{_J}JProperty Property(string name)")
@form(
    _J + "JObject",
    f"{_J}JProperty Property(string name, System.StringComparison comparison)",
    f"{_J}JToken GetValue(string propertyName, System.StringComparison comparison)",
    but="names that differ in case",
)
def property_of(call: Call) -> Dual | None:
    own, key = call.own.form, call.name_of(call.arguments[0])
    if not isinstance(own, trees.Tree) or not isinstance(key, str):
        return None
    own.decide_kind(call.walker, call.own)
    known = own.known_as(call.walker, key)
    there = own.there(known)
    if call.member.name == "GetValue":
        return Dual(null=solver.no(there), form=own.at(known))
    value = Dual(trees.child_value(call.own.value, key), form=own.at(known))
    return Dual(null=solver.no(there), form=Property(Dual(key), value))


@form(_J + "JObject", f"System.Collections.Generic.IEnumerable<{_J}JProperty> Properties()")
@form(
    _J + "JToken", f"{_J}JEnumerable<{_J}JToken> Children()", f"{_J}JEnumerable<T> Children<T>() where T : {_J}JToken"
)
@form(_J + "JContainer", f"{_J}JEnumerable<{_J}JToken> Children()")
def properties(call: Call) -> Dual | None:
    own = call.own.form
    if isinstance(own, trees.Built) and own.lost is None:
        found = [(each, own.fields.get(each.name)) for each in call.value or ()]
        return Dual(form=Items([Dual(each, form=Property(Dual(each.name), child or Dual())) for each, child in found]))
    if not isinstance(own, trees.Tree):
        return None
    if own.decide_kind(call.walker, call.own) != trees.OBJECT:
        items = own.items(call.walker, call.own)
        return None if items is None else Dual(form=Items(items))
    pairs = own.pairs(call.walker, call.own, call.value)
    return Dual(form=Items([Dual(each, form=Property(name, child)) for each, name, child in pairs]))


@form(_J + "JProperty", f"{_J}JToken Value {{ get; set; }}")
def value_of_property(call: Call) -> Dual | None:
    own = call.own.form
    return own.value if isinstance(own, Property) else None


@form(_J + "JProperty", "string Name { get; }")
def name_of_property(call: Call) -> Dual | None:
    return call.own.form.name if isinstance(call.own.form, Property) else None


@form(_J + "JObject", f"void Add(string propertyName, {_J}JToken value)")
def add(call: Call) -> Dual | None:
    own, key = call.own.form, _key(call.arguments[0])
    if not isinstance(own, trees.Built) or not isinstance(key, str) or own.lost is not None or key in own.fields:
        return None
    own.fields[key] = trees.token_of(call.arguments[1])
    return Dual()
