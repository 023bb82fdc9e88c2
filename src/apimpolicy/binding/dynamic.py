"""Operations on `dynamic` values (C# specification, section 12.3.3): what the compiler checks before they run.

What they mean is found when they run, by `emit/dynamic_sites.py`. The gateway refuses them (`allow_list`, APIM0006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import Bad, Dynamic, Expression, MethodGroup
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.dotnet.types import DYNAMIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.core import Binder
    from apimpolicy.binding.overloads import Argument
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node


def dynamic_invocation(binder: Binder, node: Node, callee: Expression, arguments: list[Argument]) -> Expression:
    if isinstance(callee, Dynamic) and callee.operation == "member":
        return dynamic_operation(binder, node, "invoke_member", callee.operands, callee.detail, arguments)
    return dynamic_operation(binder, node, "invoke", [callee], None, arguments)


def dynamic_operation(
    binder: Binder,
    node: Node,
    operation: str,
    receivers: Sequence[Expression],
    detail: Any,
    arguments: Sequence[Argument],
    type_: Type = DYNAMIC,
) -> Expression:
    """An operation with arguments that is bound when it runs; lambdas and methods have no type to be bound by."""
    for argument in arguments:
        value = argument.expression
        if isinstance(value, Bad):
            return binder.bad(node)
        if isinstance(value, UnboundLambda):
            message = "a lambda can't be an argument of a dynamic call; cast it to a delegate type"
            return binder.failure(value.syntax, "CS1977", message)
        if isinstance(value, MethodGroup):
            message = f"the method '{value.name}' can't be an argument of a dynamic call"
            return binder.failure(value.syntax, "CS1976", message)
    return Dynamic(node, type_, operation, (*receivers, *(a.expression for a in arguments)), detail, tuple(arguments))
