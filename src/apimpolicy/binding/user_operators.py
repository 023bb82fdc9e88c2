"""Operators that types declare (C# specification, sections 12.4.4 and 12.4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import operators
from apimpolicy.binding.arguments import finish_arguments
from apimpolicy.binding.nodes import Binary, Call, Expression
from apimpolicy.binding.overloads import Argument, resolve
from apimpolicy.binding.reports import shown
from apimpolicy.binding.type_relations import nullable
from apimpolicy.dotnet.types import NULL

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.syntax.nodes import Node


def binary_call(
    binder: Binder, node: Node, operator: str, left: Expression, right: Expression, methods: list[Method]
) -> Expression | None:
    """Return the call of the operator that fits best; None when none does."""
    lifted = any(side.type is NULL or side.type.underlying is not None for side in (left, right))
    arguments = [Argument(left, left.syntax), Argument(right, right.syntax)]
    found = resolve(methods, arguments, (), binder)
    if found.best is not None:
        values = finish_arguments(binder, node, found.best, arguments)
        return Call(node, found.best.returns(), None, found.best.method, tuple(values))
    if found.ambiguous is not None:
        message = f"'{operator}' is ambiguous for '{shown(left.type)}' and '{shown(right.type)}'"
        return binder.failure(node, "CS0034", message)
    if lifted:
        return _lifted_user_binary(binder, node, operator, left, right, methods)
    return None


def _lifted_user_binary(
    binder: Binder, node: Node, operator: str, left: Expression, right: Expression, methods: list[Method]
) -> Expression | None:
    for method in methods:
        first, second = method.parameters[0].type, method.parameters[1].type
        if not (first.is_value_type and second.is_value_type):
            continue
        lifted_first, lifted_second = nullable(first), nullable(second)
        if binder.classify(left, lifted_first) is None or binder.classify(right, lifted_second) is None:
            continue
        result = method.returns if operator in operators.COMPARISONS else nullable(method.returns)
        return Binary(
            node,
            result,
            operator,
            binder.convert(left, lifted_first),
            binder.convert(right, lifted_second),
            first,
            is_lifted=True,
            method=method,
        )
    return None


def unary_call(binder: Binder, node: Node, operand: Expression, methods: list[Method]) -> Expression | None:
    """Return the call of the operator that fits; None when none does."""
    arguments = [Argument(operand, operand.syntax)]
    found = resolve(methods, arguments, (), binder)
    if found.best is None:
        return None
    values = finish_arguments(binder, node, found.best, arguments)
    return Call(node, found.best.returns(), None, found.best.method, tuple(values))
