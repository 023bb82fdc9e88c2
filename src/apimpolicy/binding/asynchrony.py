"""`async` and `await` (C# specification, sections 12.9.8 and 15.15).

The gateway allows no `Task` in expressions (APIM0001). Asynchronous functions are bound, so that the compiler's errors
are reported, and fail by name when they run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.binding import lookup
from apimpolicy.binding.nodes import Bad, Call, Expression
from apimpolicy.binding.reports import shown
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import ERROR, NamedType, Type
from apimpolicy.dotnet.values import VOID

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax import shapes
    from apimpolicy.syntax.nodes import Node

TASK: Final = "System.Threading.Tasks.Task"


def bind_await_expression(binder: Binder, node: shapes.AwaitExpression) -> Expression:
    if binder.awaits_in != "async":
        where = {"lambda": "this lambda", "function": "this function"}.get(binder.awaits_in, "a policy expression")
        code = "CS4034" if binder.awaits_in == "lambda" else "CS4032"
        help = "remove 'await'" if binder.awaits_in == "expression" else "write async before it"
        return binder.failure(node, code, f"'await' can't be used here: {where} is not async", help=help)
    task = binder.bind_typed(node.operand)
    if isinstance(task, Bad):
        return task
    awaiter = _without_arguments(node, task, "GetAwaiter")
    if awaiter is None:
        return binder.failure(node, "CS1061", f"'{shown(task.type)}' can't be awaited: it has no 'GetAwaiter' method")
    result = _without_arguments(node, awaiter, "GetResult")
    return result or binder.failure(node, "CS1061", f"'{shown(awaiter.type)}' has no member 'GetResult'")


def _without_arguments(node: Node, receiver: Expression, name: str) -> Expression | None:
    for method in lookup.find_members(receiver.type, name):
        if isinstance(method, Method) and not method.parameters and not method.is_static:
            return Call(node, method.returns, receiver, method, ())
    return None


def result_of(returns: Type) -> Type | None:
    """Return the result type of an async function with this return type; None for a type that no such function has."""
    if returns in (VOID, ERROR):
        return returns
    if isinstance(returns, NamedType) and returns.name == TASK:
        return returns.arguments[0] if returns.arguments else VOID
    return None


def task_of(result: Type) -> Type:
    """Return the return type that is inferred for an asynchronous lambda whose body returns this."""
    return named(TASK) if result is VOID else named(TASK, result)
