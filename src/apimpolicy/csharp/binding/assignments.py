"""Assignments and increments (C# specification, section 12.21)."""

from __future__ import annotations

from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.advice import operand_name
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.nodes import Bad, Expression
from apimpolicy.csharp.binding.operations import bind_operation
from apimpolicy.csharp.binding.references import check_assignable
from apimpolicy.csharp.binding.reports import is_discard
from apimpolicy.csharp.binding.type_relations import NUMERIC, is_enum
from apimpolicy.csharp.dotnet.values import INT, VOID
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node


def bind_prefix_increment(binder: Binder, node: shapes.PrefixIncrement) -> Expression:
    return _increment(binder, node, node.operator.text, node.operand, is_postfix=False)


def bind_postfix_increment(binder: Binder, node: shapes.PostfixIncrement) -> Expression:
    return _increment(binder, node, node.operator.text, node.operand, is_postfix=True)


def _increment(binder: Binder, node: Node, operator: str, target_node: Node, *, is_postfix: bool) -> Expression:
    target = binder.require_typed(binder.bind_value(target_node))
    if isinstance(target, Bad):
        return target
    if not check_assignable(binder, target, target_node, code="CS1059"):
        return binder.bad(node)
    bare = target.type.underlying or target.type
    if bare not in NUMERIC and not is_enum(bare):
        return binder.failure(node, "CS0023", f"'{operator}' can't be applied to {operand_name(target)}")
    placeholder = nodes.Placeholder(target_node, target.type)
    one = nodes.Literal(node, INT, 1)
    result = _compound_result(binder, node, operator[0], target, placeholder, one, is_increment=True)
    if isinstance(result, Bad):
        return result
    return nodes.CompoundAssignment(node, target.type, target, placeholder, result, is_postfix=is_postfix)


def bind_assignment(binder: Binder, node: shapes.Assignment) -> Expression:
    left_node, right_node = node.left, node.right
    if isinstance(left_node, (shapes.Tuple, shapes.DeclarationExpression)):
        from apimpolicy.csharp.binding.deconstruction import bind_deconstruction

        return bind_deconstruction(binder, node)
    if is_discard(left_node, binder.scope):
        value = binder.require_typed(binder.bind_value(right_node))
        if value.type is VOID:
            return binder.failure(left_node, "CS8209", "this call returns nothing (void), so it can't be assigned")
        return value if isinstance(value, Bad) else nodes.Assignment(node, value.type, value, value)
    target = binder.bind_value(left_node)
    if isinstance(right_node, shapes.RefExpression):
        return _refer_anew(binder, node, target, right_node)
    value = binder.bind_value(right_node)
    if isinstance(target, Bad) or not check_assignable(binder, target, left_node):
        return binder.bad(node)
    converted = binder.convert(value, target.type)
    if isinstance(converted, Bad):
        return converted
    return nodes.Assignment(node, target.type, target, converted)


def _refer_anew(binder: Binder, node: shapes.Assignment, target: Expression, value: shapes.RefExpression) -> Expression:
    """`reference = ref variable` (section 12.21.3)."""
    from apimpolicy.csharp.binding.references import bind_reference, wanted_reference

    read_only = isinstance(target, nodes.Local) and target.symbol.is_readonly_reference
    reference = bind_reference(binder, value, read_only=read_only)
    if isinstance(target, Bad) or isinstance(reference, Bad):
        return binder.bad(node)
    if not isinstance(target, nodes.Local) or not target.symbol.is_reference:
        return binder.failure(node.left, "CS8373", "only a ref variable can be reassigned with 'ref'")
    reference = wanted_reference(binder, value.target, reference, target.type, "CS8173")
    return reference if isinstance(reference, Bad) else nodes.Redirection(node, target.type, target.symbol, reference)


def bind_compound_assignment(binder: Binder, node: shapes.CompoundAssignment) -> Expression:
    left_node, operator_token, right_node = node.left, node.operator, node.right
    target = binder.bind_value(left_node)
    value = binder.bind_value(right_node)
    if isinstance(target, Bad) or isinstance(value, Bad):
        return binder.bad(node)
    if not check_assignable(binder, target, left_node):
        return binder.bad(node)
    operator = operator_token.text[:-1]
    placeholder = nodes.Placeholder(left_node, target.type)
    result = _compound_result(binder, node, operator, target, placeholder, value)
    if isinstance(result, Bad):
        return result
    return nodes.CompoundAssignment(node, target.type, target, placeholder, result)


def _compound_result(
    binder: Binder,
    node: Node,
    operator: str,
    target: Expression,
    placeholder: nodes.Placeholder,
    value: Expression,
    *,
    is_increment: bool = False,
) -> Expression:
    """`target op value` converted back to the target's type (section 12.21.4).

    Unless the operator is a shift, or `++` or `--`, the value must convert to the target's type by itself.
    """
    result = bind_operation(binder, node, operator, placeholder, value)
    if isinstance(result, Bad):
        return result
    conversion = binder.classify(result, target.type)
    if conversion is not None:
        return binder.apply(result, target.type, conversion)
    explicit = conv.explicit_conversion(result.type, target.type)
    if explicit is None or explicit.kind == "user":
        return binder.convert(result, target.type, node)
    is_free = is_increment or operator in ("<<", ">>") or is_enum(target.type)
    if not is_free and binder.classify(value, target.type) is None:
        return binder.convert(value, target.type, node)
    return binder.apply(result, target.type, explicit, explicit=True)
