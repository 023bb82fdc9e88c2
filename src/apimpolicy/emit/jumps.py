"""Emit jumps, with the open loops as their targets (C# specification, section 13.10).

Python has `break` and `continue` for the innermost loop only. So every emitted loop is a `Target`, and a jump that goes
further leaves the loops on its path one after another: it sets a flag and breaks, and each loop on the path is followed
by `if flag:` with the rest of the jump. `finally` runs on the path as in C#.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.emit.building import assign, constant, load
from apimpolicy.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from apimpolicy.binding import nodes
    from apimpolicy.emit.core import Emitter

    Arrival = Callable[[], list[ast.stmt]]
    """Makes the statements of a jump inside its target loop."""


class Target:
    """A Python loop that is being emitted: a C# loop, a switch, or a block with labels."""

    __slots__ = ("before_continue", "is_loop", "labels", "passing", "sections")

    def __init__(self, *, is_loop: bool = False, before_continue: Arrival = list) -> None:
        self.is_loop = is_loop
        self.before_continue = before_continue
        self.labels: dict[str, Arrival] = {}
        self.sections: dict[Hashable, Arrival] | None = None
        """Of a switch: what `goto case` does, by the constant's type and value; None is `goto default`."""
        self.passing: dict[Hashable, tuple[str, Target, Hashable, Arrival]] = {}
        """Jumps that pass through: flag, where they go, what they are, and what they do there."""

    @property
    def takes_break(self) -> bool:
        return self.is_loop or self.sections is not None


def leave(emitter: Emitter, target: Target, jump: Hashable, arrive: Arrival) -> list[ast.stmt]:
    """Go to a target from the loop that is being emitted."""
    innermost = emitter.here.targets[-1]
    if innermost is target:
        return arrive()
    flag = innermost.passing.setdefault((id(target), jump), (emitter.fresh("leaves"), target, jump, arrive))[0]
    return [assign(flag, constant(True)), ast.Break()]


def around(emitter: Emitter, target: Target, loop: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return a finished loop with the flags before it and, after it, the rest of the jumps that leave it."""
    before: list[ast.stmt] = []
    after: list[ast.stmt] = []
    for flag, destination, jump, arrive in target.passing.values():
        before.append(assign(flag, constant(False)))
        after.append(ast.If(load(flag), leave(emitter, destination, jump, arrive), []))
    return [*before, *loop, *after]


def section_key(value: nodes.Expression | None) -> Hashable:
    """Return a constant as the key of a switch section: 1 and true, 1 and 1.0 are different; None is the default."""
    return (type(value.constant).__name__, value.constant) if value is not None else None


def statement_break(emitter: Emitter, node: nodes.Break) -> list[ast.stmt]:
    target = next(target for target in reversed(emitter.here.targets) if target.takes_break)
    return leave(emitter, target, "break", lambda: [ast.Break()])


def statement_continue(emitter: Emitter, node: nodes.Continue) -> list[ast.stmt]:
    target = next(target for target in reversed(emitter.here.targets) if target.is_loop)
    return leave(emitter, target, "continue", lambda: [*target.before_continue(), ast.Continue()])


def statement_goto(emitter: Emitter, node: nodes.Goto) -> list[ast.stmt]:
    for target in reversed(emitter.here.targets):
        if node.label is not None and node.label in target.labels:
            return leave(emitter, target, ("label", node.label), target.labels[node.label])
        if node.label is None and target.sections is not None:
            key = section_key(node.value)
            return leave(emitter, target, ("section", key), target.sections[key])
    raise InternalError(f"a goto without a target: {node.label}")
