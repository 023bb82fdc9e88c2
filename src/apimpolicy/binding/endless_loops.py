"""Loops that nothing leaves: the condition can't become false, and no statement inside goes elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.binding.symbols import LocalSymbol

_LEAVING = (nodes.Return, nodes.Throw, nodes.Goto, nodes.Yield, nodes.ThrowExpression)
_FUNCTIONS = (nodes.Lambda, nodes.LocalFunction)
_WRITING = (
    *(nodes.Assignment, nodes.CompoundAssignment, nodes.Deconstruction, nodes.DeconstructCall, nodes.Reference),
    *(nodes.Call, nodes.DelegateCall, *_FUNCTIONS),
)
"""Nodes that may change the variables inside them."""
_UNCHANGING = (nodes.Literal, nodes.Local, nodes.Binary, nodes.Logical, nodes.Unary, nodes.Convert)
"""Parts of conditions that change only with their variables."""


def endless_loops(body: Bound) -> Iterator[nodes.Loop]:
    """Yield the loops in a bound block that only an exception ends."""
    held = {symbol for node in body.walk() if isinstance(node, _FUNCTIONS) for symbol in _written(node)}
    for node in body.walk():
        if isinstance(node, nodes.Loop) and not _may_end(node, held):
            yield node


def _may_end(loop: nodes.Loop, held: set[LocalSymbol]) -> bool:
    """Return whether a condition or a statement may end a loop; `held` are the variables that functions change."""
    inside = [loop.body, *loop.incrementors]
    if any(isinstance(node, _LEAVING) for part in inside for node in _below(part, _FUNCTIONS)):
        return True
    others = (*_FUNCTIONS, nodes.Loop, nodes.Foreach, nodes.Switch)
    if not isinstance(loop.body, others) and any(isinstance(node, nodes.Break) for node in _below(loop.body, others)):
        return True
    condition = loop.condition
    if condition is None or condition.is_constant:
        return condition is not None and condition.constant is not True
    parts = list(condition.walk())
    if not all(isinstance(part, _UNCHANGING) for part in parts):
        return True
    read = {part.symbol for part in parts if isinstance(part, nodes.Local)}
    return not read.isdisjoint(held) or not read.isdisjoint(_written(loop))


def _written(around: Bound) -> Iterator[LocalSymbol]:
    """Yield the variables that may change in a loop or function."""
    for node in around.walk():
        if isinstance(node, _WRITING):
            yield from (each.symbol for each in node.walk() if isinstance(each, nodes.Local))


def _below(node: Bound, but_not: tuple[type[Bound], ...]) -> Iterator[Bound]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in node.children() if not isinstance(child, but_not))
