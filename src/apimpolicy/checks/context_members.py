"""Members of `context` in an expression: which one a node is, and whether the expression asks if it is null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Coalesce, ConditionalAccess, Convert, IsPattern, IsType, PropertyAccess
from apimpolicy.checks.messages import type_name

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression


def context_member(node: Bound | None) -> str | None:
    """`Response` for `context.Response`; None for anything else."""
    if isinstance(node, PropertyAccess) and type_name(node.receiver) == "IContext":
        return node.property.name
    return None


def is_held_against_null(expression: CheckedExpression, name: str) -> bool:
    """Return whether the expression asks somewhere if `context.<name>` is null: `== null`, `is`, `?.`, `??`."""
    return any(context_member(asked) == name for node in expression.compiled.nodes for asked in _asked(node))


def _asked(node: Bound) -> tuple[Bound, ...]:
    if isinstance(node, Binary) and node.operator in ("==", "!="):
        sides = (_plain(node.left), _plain(node.right))
        is_null = any(getattr(side, "is_constant", False) and getattr(side, "constant", "") is None for side in sides)
        return sides if is_null else ()
    if isinstance(node, (IsPattern, IsType)):
        return (_plain(node.operand),)
    if isinstance(node, ConditionalAccess):
        return (_plain(node.receiver),)
    return (_plain(node.left),) if isinstance(node, Coalesce) else ()


def _plain(node: Bound) -> Bound:
    while isinstance(node, Convert):
        node = node.operand
    return node
