"""Loops: `while`, `do`, `for`, `foreach` (C# specification, section 13.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding import lookup, nodes
from apimpolicy.binding.advice import operand_name
from apimpolicy.binding.bodies import is_statement_expression
from apimpolicy.binding.declarations import bind_declaration
from apimpolicy.binding.nodes import Bad, Expression, Statement
from apimpolicy.binding.reports import shown
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.binding.written import is_var
from apimpolicy.dotnet.types import ERROR, NULL, Type
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Node


def bind_loop_body(binder: Binder, node: Node, kind: str) -> Statement:
    around = binder.enclosing
    with binder.within(enclosing=around.replaced(breakable=(*around.breakable, kind))):
        return binder.bind_embedded(node)


def statement_while_statement(binder: Binder, node: shapes.WhileStatement) -> Statement:
    with binder.in_scope():
        condition = binder.bind_condition(node.condition)
        body = bind_loop_body(binder, node.body, "while")
        return nodes.Loop(node, (), condition, body, locals=tuple(binder.scope.order))


def statement_do_statement(binder: Binder, node: shapes.DoStatement) -> Statement:
    body = bind_loop_body(binder, node.body, "do")
    return nodes.Loop(node, (), binder.bind_condition(node.condition), body, is_do=True)


def statement_for_statement(binder: Binder, node: shapes.ForStatement) -> Statement:
    first, condition_node, last, body_node = node.initializer, node.condition, node.incrementors, node.body
    with binder.in_scope():
        initializers: list[Statement] = []
        if isinstance(first, shapes.LocalDeclaration):
            initializers.append(bind_declaration(binder, first, "local"))
        elif first is not None:
            initializers.extend(bind_statement_expressions(binder, first))
        condition = binder.bind_condition(condition_node) if condition_node is not None else None
        incrementors: list[Expression] = []
        if last is not None:
            incrementors = [s.expression for s in bind_statement_expressions(binder, last)]
        body = bind_loop_body(binder, body_node, "for")
        variables = tuple(binder.scope.order)
        return nodes.Loop(node, tuple(initializers), condition, body, tuple(incrementors), locals=variables)


def bind_statement_expressions(binder: Binder, node: shapes.ExpressionList) -> list[nodes.ExpressionStatement]:
    made = []
    for child in node.expressions:
        expression = binder.bind_value(child)
        if not is_statement_expression(expression):
            message = "only a call, an assignment or an increment can be used here"
            expression = binder.failure(child, "CS0201", message)
        made.append(nodes.ExpressionStatement(child, expression))
    return made


def statement_foreach_statement(binder: Binder, node: shapes.ForeachStatement) -> Statement:
    type_node, token, collection_node, body_node = node.type, node.name, node.collection, node.body
    collection, element = bind_collection(binder, collection_node)
    with binder.in_scope():
        declared = element if is_var(type_node) else binder.bind_type(type_node)
        symbol = binder.declare_variable(token, declared, "foreach")
        placeholder = nodes.Placeholder(token, element)
        value: Expression = placeholder
        if declared is not element and ERROR not in (declared, element):
            value = _foreach_element(binder, node, placeholder, declared)
        body = bind_loop_body(binder, body_node, "foreach")
        return nodes.Foreach(node, collection, placeholder, value, None, symbol, body)


def _foreach_element(binder: Binder, node: Node, placeholder: nodes.Placeholder, target: Type) -> Expression:
    """Return the implied conversion of each element, explicit ones included (section 13.9.5)."""
    found = conv.explicit_conversion(placeholder.type, target)
    if found is None:
        message = f"elements of type '{shown(placeholder.type)}' can't be converted to '{shown(target)}'"
        return binder.failure_at(node.start, node.start + len("foreach"), node, "CS0030", message)
    return binder.apply(placeholder, target, found, explicit=True)


def bind_collection(binder: Binder, node: Node) -> tuple[Expression, Type]:
    collection = binder.bind_value(node)
    if isinstance(collection, Bad):
        return collection, ERROR
    if isinstance(collection, (nodes.MethodGroup, UnboundLambda)):
        what = operand_name(collection)
        return binder.failure(node, "CS0446", f"foreach can't loop over {what}", help="call it"), ERROR
    if collection.type is NULL or (collection.is_constant and collection.constant is None):
        return binder.failure(node, "CS0186", "foreach can't loop over null"), ERROR
    element = lookup.element_type(collection.type)
    if element is None:
        message = f"foreach can't loop over '{shown(collection.type)}': it is not a sequence (IEnumerable)"
        return binder.failure(node, "CS1579", message), ERROR
    return collection, element
