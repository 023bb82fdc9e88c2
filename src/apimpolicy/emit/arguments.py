"""Receivers and arguments in the order in which C# evaluates them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.emit.building import last_of, load, walrus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apimpolicy.binding.nodes import Expression
    from apimpolicy.emit.core import Emitter


def in_written_order(emitter: Emitter, arguments: Sequence[Expression]) -> list[ast.expr]:
    """Arguments, evaluated in the order in which they are written when names change it."""
    places = [argument.syntax.start for argument in arguments if not argument.is_constant]
    if places == sorted(places):
        return [emitter.emit(argument) for argument in arguments]
    order = sorted(range(len(arguments)), key=lambda index: arguments[index].syntax.start)
    names = [emitter.fresh() for _ in arguments]
    first, *others = [walrus(names[index], emitter.emit(arguments[index])) for index in order]
    made: list[ast.expr] = [load(name) for name in names]
    # The first argument that Python evaluates evaluates all of them.
    made[0] = last_of(first, *others, made[0])
    return made


def receiver_first(
    emitter: Emitter, receiver: Expression, arguments: Sequence[Expression], steps: list[ast.expr]
) -> tuple[str, list[ast.expr]]:
    """Steps that evaluate a receiver and then the arguments; the receiver's variable, and what reads the arguments."""
    name = emitter.fresh()
    steps.append(walrus(name, emitter.emit(receiver)))
    read: list[ast.expr] = []
    for argument in in_written_order(emitter, arguments):
        if isinstance(argument, ast.Constant):
            read.append(argument)
            continue
        own = emitter.fresh()
        steps.append(walrus(own, argument))
        read.append(load(own))
    return name, read


_SEEN = (
    nodes.Assignment,
    nodes.ArrayAccess,
    nodes.Call,
    nodes.CompoundAssignment,
    nodes.Binary,
    nodes.Deconstruction,
    nodes.DelegateCall,
    nodes.IndexerAccess,
    nodes.ObjectCreation,
    nodes.ThrowExpression,
)
"""Nodes that change something, or throw another exception than a null receiver would."""
_HARMLESS = frozenset({"boxing", "identity", "null", "numeric", "reference"})
"""Conversions that never fail when they are not written."""


def can_be_seen(arguments: Iterable[nodes.Expression]) -> bool:
    """Return whether evaluating arguments before the receiver's null check is observable."""
    waiting: list[nodes.Bound] = list(arguments)
    while waiting:
        part = waiting.pop()
        if isinstance(part, nodes.Lambda) or (isinstance(part, nodes.Expression) and part.is_constant):
            continue
        if isinstance(part, nodes.Convert):
            if part.conversion.kind not in _HARMLESS or part.is_explicit:
                return True
        elif isinstance(part, _SEEN):
            return True
        waiting.extend(part.children())
    return False
