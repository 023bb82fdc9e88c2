"""The conditions of an expression: parts to cover with both outcomes.

A condition decides something and contains no smaller conditions: each operand of `&&` and `||`; the test of `?:`, `if`,
loops, guards and filters; the result of a lambda or a block if it is a `bool`, and the whole expression if it is one.
A condition is covered once it was true and once it was false, and the left operand of `??` and of `?.` once it was null
and once it was not. Constants are not conditions.

The outcome of a whole `a && (b || c)` is that of the operand evaluated last. So the whole is covered when all operands
are, and does not count again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apimpolicy.binding import nodes

TRUTH = ("true", "false")
NULLNESS = ("null", "not null")


class Condition(NamedTuple):
    """A node whose value counts; `outcomes` is TRUTH or NULLNESS."""

    node: nodes.Expression
    outcomes: tuple[str, str]


def conditions_of(root: nodes.Bound) -> list[Condition]:
    """Return the conditions of an expression or a block, in the order of the text."""
    found: dict[tuple[str, int, int], Condition] = {}
    if isinstance(root, nodes.Expression) and _is_bool(root):
        _decide(root, found)
    waiting: list[nodes.Bound] = [root]
    while waiting:
        node = waiting.pop()
        for decision in _decisions(node):
            _decide(decision, found)
        if isinstance(node, nodes.Coalesce):
            _keep(found, unconverted(node.left), NULLNESS)
        elif isinstance(node, nodes.ConditionalAccess):
            _keep(found, unconverted(node.receiver), NULLNESS)
        waiting.extend(node.children())
    return sorted(found.values(), key=lambda condition: (condition.node.syntax.start, -condition.node.syntax.end))


def key_of(node: nodes.Bound) -> tuple[str, int, int]:
    """Return a key of a node that survives binding the text again."""
    return type(node).__name__, node.syntax.start, node.syntax.end


def unconverted(node: nodes.Expression) -> nodes.Expression:
    """Return the expression without implied conversions that keep whether it is null, or its truth."""
    while isinstance(node, nodes.Convert) and not node.is_explicit and (_is_bool(node) <= _is_bool(node.operand)):
        node = node.operand
    return node


def _decisions(node: nodes.Bound) -> Iterator[nodes.Expression]:
    asked: nodes.Bound | None = None
    if isinstance(node, (nodes.If, nodes.Loop, nodes.Conditional)):
        asked = node.condition
    elif isinstance(node, nodes.Logical):
        asked = node
    elif isinstance(node, nodes.Return):
        asked = node.value
    elif isinstance(node, nodes.Lambda):
        asked = node.body
    elif isinstance(node, nodes.SwitchLabel):
        asked = node.guard
    elif isinstance(node, nodes.Catch):
        asked = node.filter
    if isinstance(asked, nodes.Expression) and _is_bool(asked):
        yield asked


def _decide(decision: nodes.Expression, found: dict[tuple[str, int, int], Condition]) -> None:
    waiting = [decision]
    while waiting:
        node = unconverted(waiting.pop())
        inner = unconverted(node.operand) if isinstance(node, nodes.Unary) and node.operator == "!" else node
        if isinstance(inner, nodes.Logical):
            waiting += (inner.left, inner.right)
        elif isinstance(inner, nodes.Conditional):
            waiting += (inner.when_true, inner.when_false)
        else:
            _keep(found, node, TRUTH)


def _keep(found: dict[tuple[str, int, int], Condition], node: nodes.Expression, outcomes: tuple[str, str]) -> None:
    if not node.is_constant and not isinstance(node, nodes.Placeholder):
        found.setdefault(key_of(node), Condition(node, outcomes))


def _is_bool(node: nodes.Expression) -> bool:
    return str(node.type) == "bool"
