"""Emission of blocks: lists of statements, with labels or without (C# specification, section 13.3).

A block with labels that a `goto` names is a loop of one round over its pieces, and `goto` begins another round:

    where = 0                      # the piece to begin with
    while True:
        step()
        if where <= 0: …           # up to the first label
        if where <= 1: …           # from the first label to the second
        …
        break
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.flow import labels_of
from apimpolicy.emit.building import assign, compare, constant, load
from apimpolicy.emit.cells import cells_of_block
from apimpolicy.emit.jumps import Target, around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.emit.core import Emitter


def statement_block(emitter: Emitter, node: nodes.Block) -> list[ast.stmt]:
    return [*cells_of_block(emitter, node.locals), *statement_list(emitter, node.statements)]


def statement_statements(emitter: Emitter, node: nodes.Statements) -> list[ast.stmt]:
    return [made for statement in node.statements for made in emitter.statement(statement)]


def statement_labeled(emitter: Emitter, node: nodes.Labeled) -> list[ast.stmt]:
    return emitter.statement(node.statement)


def statement_list(emitter: Emitter, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
    """Return the statements of a block; local functions come first, since they are known in all of it."""
    made = functions_of(emitter, statements)
    pieces, entries = pieces_of(statements, jump_labels(statements))
    if not entries:
        return [*made, *in_order(emitter, statements)]
    where = emitter.fresh("where")
    target = Target()
    for label, piece in entries.items():
        target.labels[label] = partial(_begin_with, where, piece)
    emitter.here.targets.append(target)
    emitter.here.rounds += 1
    round_: list[ast.stmt] = [ast.Expr(emitter.step()), *from_entry(emitter, where, pieces), ast.Break()]
    emitter.here.rounds -= 1
    emitter.here.targets.pop()
    loop = [assign(where, constant(0)), ast.While(constant(True), round_, [])]
    return [*made, *around(emitter, target, loop)]


def _begin_with(where: str, piece: int) -> list[ast.stmt]:
    return [assign(where, constant(piece)), ast.Continue()]


def functions_of(emitter: Emitter, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
    """Return the local functions among the statements of a list."""
    return [
        made
        for statement in statements
        if isinstance(statement, nodes.LocalFunction)
        for made in emitter.statement(statement)
    ]


def in_order(emitter: Emitter, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
    """Return the other statements of a list, one after another."""
    return [
        made
        for statement in statements
        if not isinstance(statement, nodes.LocalFunction)
        for made in emitter.statement(statement)
    ]


def from_entry(emitter: Emitter, where: str, pieces: Sequence[Sequence[nodes.Statement]]) -> list[ast.stmt]:
    """Return the pieces of a list, from the one that the variable names."""
    made: list[ast.stmt] = []
    for index, piece in enumerate(pieces):
        body = in_order(emitter, piece)
        if body:
            test = compare(load(where), ast.LtE(), constant(index))
            made.append(ast.If(test, body, []))
    return made


def pieces_of(
    statements: Sequence[nodes.Statement], named: set[str]
) -> tuple[list[list[nodes.Statement]], dict[str, int]]:
    """Return a list cut before each of these labels, and the piece that each label begins."""
    pieces: list[list[nodes.Statement]] = [[]]
    entries: dict[str, int] = {}
    for statement in statements:
        own = named & set(labels_of([statement]))
        if own:
            pieces.append([])
            entries.update(dict.fromkeys(own, len(pieces) - 1))
        pieces[-1].append(statement)
    return pieces, entries


def jump_labels(statements: Sequence[nodes.Statement]) -> set[str]:
    """Return the labels of a list that a `goto` in it, or below, names."""
    here = labels_of(statements)
    if not here:
        return set()
    found: set[str] = set()
    waiting: list[nodes.Bound] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Goto) and node.label in here:
            found.add(node.label)
        elif not isinstance(node, (nodes.Lambda, nodes.LocalFunction)):
            waiting.extend(node.children())
    return found
