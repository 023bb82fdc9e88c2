"""Emission of new objects, arrays, collections and JSON, and of default values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.collections import arrays
from apimpolicy.csharp.dotnet.json.tokens import BOOLEAN, FLOAT, INTEGER, NULL, STRING_TYPE
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import (
    BOOL,
    DECIMAL,
    DOUBLE,
    INT,
    STRING,
    AnonymousObject,
    Array,
    RectangularArray,
    array_class,
)
from apimpolicy.csharp.emit.building import (
    call,
    conditional,
    constant,
    is_none,
    last_of,
    list_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.emit.members import call_member
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    import ast


# Emission of `new JObject(new JProperty("a", 1), …)`: properties with different constant names at once

_KINDS: dict[Type, int] = {BOOL: BOOLEAN, INT: INTEGER, DOUBLE: FLOAT, DECIMAL: FLOAT, STRING: STRING_TYPE}
"""Static types of values of which no property can fail to be made, to their `JTokenType`."""


def emit_json_object(emitter: Emitter, node: nodes.ObjectCreation) -> ast.expr:
    properties = None if emitter.recording else _properties(node)
    if properties is not None:
        from apimpolicy.csharp.dotnet.json.objects import JObject

        unpaid = sum(_plain_value(each) is not None for each in properties)
        items = list_of(*[_property(emitter, each) for each in properties])
        return emitter.run(JObject.of_properties, items, constant(unpaid))
    assert node.constructor is not None
    return call_member(emitter, node.constructor, None, [emitter.emit(a) for a in node.arguments])


def _properties(node: nodes.ObjectCreation) -> list[nodes.ObjectCreation] | None:
    """The `new JProperty(constant name, value)` that are the arguments; None when others are, or a name comes twice."""
    content = node.arguments[0] if len(node.arguments) == 1 else None
    if not isinstance(content, nodes.ArrayCreation) or not content.items:
        return None
    found = {}
    for item in content.items:
        made = item.operand if isinstance(item, nodes.Convert) else item
        if not isinstance(made, nodes.ObjectCreation) or str(made.type) != "Newtonsoft.Json.Linq.JProperty":
            return None
        if len(made.arguments) == 2 and made.arguments[0].is_constant and not made.initializers:
            found[made.arguments[0].constant] = made
    return list(found.values()) if len(found) == len(content.items) and None not in found else None


def _plain_value(made: nodes.ObjectCreation) -> nodes.Expression | None:
    """Return the value of a property before it became an object, if its type is one of `_KINDS`."""
    value = made.arguments[1]
    return value.operand if isinstance(value, nodes.Convert) and value.operand.type in _KINDS else None


def _property(emitter: Emitter, made: nodes.ObjectCreation) -> ast.expr:
    """Return a property, the value's kind as it is known from its type; of a plain value the caller pays its steps."""
    from apimpolicy.csharp.dotnet.json.objects import JProperty
    from apimpolicy.csharp.dotnet.json.scalars import JValue

    plain = _plain_value(made)
    if plain is None:
        return emitter.emit(made)
    value, kind = emitter.emit(plain), _KINDS[plain.type]
    token_type: ast.expr = constant(NULL if plain.is_constant and plain.constant is None else kind)
    if plain.type is STRING and not plain.is_constant:
        name = emitter.fresh()
        value, token_type = walrus(name, value), conditional(is_none(load(name)), constant(NULL), constant(kind))
    return emitter.run(JProperty, emitter.emit(made.arguments[0]), emitter.run(JValue, value, token_type))


# Emission of new objects, arrays and collections, and of default values

_LIST = "System.Collections.Generic.List"
_DICTIONARY = "System.Collections.Generic.Dictionary"
_MOST_ITEMS = 1000
"""Items of a collection that are put into it together."""


def emit_object_creation(emitter: Emitter, node: nodes.ObjectCreation) -> ast.expr:
    if not isinstance(node.type, NamedType):
        raise NotSimulatedError(f"new {node.type}")
    collection = _collection(emitter, node, node.type)
    if collection is not None:
        return collection
    if node.constructor is None:
        made = emit_default_value(emitter, node)
    elif node.type.name == "Newtonsoft.Json.Linq.JObject":
        made = emit_json_object(emitter, node)
    else:
        made = call_member(emitter, node.constructor, None, [emitter.emit(a) for a in node.arguments])
    if not node.initializers:
        return made
    name = emitter.fresh("new")
    steps = [walrus(name, made)]
    _initialize(emitter, node.initializers, name, steps, name)
    return last_of(*steps, load(name))


def _collection(emitter: Emitter, node: nodes.ObjectCreation, type_: NamedType) -> ast.expr | None:
    """A new list, or a dictionary whose keys are different constants, with all its items at once: no Add fails."""
    rows = [_added(initializer) for initializer in node.initializers]
    if emitter.recording or node.arguments or not 0 < len(rows) <= _MOST_ITEMS:
        return None
    added = [row for row in rows if row is not None]
    if len(added) < len(rows):
        return None
    types = emitter.types_constant(type_.arguments)
    if type_.name == _LIST and all(len(row) == 1 for row in added):
        from apimpolicy.csharp.dotnet.collections.lists import List

        return emitter.run(List.of_items, types, list_of(*[emitter.emit(item) for (item,) in added]))
    if type_.name == _DICTIONARY and type_.arguments[0] in (STRING, INT):
        from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary

        places = {row[0].constant: place for place, row in enumerate(added) if row[0].is_constant}
        if len(places) == len(added) and None not in places:
            entries = list_of(*[tuple_of(*map(emitter.emit, row)) for row in added])
            return emitter.run(Dictionary.of_entries, types, emitter.bring(places, "places"), entries)
    return None


def _initialize(
    emitter: Emitter, initializers: tuple[nodes.Initializer, ...], name: str, steps: list[Any], created: str = ""
) -> None:
    for initializer in initializers:
        emitter.with_placeholder(initializer.placeholder, name, not_null=name == created)
        if not initializer.nested:
            steps.append(emitter.emit(initializer.action))
            continue
        inner = emitter.fresh("inner")
        steps.append(walrus(inner, emitter.emit(initializer.action)))
        _initialize(emitter, initializer.nested, inner, steps)


def emit_array_creation(emitter: Emitter, node: nodes.ArrayCreation) -> ast.expr:
    element = emitter.type_constant(node.type.element)
    if node.items is None:
        sizes = [emitter.emit(size) for size in node.sizes]
        if len(sizes) == 1:
            return emitter.run(arrays.new_array, element, sizes[0])
        return emitter.run(arrays.new_rectangular_array, element, tuple_of(*sizes))
    if node.type.rank == 1:
        items = list_of(*map(emitter.emit, node.items))
        if isinstance(node.type.element, NamedType) and not node.type.element.arguments:
            return call(emitter.bring(array_class(node.type.element), "Array"), items)
        return emitter.run(Array, element, items)
    flat: list[ast.expr] = []
    lengths = _flatten(emitter, node.items, node.type.rank, flat)
    return emitter.run(RectangularArray, element, constant(tuple(lengths)), list_of(*flat))


def _flatten(emitter: Emitter, items: tuple[nodes.Expression, ...], rank: int, flat: list[ast.expr]) -> list[int]:
    if rank == 1:
        flat.extend(map(emitter.emit, items))
        return [len(items)]
    inner = [0] * (rank - 1)  # of `{ }`
    for row in items:
        if isinstance(row, nodes.ArrayCreation):
            inner = _flatten(emitter, row.items or (), rank - 1, flat)
    return [len(items), *inner]


def emit_anonymous_creation(emitter: Emitter, node: nodes.AnonymousCreation) -> ast.expr:
    names = constant(tuple(name for name, _ in node.type.members))
    values = tuple_of(*map(emitter.emit, node.values))
    return call(emitter.function(AnonymousObject), emitter.type_constant(node.type), names, values)


def emit_tuple_creation(emitter: Emitter, node: nodes.TupleCreation) -> ast.expr:
    return tuple_of(*map(emitter.emit, node.elements))


def emit_default_value(emitter: Emitter, node: nodes.Expression) -> ast.expr:
    if node.is_constant:
        return emitter.literal(node.constant)
    return emitter.run(arrays.default_value, emitter.type_constant(node.type))


def _added(initializer: nodes.Initializer) -> tuple[nodes.Expression, ...] | None:
    """Return the arguments of a collection's own Add in `{ … }` or None."""
    action = initializer.action
    is_add = isinstance(action, nodes.Call) and action.receiver is initializer.placeholder and not initializer.nested
    return tuple(action.arguments) if is_add and isinstance(action, nodes.Call) else None
