"""Conditionals: `?:`, `??`, and `throw` inside them (C# specification, sections 12.15, 12.16 and 12.18)."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.advice import operand_name
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import bind_branch, thrown
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.nodes import NOT_CONSTANT, Bad, Expression
from apimpolicy.csharp.binding.operations import no_operator
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.type_relations import is_reference, merged, same
from apimpolicy.csharp.dotnet.types import NULL, SpecialType, Type
from apimpolicy.csharp.dotnet.values import VOID
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node

# ---------------------------------------------------------------------------------------- conditional


def bind_conditional(binder: Binder, node: shapes.Conditional) -> Expression:
    if any(isinstance(branch, shapes.RefExpression) for branch in (node.when_true, node.when_false)):
        from apimpolicy.csharp.binding.references import reference_conditional

        return reference_conditional(binder, node)
    condition = binder.bind_condition(node.condition)
    when_true = bind_branch(binder, node.when_true)
    when_false = bind_branch(binder, node.when_false)
    if any(isinstance(e, Bad) for e in (condition, when_true, when_false)):
        return binder.bad(node)
    type_ = _conditional_type(binder, node, when_true, when_false)
    if type_ is None:
        return binder.bad(node)
    first, second = binder.convert(when_true, type_), binder.convert(when_false, type_)
    constant: Any = NOT_CONSTANT
    if condition.is_constant and first.is_constant and second.is_constant:
        constant = first.constant if condition.constant else second.constant
    return nodes.Conditional(node, type_, condition, first, second, constant=constant)


def _conditional_type(binder: Binder, node: Node, first: Expression, second: Expression) -> Type | None:
    """Section 12.18: one branch converts to the other's type, and not the other way round."""
    one, two = first.type, second.type
    if not isinstance(one, SpecialType) and one is two:
        return one
    to_two = not isinstance(two, SpecialType) and binder.classify(first, two) is not None
    to_one = not isinstance(one, SpecialType) and binder.classify(second, one) is not None
    if VOID in (one, two):
        to_one = to_two = False
    if to_two and to_one:
        if same(one, two):
            return merged(one, two)
        exact_one = conv.standard_implicit(one, two) is not None
        exact_two = conv.standard_implicit(two, one) is not None
        if exact_one != exact_two:
            return two if exact_one else one
        message = f"the type of '?:' is ambiguous: '{shown(one)}' and '{shown(two)}' convert to each other"
        binder.report(node, "CS0172", message, help="cast one of them")
        return None
    if to_two:
        return two
    if to_one:
        return one
    if isinstance(one, SpecialType) and isinstance(two, SpecialType) and one is NULL and two is NULL:
        binder.report(node, "CS0173", "both branches of '?:' are null, so it has no type")
        return None
    for branch in (first, second):
        if isinstance(branch, UnboundLambda):
            message = "a lambda can't be a branch of '?:'"
            binder.report(branch.syntax, "CS1660", message, help="cast it to a delegate type")
            return None
    message = f"the two branches of '?:' have different types: {operand_name(first)} and {operand_name(second)}"
    binder.report(node, "CS0173", message, help=_cast_of_branch(one, two))
    return None


def _cast_of_branch(one: Type, two: Type) -> str:
    """Return a cast hint for branches of two types: `null` can be a `T?`."""
    other = {one: two, two: one}.get(NULL)
    if other is not None and other.is_value_type:
        return f"write ({shown(other)}?)null"
    return "cast one of them to the type you want"


def bind_coalesce(binder: Binder, node: shapes.Coalesce) -> Expression:
    left = binder.bind_value(node.left)
    right = bind_branch(binder, node.right)
    if isinstance(left, Bad) or isinstance(right, Bad):
        return binder.bad(node)
    left_type = left.type
    inner = left_type.underlying
    may_be_null = inner is not None or is_reference(left_type) or left_type is NULL
    if not may_be_null or (isinstance(left_type, SpecialType) and left_type is not NULL):
        return no_operator(binder, node, "??", left, right)
    for result in _coalesce_types(left, right, inner):
        placeholder = nodes.Placeholder(
            left.syntax, inner if inner is not None and result is not left_type else left_type
        )
        conversion = binder.classify(placeholder, result)
        if conversion is None or binder.classify(right, result) is None:
            continue
        value = binder.apply(placeholder, result, conversion)
        return nodes.Coalesce(node, result, left, placeholder, value, binder.convert(right, result))
    return no_operator(binder, node, "??", left, right)


def _coalesce_types(left: Expression, right: Expression, inner: Type | None) -> list[Type]:
    """Section 12.15: the types to try for the result, in order."""
    types: list[Type] = []
    if inner is not None:
        types.append(inner)
    if left.type is not NULL:
        types.append(left.type)
    if not isinstance(right.type, SpecialType):
        types.append(right.type)
    return types


def bind_throw_expression(binder: Binder, node: shapes.ThrowExpression) -> Expression:
    message = "'throw' can't be used here"
    help = "a throw expression is allowed after '??', in a branch of '?:', and after '=>'"
    binder.report_at(node.start, node.start + len("throw"), "CS8115", message, help=help)
    thrown(binder, node.exception)
    return binder.bad(node)
