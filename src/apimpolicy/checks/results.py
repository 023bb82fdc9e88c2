"""Trace the result of an expression to its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Assignment, Binary, Call, Local, LocalDeclaration, PropertyAccess, Return

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression

HARMLESS = frozenset(("ComputeHash", "AsJwt", "TryParseJwt", "Length", "IsNullOrEmpty", "IsNullOrWhiteSpace"))
"""Members that take something from a secret that may be shown."""


def reaches_result(expression: CheckedExpression, secret: Bound) -> bool:
    """Return whether the expression returns the secret, or a text made of it; through local variables as well."""
    is_block = next(expression.of_kind(Return), None) is not None
    waiting, seen = [secret], {id(secret)}
    while waiting:
        node = waiting.pop()
        around = list(expression.ancestors(node))
        if any(map(is_harmless, around)):
            continue
        if not is_block or any(isinstance(each, Return) for each in around):
            return True
        written = {id(symbol) for each in around if (symbol := _written(each)) is not None}
        uses = (each for each in expression.of_kind(Local) if id(each.symbol) in written and id(each) not in seen)
        for use in uses:
            seen.add(id(use))
            waiting.append(use)
    return False


def _written(node: Bound) -> object:
    """Return the local variable that a node sets."""
    if isinstance(node, LocalDeclaration):
        return node.symbol
    if isinstance(node, Assignment) and isinstance(node.target, Local):
        return node.target.symbol
    return None


def is_harmless(node: Bound) -> bool:
    """Return whether a node takes something from a secret that may be shown."""
    if isinstance(node, Call):
        return node.method.name in HARMLESS
    if isinstance(node, PropertyAccess):
        return node.property.name in HARMLESS
    return isinstance(node, Binary) and node.operator in ("==", "!=")
