"""Memory of the stack: where `stackalloc` may stand, and that what it gives does not leave its function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import ArrayCreation, Conditional, Convert, Expression, Local
from apimpolicy.syntax import shapes
from apimpolicy.syntax.nodes import Child, Node

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder

STACK_KINDS = frozenset({"stackalloc", "stackalloc_with_initializer", "implicit_stackalloc"})


_AROUND = frozenset({"conditional", "cast", *STACK_KINDS})


def allow_stack_memory(binder: Binder, value: Child) -> None:
    """Say that this is the value of a variable, where `stackalloc` may stand."""
    if not isinstance(value, Node) or value.kind not in _AROUND:
        return
    waiting: list[Child] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node):
            while isinstance(node, shapes.Cast):
                node = node.operand
            if node.kind in STACK_KINDS:
                binder.stack_places |= {id(node)}
            elif isinstance(node, shapes.Conditional):
                waiting.extend(node.children)


def lives_on(binder: Binder, value: Expression, target: Expression | None) -> bool:
    """Whether a span may be returned, or given to a variable that may be; reports CS8352 or CS8353 if not."""
    if isinstance(target, Local) and target.symbol.is_on_stack:
        return True
    found = _on_stack(value)
    if isinstance(found, Local):
        binder.report(
            found.syntax, "CS8352", f"'{found.symbol.name}' refers to stack memory and can't leave this function"
        )
    elif found is not None:
        binder.report(found.syntax, "CS8353", "stack memory can't leave this function")
    return found is None


def is_on_stack(value: Expression | None) -> bool:
    """Whether a variable with this first value holds memory of the stack."""
    return value is not None and _on_stack(value) is not None


def _on_stack(value: Expression) -> Expression | None:
    """The part of a value that is memory of the stack: a `stackalloc`, or a variable that has one."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Local) and found.symbol.is_on_stack:
            return found
        if isinstance(found, ArrayCreation) and isinstance(found.syntax, Node) and found.syntax.kind in STACK_KINDS:
            return found
        if isinstance(found, Convert):
            waiting.append(found.operand)
        elif isinstance(found, Conditional):
            waiting += [found.when_true, found.when_false]
    return None
