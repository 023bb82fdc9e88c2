"""Patterns (C# specification, chapter 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import advice, nodes
from apimpolicy.binding import conversions as conv
from apimpolicy.binding.advice import operand_name
from apimpolicy.binding.nodes import Bad, Expression
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.type_relations import is_reference
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.binding.written import is_var
from apimpolicy.dotnet.types import ERROR, NULL, SpecialType, Type, TypeParameter
from apimpolicy.dotnet.values import BOOL
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.syntax.nodes import Child, Node, Token


def bind_is_pattern(binder: Binder, node: shapes.IsPattern) -> Expression:
    operand = binder.bind_value(node.operand)
    pattern_node = node.pattern
    if isinstance(operand, (UnboundLambda, nodes.MethodGroup)):
        operand = binder.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'is'")
    elif isinstance(operand.type, SpecialType) and operand.type is not ERROR:
        message = f"{operand_name(operand)} can't be used with 'is': it is not a value"
        operand = binder.failure(node.operand, "CS8117", message)
    if isinstance(operand, Bad):
        _declare_after_error(binder, pattern_node)
        return binder.bad(node, BOOL)
    pattern = bind_pattern(binder, pattern_node, operand.type)
    return binder.bad(node, BOOL) if pattern is None else nodes.IsPattern(node, BOOL, operand, pattern)


def bind_is_constant(binder: Binder, node: Node, operand: Expression, type_node: Node) -> Expression:
    if isinstance(operand, Bad):
        return operand
    value = binder.bind_value(_name_expression(type_node))
    pattern = _constant_pattern(binder, type_node, value, operand.type)
    return binder.bad(node) if pattern is None else nodes.IsPattern(node, BOOL, operand, pattern)


def _declare_after_error(binder: Binder, node: Child) -> None:
    if isinstance(node, shapes.DeclarationPattern):
        token = node.name
        type_ = ERROR if is_var(node.type) else binder.bind_type(node.type)
        _pattern_variable(binder, token, type_)


def _pattern_variable(binder: Binder, token: Token, type_: Type) -> LocalSymbol | None:
    return None if token.text == "_" else binder.declare_variable(token, type_, "pattern")


def bind_pattern(
    binder: Binder, node: shapes.DeclarationPattern | shapes.ConstantPattern, input_type: Type
) -> nodes.Pattern | None:
    """Return a pattern against a value of this type; None after a report."""
    if isinstance(node, shapes.DeclarationPattern):
        type_node, token = node.type, node.name
        if is_var(type_node):
            return nodes.Pattern(node, None, _pattern_variable(binder, token, input_type))
        if isinstance(type_node, shapes.TupleType):
            target = positional_pattern(binder, type_node)
        else:
            target = binder.bind_type(type_node)
        symbol = _pattern_variable(binder, token, target)
        if target is ERROR or not _may_match(binder, type_node, input_type, target):
            return None
        return nodes.Pattern(node, target, symbol)
    value = binder.bind_value(node.value)
    return _constant_pattern(binder, node.value, value, input_type)


def positional_pattern(binder: Binder, node: shapes.TupleType) -> Type:
    """Report `is (int, string)`: where a pattern may be, the parenthesis opens a pattern of C# 8, and no tuple type."""
    help = "write ValueTuple<…> for the type of a tuple"
    binder.report(node, "CS8370", "'recursive patterns' is newer than C# 7.3", help=help)
    return ERROR


def _may_match(binder: Binder, node: Node, source: Type, target: Type) -> bool:
    if isinstance(source, SpecialType):
        if source is NULL:
            binder.report(node, "CS8117", "null can't be matched against a type")
            return False
        return True
    if target.underlying is not None:
        message = f"the nullable type '{shown(target)}' can't be used in a pattern"
        binder.report(node, "CS8116", message, help=f"use '{shown(target.underlying)}'")
        return False
    if not conv.may_be(binder.binds_instance, source, target):
        binder.report(node, "CS8121", f"a value of type '{shown(source)}' can never be a '{shown(target)}'")
        return False
    return True


def _constant_pattern(binder: Binder, node: Node, value: Expression, input_type: Type) -> nodes.Pattern | None:
    if isinstance(value, Bad):
        return None
    if input_type is ERROR:
        return nodes.Pattern(node, None, None, value)
    target = input_type.underlying or input_type
    if value.type is NULL:
        if not (is_reference(input_type) or input_type.underlying is not None):
            binder.report(node, "CS0037", f"'{shown(input_type)}' cannot be null")
            return None
        return nodes.Pattern(node, None, None, value)
    if not value.is_constant:
        binder.report(node, "CS0150", "a constant value is expected")
        return None
    found = binder.classify(value, target)
    if isinstance(target, TypeParameter) or (found is None and binder.binds_instance):
        return nodes.Pattern(node, None, None, value)
    if found is None:
        binder.convert(value, target, node)
        return None
    if found.kind == "user":
        message = f"a '{shown(value.type)}' constant can't be matched against a '{shown(target)}'"
        binder.report(node, "CS0150", message, help=advice.for_constant(target, value.type))
        return None
    if is_reference(target):
        return nodes.Pattern(node, None, None, value)
    return nodes.Pattern(node, None, None, binder.convert(value, target))


def bind_declaration_expression(binder: Binder, node: shapes.DeclarationExpression) -> Expression:
    return binder.failure(node, "CS8185", "a declaration is not allowed here")


def _name_expression(node: Node) -> Node:
    """Return a named type's syntax read as an expression: `A.B` as member access."""
    if not isinstance(node, shapes.NamedType):
        return node
    qualifier, token, arguments = node.qualifier, node.name, node.type_arguments
    if qualifier is None:
        return shapes.Identifier([token, arguments], node.start, node.end)
    return shapes.MemberAccess([_name_expression(qualifier), token, arguments], node.start, node.end)
