"""Casts, `as`, `is`, `typeof`, `default`, `checked` (C# specification, sections 12.8, 12.9 and 12.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import advice, lookup, nodes
from apimpolicy.binding import conversions as conv
from apimpolicy.binding.advice import operand_name
from apimpolicy.binding.names import bind_qualifier
from apimpolicy.binding.nodes import Bad, Expression
from apimpolicy.binding.patterns import bind_is_constant, positional_pattern
from apimpolicy.binding.reports import name_of, shown
from apimpolicy.binding.type_relations import is_reference, is_static_class
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import ERROR, NULL, SpecialType, Type, TypeParameter
from apimpolicy.dotnet.values import BOOL, INT
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Node


def bind_cast(binder: Binder, node: shapes.Cast) -> Expression:
    target = binder.bind_type(node.type)
    operand = binder.bind_value(node.operand)
    if target is ERROR or isinstance(operand, Bad):
        return binder.bad(node, target)
    if is_static_class(target):
        return binder.failure(node, "CS0716", f"'{shown(target)}' is a static class and can't be used as a type here")
    return cast(binder, node, operand, target)


def cast(binder: Binder, node: Node, operand: Expression, target: Type) -> Expression:
    """`(target)operand`."""
    if isinstance(operand, nodes.TupleCreation):
        conversion = binder.classify(operand, target)
        if conversion is not None:
            return binder.apply(operand, target, conversion, node, explicit=True)
    if isinstance(operand.type, SpecialType) and operand.type is not NULL:
        return binder.convert(operand, target, node)
    found = conv.explicit_conversion(operand.type, target)
    if found is None and binder.classify(operand, target) is not None:
        found = binder.classify(operand, target)
    if found is None:
        if operand.type is NULL:
            return binder.failure(node, "CS0037", f"'{shown(target)}' cannot be null", help=f"use '{shown(target)}?'")
        message = f"'{shown(operand.type)}' cannot be cast to '{shown(target)}'"
        return binder.failure(node, "CS0030", message, help=advice.for_conversion(operand.type, target, operand))
    return binder.apply(operand, target, found, node, explicit=True)


def bind_as_type(binder: Binder, node: shapes.AsType) -> Expression:
    operand = binder.bind_value(node.operand)
    target = binder.bind_type(node.type)
    if isinstance(operand, Bad) or target.has_error:
        return binder.bad(node, target)
    if target.is_value_type and target.underlying is None:
        message = f"'as' must be used with a type that can be null, and '{shown(target)}' can't be"
        return binder.failure(node, "CS0077", message, help=f"use 'as {shown(target)}?' or a cast")
    if isinstance(target, TypeParameter) and not is_reference(target):
        help = f"write where {target.name} : class"
        message = f"'as' must be used with a type that can be null, and '{target.name}' might not be"
        return binder.failure(node, "CS0413", message, help=help)
    if isinstance(operand.type, SpecialType) and operand.type is not NULL:
        return binder.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'as'")
    if operand.type is not NULL and not conv.may_be(binder.binds_instance, operand.type, target):
        return binder.failure(node, "CS0039", f"'{shown(operand.type)}' can never be a '{shown(target)}'")
    return nodes.AsType(node, target, operand)


def bind_is_type(binder: Binder, node: shapes.IsType) -> Expression:
    operand = binder.bind_value(node.operand)
    type_node = node.type
    if isinstance(type_node, shapes.NamedType) and _names_constant(binder, type_node):
        return bind_is_constant(binder, node, operand, type_node)
    target = (
        positional_pattern(binder, type_node)
        if isinstance(type_node, shapes.TupleType)
        else binder.bind_type(type_node)
    )
    if isinstance(operand, Bad) or target is ERROR:
        return binder.bad(node, BOOL)
    if isinstance(operand.type, SpecialType) and operand.type is not NULL:
        return binder.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'is'")
    return nodes.IsType(node, BOOL, operand, target)


def _names_constant(binder: Binder, node: shapes.NamedType) -> bool:
    """Return whether `x is Name` means a constant: no such type, but a value of that name."""
    qualifier, token, arguments = node.qualifier, node.name, node.type_arguments
    if arguments is not None:
        return False
    name = name_of(token)
    if qualifier is None:
        return binder.scope.find(name) is not None
    with binder.within(diagnostics=[]):
        left = bind_qualifier(binder, qualifier)
        reported = bool(binder.diagnostics)
    if isinstance(left, str) or reported or left is ERROR:
        return False
    return bool(lookup.find_members(left, name))


def bind_typeof(binder: Binder, node: shapes.Typeof) -> Expression:
    with binder.within(takes_unbound=isinstance(node.type, shapes.NamedType)):
        target = binder.bind_type(node.type)
    return binder.bad(node) if target is ERROR else nodes.TypeOf(node, named("System.Type"), target)


_SIZES = {1: "byte sbyte bool", 2: "short ushort char", 4: "int uint float", 8: "long ulong double", 16: "decimal"}


def bind_sizeof(binder: Binder, node: shapes.Sizeof) -> Expression:
    target = binder.bind_type(node.type)
    size = next((size for size, types in _SIZES.items() if str(target) in types.split()), None)
    if target is ERROR:
        return binder.bad(node)
    if size is None and is_reference(target):
        return binder.failure(node, "CS0208", f"'{shown(target)}' is a reference type, and 'sizeof' needs a value type")
    if size is None:
        return binder.failure(node, "CS0233", f"'sizeof({shown(target)})' is only allowed in unsafe code")
    return nodes.Literal(node, INT, size)


def bind_default_expression(binder: Binder, node: shapes.DefaultExpression) -> Expression:
    target = binder.bind_type(node.type)
    return binder.bad(node) if target is ERROR else binder.default_value(node, target)


def bind_checked_expression(binder: Binder, node: shapes.CheckedExpression | shapes.UncheckedExpression) -> Expression:
    with binder.within(is_checked=isinstance(node, shapes.CheckedExpression)):
        return binder.bind(node.expression)


bind_unchecked_expression = bind_checked_expression
