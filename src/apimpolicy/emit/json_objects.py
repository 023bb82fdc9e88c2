"""Emission of `new JObject(new JProperty("a", 1), …)`: properties with different constant names at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.json.kinds import BOOLEAN, FLOAT, INTEGER, NULL, STRING_TYPE
from apimpolicy.dotnet.values import BOOL, DECIMAL, DOUBLE, INT, STRING
from apimpolicy.emit.building import conditional, constant, is_none, list_of, load, walrus
from apimpolicy.emit.members import call_member

if TYPE_CHECKING:
    import ast

    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.core import Emitter

_KINDS: dict[Type, int] = {BOOL: BOOLEAN, INT: INTEGER, DOUBLE: FLOAT, DECIMAL: FLOAT, STRING: STRING_TYPE}
"""Static types of values of which no property can fail to be made, to their `JTokenType`."""


def emit_json_object(emitter: Emitter, node: nodes.ObjectCreation) -> ast.expr:
    """Emit the creation of a JObject, without its initializers."""
    properties = None if emitter.recording else _properties(node)
    if properties is not None:
        from apimpolicy.dotnet.json.objects import JObject

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
    from apimpolicy.dotnet.json.objects import JProperty
    from apimpolicy.dotnet.json.scalars import JValue

    plain = _plain_value(made)
    if plain is None:
        return emitter.emit(made)
    value, kind = emitter.emit(plain), _KINDS[plain.type]
    token_type: ast.expr = constant(NULL if plain.is_constant and plain.constant is None else kind)
    if plain.type is STRING and not plain.is_constant:
        name = emitter.fresh()
        value, token_type = walrus(name, value), conditional(is_none(load(name)), constant(NULL), constant(kind))
    return emitter.run(JProperty, emitter.emit(made.arguments[0]), emitter.run(JValue, value, token_type))
