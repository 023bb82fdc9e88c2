"""Evaluate conditions in `on-error` for a failure: its source, its reason, the status of the response."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Bound, ConditionalAccess, Convert, Logical, PropertyAccess, Unary
from apimpolicy.checks.nodes import type_name

if TYPE_CHECKING:
    from apimpolicy.checks.failures import Failure

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def is_true_for(node: Bound, failure: Failure) -> bool | None:
    """Return the value of a condition when the request has failed like this; None when it depends on more."""
    node = _plain(node)
    if isinstance(node, Logical):
        left, right = is_true_for(node.left, failure), is_true_for(node.right, failure)
        decisive = node.operator == "||"
        if decisive in (left, right):
            return decisive
        return None if None in (left, right) else not decisive
    if isinstance(node, Unary) and node.operator == "!":
        value = is_true_for(node.operand, failure)
        return None if value is None else not value
    if isinstance(node, Binary) and node.operator in COMPARISONS:
        return _comparison(node, failure)
    constant = getattr(node, "constant", None)
    return constant if isinstance(constant, bool) else None


def _comparison(node: Binary, failure: Failure) -> bool | None:
    operator, left, right = node.operator, _plain(node.left), _plain(node.right)
    if getattr(left, "is_constant", False):
        operator, left, right = MIRRORED.get(operator, operator), right, left
    if not getattr(right, "is_constant", False) or not isinstance(left, PropertyAccess):
        return None
    constant = getattr(right, "constant", None)
    owner, member = type_name(left.receiver), left.property.name
    if (owner, member) == ("IContext", "LastError") and constant is None:
        return operator == "!="
    if (owner, member) == ("ILastError", "Source") and isinstance(constant, str):
        return (failure.source == constant) is (operator == "==")
    if (owner, member) == ("ILastError", "Reason") and isinstance(constant, str) and failure.reason:
        return (failure.reason == constant) is (operator == "==")
    if (owner, member) == ("IResponse", "StatusCode") and type(constant) is int and failure.statuses is not None:
        values = {COMPARISONS[operator](status, constant) for status in failure.statuses}
        return values.pop() if len(values) == 1 else None
    return None


def _plain(node: Bound) -> Bound:
    """Return a node without conversions, and the access in `a?.b`: nothing here is null in `on-error`."""
    while isinstance(node, (Convert, ConditionalAccess)):
        node = node.operand if isinstance(node, Convert) else node.access
    return node
