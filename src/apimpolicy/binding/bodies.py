"""Bodies of functions: blocks, expressions where `throw` may stand instead, and what can stand as a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.nodes import Bad, Expression
from apimpolicy.binding.symbols import Enclosing
from apimpolicy.binding.unbound import THROW_TYPE
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import NULL
from apimpolicy.dotnet.values import STRING
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Node


def bind_branch(binder: Binder, node: Node) -> Expression:
    """Return a value in one of the places where `throw` may stand instead (section 12.16)."""
    if isinstance(node, shapes.ThrowExpression):
        exception = thrown(binder, node.exception)
        return exception if isinstance(exception, Bad) else nodes.ThrowExpression(node, THROW_TYPE, exception)
    return binder.bind_value(node)


def thrown(binder: Binder, node: Node) -> Expression:
    value = binder.bind_typed(node)
    exception = named("System.Exception")
    if isinstance(value, Bad) or value.type is NULL:
        return value
    if binder.classify(value, exception) is None:
        help = "write throw new Exception(text)" if value.type is STRING else ""
        return binder.failure(node, "CS0155", "only an object derived from Exception can be thrown", help=help)
    return binder.convert(value, exception)


def function_body(binder: Binder, node: Node) -> nodes.Block:
    with binder.within(enclosing=Enclosing()):
        return binder.bind_block(node)


def falls_through(binder: Binder, block: nodes.Block) -> bool:
    """Return whether control reaches the end of the block."""
    from apimpolicy.binding.flow import Flow

    return Flow(binder.ends).end_reachable(block)


def is_statement_expression(expression: Expression) -> bool:
    """Section 13.7: what can stand as a statement."""
    if isinstance(expression, nodes.ConditionalAccess):
        return is_statement_expression(expression.access)
    if isinstance(expression, nodes.Dereference):
        return is_statement_expression(expression.reference)
    return isinstance(
        expression,
        (
            nodes.Call,
            nodes.DelegateCall,
            nodes.Assignment,
            nodes.CompoundAssignment,
            nodes.Deconstruction,
            nodes.ObjectCreation,
            nodes.Redirection,
            nodes.ThrowExpression,
            Bad,
        ),
    ) and not (isinstance(expression, nodes.Call) and expression.method.name.startswith("op_"))
