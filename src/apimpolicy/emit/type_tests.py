"""Emission of tests of types: `is`, `as` and patterns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding.type_relations import REFERENCE, has_reference_conversion, same
from apimpolicy.dotnet import casts
from apimpolicy.dotnet.system.objects import type_object
from apimpolicy.dotnet.types import NULL, ArrayType, Type
from apimpolicy.dotnet.values import STRING
from apimpolicy.emit import runtime
from apimpolicy.emit.boxing import boxed, boxed_operand
from apimpolicy.emit.building import compare, constant, is_none, is_not_none, last_of, load, walrus
from apimpolicy.emit.conversions import reference

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import AsType, Expression, IsPattern, IsType, Pattern, TypeOf
    from apimpolicy.emit.core import Emitter


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
