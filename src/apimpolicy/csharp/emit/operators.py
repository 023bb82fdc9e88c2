"""Emission of operators, and of `==` between references."""

from __future__ import annotations

import ast

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Binary, Expression, Logical, Unary
from apimpolicy.csharp.binding.type_relations import is_delegate
from apimpolicy.csharp.dotnet.types import NULL
from apimpolicy.csharp.dotnet.values import BOOL, OBJECT, STRING, reference_equals
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import compare, conditional, constant, is_none, is_not_none, last_of, load, walrus
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.emit.members import call_member

_COMPARE: dict[str, ast.cmpop] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    ">": ast.Gt(),
    "<=": ast.LtE(),
    ">=": ast.GtE(),
}


def emit_logical(emitter: Emitter, node: Logical) -> ast.expr:
    operator: ast.boolop = ast.And() if node.operator == "&&" else ast.Or()
    operands: list[ast.expr] = []
    current: Expression = node
    while (
        isinstance(current, Logical)
        and current.operator == node.operator
        and not (emitter.recording and current is not node)
    ):
        operands.append(emitter.emit(current.right))
        current = current.left
    operands.append(emitter.emit(current))
    return ast.BoolOp(operator, operands[::-1])


def emit_binary(emitter: Emitter, node: Binary) -> ast.expr:
    if node.operand_type is STRING and node.operator == "+":
        from apimpolicy.csharp.emit.texts import concatenation

        return concatenation(emitter, node)
    if node.operand_type is OBJECT or is_delegate(node.operand_type):
        return _references(emitter, node)
    if node.is_lifted:
        return _lifted(emitter, node)
    return _operation(emitter, node, emitter.emit(node.left), emitter.emit(node.right))


def _references(emitter: Emitter, node: Binary) -> ast.expr:
    """References compared, and delegates combined."""
    left, right = node.left, node.right
    compares = node.operator in ("==", "!=")
    if compares and left.is_constant and left.constant is None:
        left, right = right, left
    if compares and right.is_constant and right.constant is None:
        value = emitter.emit(left)
        return is_none(value) if node.operator == "==" else is_not_none(value)
    from apimpolicy.csharp.dotnet.system import delegates

    if not compares:
        combine = delegates.combine if node.operator == "+" else delegates.remove
        return emitter.run(combine, emitter.emit(left), emitter.emit(right))
    if is_delegate(node.operand_type):
        made: ast.expr = emitter.run(delegates.equals, emitter.emit(left), emitter.emit(right))
    else:
        made = references_equal(emitter, left, right)
    return made if node.operator == "==" else ast.UnaryOp(ast.Not(), made)


def _lifted(emitter: Emitter, node: Binary) -> ast.expr:
    """Return an operator on nullables: null when an operand is null, but false for a comparison."""
    if node.operand_type is BOOL and node.operator in ("&", "|"):
        function = runtime.and_lifted if node.operator == "&" else runtime.or_lifted
        return emitter.run(function, emitter.emit(node.left), emitter.emit(node.right))
    if node.operator in ("==", "!="):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if (one.is_constant and one.constant is None) or one.type is NULL:
                value = emitter.emit(other)
                return is_none(value) if node.operator == "==" else is_not_none(value)
    first, second = emitter.fresh(), emitter.fresh()
    left, right = walrus(first, emitter.emit(node.left)), walrus(second, emitter.emit(node.right))
    operation = _operation(emitter, node, load(first), load(second))
    either_null = ast.BoolOp(ast.Or(), [is_none(load(first)), is_none(load(second))])
    if node.operator == "==":
        when_null: ast.expr = compare(load(first), ast.Is(), load(second))
    elif node.operator == "!=":
        when_null = compare(load(first), ast.IsNot(), load(second))
    elif node.type is BOOL:
        when_null = constant(False)
    else:
        when_null = constant(None)
    body = conditional(either_null, when_null, operation)
    return last_of(left, right, body)


def _operation(emitter: Emitter, node: Binary, left: ast.expr, right: ast.expr) -> ast.expr:
    if node.method is not None:
        return call_member(emitter, node.method, None, [left, right])
    if node.operator in _COMPARE:
        return compare(left, _COMPARE[node.operator], right)
    from apimpolicy.csharp.emit.arithmetic import calculated

    return calculated(emitter, node, left, right)


def emit_unary(emitter: Emitter, node: Unary) -> ast.expr:
    value = emitter.emit(node.operand)
    if not node.is_lifted:
        return _unary(emitter, node, value)
    name = emitter.fresh()
    return conditional(is_none(walrus(name, value)), constant(None), _unary(emitter, node, load(name)))


def _unary(emitter: Emitter, node: Unary, value: ast.expr) -> ast.expr:
    if node.operator == "!":
        return ast.UnaryOp(ast.Not(), value)
    if node.operator == "+":
        return value
    from apimpolicy.csharp.emit.arithmetic import negated

    return negated(emitter, node, value)


# ------------------------------------------------------------------------------------------ conditions


def emit_conditional(emitter: Emitter, node: nodes.Conditional) -> ast.expr:
    return conditional(emitter.emit(node.condition), emitter.emit(node.when_true), emitter.emit(node.when_false))


def emit_coalesce(emitter: Emitter, node: nodes.Coalesce) -> ast.expr:
    name = emitter.fresh()
    emitter.with_placeholder(node.placeholder, name, not_null=True)
    left = walrus(name, emitter.emit(node.left))
    return conditional(is_not_none(left), emitter.emit(node.value), emitter.emit(node.right))


def emit_conditional_access(emitter: Emitter, node: nodes.ConditionalAccess) -> ast.expr:
    name = emitter.fresh()
    emitter.with_placeholder(node.placeholder, name, not_null=True)
    receiver = walrus(name, emitter.emit(node.receiver))
    return conditional(is_none(receiver), constant(None), emitter.emit(node.access))


def emit_throw_expression(emitter: Emitter, node: nodes.ThrowExpression) -> ast.expr:
    return emitter.run(runtime.raise_exception, emitter.emit(node.exception))


# Emission of `==` between references: whether two expressions are one object, followed back to where each is made. A
# box or a text has no identity of its own here, since values are Python's. So the compiler's tree tells: two boxes are
# never one object, one variable is itself, and a text that was just made is no other one, unless it is empty.

_MAKES_TEXT = frozenset({("System.Text.StringBuilder", "ToString"), ("string", "Format")})


def references_equal(emitter: Emitter, left: Expression, right: Expression) -> ast.expr:
    """Return whether two operands are the same object; both are evaluated."""
    first, second = _origin(emitter, left), _origin(emitter, right)
    values = _operand(emitter, left), _operand(emitter, right)
    if _is_same(first, second):
        return emitter.run(runtime.same_object, *values)
    if _is_box(first) or _is_box(second):
        return last_of(*values, constant(False))
    if _is_new(first) or _is_new(second):
        return emitter.run(runtime.both_empty, *values)
    compare = runtime.same_part if _is_part(first) or _is_part(second) else reference_equals
    return emitter.run(compare, *values)


def _origin(emitter: Emitter, expression: Expression) -> Expression:
    """Return the expression that made an object: through conversions of references, and variables that are set once."""
    while True:
        if isinstance(expression, nodes.Convert) and expression.conversion.kind in ("reference", "identity"):
            expression = expression.operand
        elif isinstance(expression, nodes.Local) and expression.symbol in emitter.initial:
            value = emitter.initial[expression.symbol]
            if _is_box(value):
                return expression
            expression = value
        else:
            return expression


def _is_same(one: Expression, other: Expression) -> bool:
    """Return whether two expressions name one place: a variable, or an element of one by a constant."""
    if one is other:
        return True
    if isinstance(one, nodes.Local) and isinstance(other, nodes.Local):
        return one.symbol is other.symbol
    if isinstance(one, nodes.IndexerAccess) and isinstance(other, nodes.IndexerAccess):
        return _is_same(one.receiver, other.receiver) and all(
            a.is_constant and b.is_constant and a.constant == b.constant
            for a, b in zip(one.arguments, other.arguments, strict=False)
        )
    if isinstance(one, nodes.PropertyAccess) and isinstance(other, nodes.PropertyAccess):
        is_context = isinstance(one.receiver, nodes.Local) and one.receiver.symbol.kind == "global"
        return is_context and isinstance(other.receiver, nodes.Local) and one.property is other.property
    return False


def _is_box(expression: Expression) -> bool:
    return isinstance(expression, nodes.Convert) and expression.conversion.kind == "boxing"


def _is_new(expression: Expression) -> bool:
    if isinstance(expression, nodes.ObjectCreation):
        return expression.type is STRING
    if not isinstance(expression, nodes.Call):
        return False
    return (expression.method.declaring.name, expression.method.name) in _MAKES_TEXT


def _is_part(expression: Expression) -> bool:
    """Return whether an expression cuts a text, which is a new one unless all of it is left."""
    if not isinstance(expression, nodes.Call):
        return False
    return (expression.method.declaring.name, expression.method.name) == ("string", "Substring")


def _operand(emitter: Emitter, expression: Expression) -> ast.expr:
    """Return an operand; what is joined from one text and empty ones is that text."""
    text = expression
    while isinstance(text, nodes.Convert) and text.conversion.kind in ("reference", "identity"):
        text = text.operand
    if isinstance(text, nodes.Binary) and text.operand_type is STRING and text.operator == "+" and not text.is_constant:
        from apimpolicy.csharp.emit.texts import operands_of

        return emitter.run(runtime.one_text, *operands_of(emitter, text))
    return emitter.emit(expression)
