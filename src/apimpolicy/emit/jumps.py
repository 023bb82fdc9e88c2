"""Emission of jumps: `break`, `continue` and `goto`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.emit.targets import leave, section_key
from apimpolicy.errors import InternalError

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.emit.core import Emitter


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
