"""The conditions of an expression: what has to be seen both ways.

A condition is what decides something and is not made of conditions itself: each operand of `&&` and `||`; what `?:`,
`if`, loops, guards and filters ask; what a lambda or a block gives when that is a `bool`, and the whole expression when
it is one. It is seen when it was true and when it was false. What stands left of `??` and of `?.` is seen when it was
null and when it was not. Constants are no conditions.

The outcome of a whole `a && (b || c)` is that of the operand that was evaluated last. So it has gone both ways when all
operands have, and does not count again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Return what a node is known by when the same text is bound again."""
    return type(node).__name__, node.syntax.start, node.syntax.end


def unconverted(node: nodes.Expression) -> nodes.Expression:
    """Return the expression without implied conversions that keep whether it is null, or its truth."""
    while isinstance(node, nodes.Convert) and not node.is_explicit and (_is_bool(node) <= _is_bool(node.operand)):
        node = node.operand
    return node


def _decisions(node: nodes.Bound) -> Iterator[nodes.Expression]:
    """Yield what a node asks."""
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
