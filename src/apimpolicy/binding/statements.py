"""Plain statements: `if`, expressions, `checked` (C# specification, chapter 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.bodies import is_statement_expression
from apimpolicy.binding.nodes import Bad, Statement
from apimpolicy.syntax import shapes
from apimpolicy.text.holes import has_hole

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Node


def statement_empty_statement(binder: Binder, node: shapes.EmptyStatement) -> Statement:
    return nodes.Empty(node)


def statement_hole(binder: Binder, node: Node) -> Statement:
    """Statements that are unknown: text that a template puts in later, which may declare any name."""
    binder.has_unknown = binder.scope.is_unknown = True
    if binder.returns is not None and binder.return_type is None:
        binder.returns.append(nodes.Return(node, binder.bad(node)))
    return nodes.UnknownStatement(node)


def statement_expression_statement(binder: Binder, node: shapes.ExpressionStatement) -> Statement:
    written = node.expression
    if isinstance(written, shapes.Identifier) and has_hole(written.name.text):
        return statement_hole(binder, node)
    expression = binder.bind(written)
    if isinstance(expression, Bad):
        return nodes.ExpressionStatement(node, expression)
    if not is_statement_expression(expression):
        message = "only a call, an assignment, an increment or 'new' can be used as a statement"
        binder.report(node.expression, "CS0201", message, help="is 'return' missing?")
        return nodes.ExpressionStatement(node, binder.bad(node))
    return nodes.ExpressionStatement(node, expression)


def statement_if_statement(binder: Binder, node: shapes.IfStatement) -> Statement:
    condition = binder.bind_condition(node.condition)
    then = binder.bind_embedded(node.then)
    otherwise = binder.bind_embedded(node.otherwise) if node.otherwise is not None else None
    return nodes.If(node, condition, then, otherwise)


def statement_checked_statement(binder: Binder, node: shapes.CheckedStatement | shapes.UncheckedStatement) -> Statement:
    with binder.within(is_checked=isinstance(node, shapes.CheckedStatement)):
        return binder.bind_block(node.block)


statement_unchecked_statement = statement_checked_statement
