"""Emission of `==` between references: whether two expressions are one object, followed back to where each is made.

A box or a text has no identity of its own here, since values are Python's. So the compiler's tree tells: two boxes are
never one object, one variable is itself, and a text that was just made is no other one, unless it is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.values import STRING, reference_equals
from apimpolicy.emit import runtime
from apimpolicy.emit.building import constant, last_of

if TYPE_CHECKING:
    import ast

    from apimpolicy.binding.nodes import Expression
    from apimpolicy.emit.core import Emitter

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
        is_context = isinstance(one.receiver, nodes.Local) and one.receiver.symbol.kind == "context"
        return is_context and isinstance(other.receiver, nodes.Local) and one.property is other.property
    return False


def _is_box(expression: Expression) -> bool:
    return isinstance(expression, nodes.Convert) and expression.conversion.kind == "boxing"


def _is_new(expression: Expression) -> bool:
    """Return whether an expression makes a new text."""
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
        from apimpolicy.emit.texts import operands_of

        return emitter.run(runtime.one_text, *operands_of(emitter, text))
    return emitter.emit(expression)
