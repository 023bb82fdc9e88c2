"""Members of `context` in an expression: which one a node is, and whether the expression tests it for null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import PropertyAccess
from apimpolicy.checks.nodes import tested_for_null, type_name

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression


def context_member(node: Bound | None) -> str | None:
    """Return `Response` for `context.Response`; None for anything else."""
    if isinstance(node, PropertyAccess) and type_name(node.receiver) == "IContext":
        return node.property.name
    return None


def is_tested_for_null(expression: CheckedExpression, name: str) -> bool:
    """Return whether the expression tests somewhere if `context.<name>` is null: `== null`, `is`, `?.`, `??`."""
    return any(context_member(tested) == name for node in expression.compiled.nodes for tested in tested_for_null(node))
