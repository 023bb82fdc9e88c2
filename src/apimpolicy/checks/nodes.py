"""Queries about bound nodes: receivers, tests for null, code that may not run, and the members of the context."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding.nodes import (
    Binary,
    Call,
    Coalesce,
    Conditional,
    ConditionalAccess,
    Convert,
    Expression,
    Foreach,
    If,
    IsPattern,
    IsType,
    Lambda,
    LocalFunction,
    Logical,
    Loop,
    PropertyAccess,
    Return,
    Switch,
    Try,
)

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.csharp.binding.nodes import Bound

ALWAYS_EVALUATED: dict[type[Bound], str] = {
    Coalesce: "left",
    Conditional: "condition",
    ConditionalAccess: "receiver",
    Foreach: "collection",
    If: "condition",
    Logical: "left",
    Switch: "value",
    Lambda: "",
    LocalFunction: "",
    Loop: "",
    Try: "",
}
"""By the kinds of nodes that may skip a part, or catch what it throws: the part that is evaluated in any case."""

_INPUTS = {"IRequest": ("Headers", "Body"), "IUrl": ("Query", "QueryString")}
"""Properties that read text of the caller, by type."""


def type_name(node: Bound | None) -> str:
    """Return the name of a value's type without its namespace; empty for None."""
    found = getattr(node, "type", None)
    return "" if found is None else str(found).rpartition(".")[2]


def is_property(node: Bound | None, owners: tuple[str, ...], *names: str) -> bool:
    return isinstance(node, PropertyAccess) and node.property.name in names and type_name(node.receiver) in owners


def unconverted(node: Bound) -> Bound:
    """Return the operand of a node's conversions, or the node itself."""
    while isinstance(node, Convert):
        node = node.operand
    return node


def receiver_of(node: Call) -> tuple[Expression | None, tuple[Expression, ...]]:
    """Return the value that a method is called on and the arguments; an extension method has both in its arguments."""
    arguments = tuple(node.arguments)
    return (node.receiver, arguments) if node.receiver is not None or not arguments else (arguments[0], arguments[1:])


def text_of(node: Bound | None) -> str | None:
    value = node.constant if isinstance(node, Expression) and node.is_constant else None
    return value if isinstance(value, str) else None


def is_null(node: Bound) -> bool:
    return isinstance(node, Expression) and node.is_constant and node.constant is None


def tested_for_null(node: Bound) -> tuple[Bound, ...]:
    """Return the values that a node tests for null: `== null`, `is`, `?.`, `??`."""
    if isinstance(node, Binary) and node.operator in ("==", "!="):
        sides = unconverted(node.left), unconverted(node.right)
        return sides if any(map(is_null, sides)) else ()
    if isinstance(node, (IsPattern, IsType)):
        return (unconverted(node.operand),)
    if isinstance(node, ConditionalAccess):
        return (unconverted(node.receiver),)
    return (unconverted(node.left),) if isinstance(node, Coalesce) else ()


def is_in_try(expression: CheckedExpression, node: Bound) -> bool:
    return any(isinstance(around, Try) for around in expression.ancestors(node))


def is_always_evaluated(expression: CheckedExpression, node: Bound) -> bool:
    """Return whether an expression evaluates a node whenever it is evaluated itself."""
    inner = node
    for around in expression.ancestors(node):
        part = ALWAYS_EVALUATED.get(type(around))
        if part is not None and getattr(around, part, None) is not inner:
            return False
        inner = around
    return all(found.syntax.end > node.syntax.start for found in expression.of_kind(Return))


def context_member(node: Bound | None) -> str | None:
    """Return `Response` for `context.Response`; None for anything else."""
    if isinstance(node, PropertyAccess) and type_name(node.receiver) == "IContext":
        return node.property.name
    return None


def is_tested_for_null(expression: CheckedExpression, name: str) -> bool:
    """Return whether the expression tests somewhere if `context.<name>` is null: `== null`, `is`, `?.`, `??`."""
    return any(context_member(tested) == name for node in expression.compiled.nodes for tested in tested_for_null(node))


def caller_inputs(expression: CheckedExpression) -> Iterator[PropertyAccess]:
    for node in expression.of_kind(PropertyAccess):
        if node.property.name in _INPUTS.get(type_name(node.receiver), ()):
            yield node
