"""Emission of conversions, and of tests of types: `is`, `as` and patterns."""

from __future__ import annotations

import ast

from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding.nodes import AsType, Convert, Expression, IsPattern, IsType, Pattern, TypeOf
from apimpolicy.csharp.binding.type_relations import IDENTITY, REFERENCE, Conversion, has_reference_conversion, same
from apimpolicy.csharp.dotnet import casts
from apimpolicy.csharp.dotnet.system.objects import type_object
from apimpolicy.csharp.dotnet.types import NULL, ArrayType, NamedType, TupleType, Type
from apimpolicy.csharp.dotnet.values import STRING
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import (
    attribute,
    boxed,
    boxed_operand,
    call,
    compare,
    conditional,
    constant,
    is_none,
    is_not_none,
    item,
    last_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.emit.members import REFUSED, call_member
from apimpolicy.errors import NotSimulatedError


def emit_convert(emitter: Emitter, node: Convert) -> ast.expr:
    if node.is_constant:
        return emitter.literal(node.constant)
    if node.conversion.kind == "interpolated":
        return emitter.run(runtime.not_simulated, constant(str(node.type)), constant(REFUSED))
    value = emitter.emit(node.operand)
    return converted(emitter, value, node.operand.type, node.type, node.conversion, node)


def converted(
    emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion, node: Convert | None = None
) -> ast.expr:
    kind = conversion.kind
    if kind in ("identity", "null", "default"):
        return value
    if kind in ("numeric", "constant", "enum"):
        from apimpolicy.csharp.emit.arithmetic import converted_number

        return converted_number(emitter, value, source, target, is_checked=node is not None and node.is_checked)
    if kind == "boxing":
        return boxed(emitter, value, source)
    if kind == "reference":
        return reference(emitter, value, source, target, conversion)
    if kind == "unboxing":
        return emitter.run(casts.cast, value, emitter.type_constant(target))
    if kind == "nullable":
        return _nullable(emitter, value, source, target, conversion, node)
    if kind == "user":
        return _user(emitter, value, source, target, conversion)
    if kind == "tuple":
        return _tuple(emitter, value, source, target, conversion)
    raise NotSimulatedError(f"conversion from {source} to {target}")


def reference(emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion) -> ast.expr:
    """Between reference types: looked at when it runs if the compiler can't know."""
    if not conversion.is_implicit:
        return emitter.run(casts.cast, value, emitter.type_constant(target))
    if _is_pairs_of_tokens(source, target):
        name = emitter.fresh()
        pairs = call(attribute(load(name), "key_value_pairs"))
        return conditional(is_none(walrus(name, value)), constant(None), pairs)
    return value


def _nullable(
    emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion, node: Convert | None
) -> ast.expr:
    inner = conversion.inner or IDENTITY
    inner_source, inner_target = source.underlying or source, target.underlying or target
    if source.underlying is None:
        return converted(emitter, value, inner_source, inner_target, inner, node)
    if target.underlying is None:
        return converted(emitter, emitter.run(runtime.nullable_value, value), inner_source, inner_target, inner, node)
    name = emitter.fresh()
    made = converted(emitter, load(name), inner_source, inner_target, inner, node)
    if isinstance(made, ast.Name):
        return value
    return conditional(is_none(walrus(name, value)), constant(None), made)


def _user(emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion) -> ast.expr:
    method = conversion.method
    if method is None:
        raise NotSimulatedError(f"conversion from {source} to {target}")
    parameter = method.parameters[0].type
    if conversion.before is not None:
        value = converted(emitter, value, source, parameter, conversion.before)
    value = call_member(emitter, method, None, [value])
    if conversion.after is not None:
        value = converted(emitter, value, method.returns, target, conversion.after)
    return value


def _tuple(emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion) -> ast.expr:
    if not isinstance(source, TupleType) or not isinstance(target, TupleType):
        return value
    name = emitter.fresh()
    parts: list[ast.expr] = []
    for index, (one, other) in enumerate(zip(source.arguments, target.arguments, strict=True)):
        part = item(load(name), index)
        found = conv.implicit_conversion(one, other) or conv.explicit_conversion(one, other) or IDENTITY
        parts.append(converted(emitter, part, one, other, found))
    return last_of(walrus(name, value), tuple_of(*parts))


def _is_pairs_of_tokens(source: Type, target: Type) -> bool:
    """Return whether a JObject is converted to a sequence of pairs instead of its child tokens."""
    return (
        isinstance(source, NamedType)
        and source.name == "Newtonsoft.Json.Linq.JObject"
        and isinstance(target, NamedType)
        and target.name in ("System.Collections.Generic.IEnumerable", "System.Collections.Generic.ICollection")
        and len(target.arguments) == 1
        and str(target.arguments[0]).startswith("System.Collections.Generic.KeyValuePair<")
    )


# Emission of tests of types: `is`, `as` and patterns.


def emit_is_type(emitter: Emitter, node: IsType) -> ast.expr:
    source = node.operand.type
    if node.target is STRING and not node.operand.type.is_value_type:
        return compare(emitter.run(type, emitter.emit(node.operand)), ast.Is(), emitter.bring(str, "str"))
    if isinstance(source, ArrayType) and conv.explicit_conversion(source, node.target) is None:
        return last_of(emitter.emit(node.operand), constant(False))  # the compiler knows, and the runtime would not
    return emitter.run(casts.is_instance, boxed_operand(emitter, node.operand), emitter.type_constant(node.target))


def emit_as_type(emitter: Emitter, node: AsType) -> ast.expr:
    source = node.operand.type
    if source is NULL:
        return emitter.emit(node.operand)
    if not source.is_value_type and has_reference_conversion(source, node.type):
        return reference(emitter, emitter.emit(node.operand), source, node.type, REFERENCE)
    return emitter.run(casts.try_cast, boxed_operand(emitter, node.operand), emitter.type_constant(node.type))


def emit_is_pattern(emitter: Emitter, node: IsPattern) -> ast.expr:
    name = emitter.fresh()
    return last_of(walrus(name, emitter.emit(node.operand)), matches(emitter, name, node.operand.type, node.pattern))


def matches(emitter: Emitter, name: str, source: Type, pattern: Pattern) -> ast.expr:
    """Return whether the value in a Python variable, of this static type, matches; sets the pattern's variable."""
    if pattern.value is not None:
        return _matches_constant(emitter, name, source, pattern.value)
    if pattern.target is None:
        return _bind_variable(emitter, pattern, load(name), constant(True))
    target = pattern.target
    are_references = not source.is_value_type and not target.is_value_type
    if same(source.underlying or source, target) or (are_references and has_reference_conversion(source, target)):
        test = is_not_none(load(name))
    else:
        tested = boxed(emitter, load(name), source) if source.is_value_type else load(name)
        test = emitter.run(casts.is_instance, tested, emitter.type_constant(target))
    value: ast.expr = load(name)
    if target.is_value_type and not source.is_value_type:
        value = emitter.run(casts.cast, load(name), emitter.type_constant(target))
    return ast.BoolOp(ast.And(), [test, _bind_variable(emitter, pattern, value, constant(True))])


def _bind_variable(emitter: Emitter, pattern: Pattern, value: ast.expr, result: ast.expr) -> ast.expr:
    if pattern.symbol is None:
        return result
    return last_of(emitter.assign(pattern.symbol, value), result)


def _matches_constant(emitter: Emitter, name: str, source: Type, value: Expression) -> ast.expr:
    expected = emitter.literal(value.constant)
    if value.constant is None:
        return is_none(load(name))
    bare = source.underlying or source
    if bare is value.type or source is STRING:
        return compare(load(name), ast.Eq(), expected)
    return emitter.run(runtime.constant_equals, load(name), boxed(emitter, expected, value.type))


def emit_type_of(emitter: Emitter, node: TypeOf) -> ast.expr:
    return emitter.bring(type_object(node.target.nameless), "type")
