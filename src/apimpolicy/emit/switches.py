"""Emission of `switch`."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.type_relations import INTEGRAL_RANGES
from apimpolicy.dotnet.values import CHAR, STRING
from apimpolicy.emit.blocks import from_entry, functions_of, in_order, jump_labels, pieces_of
from apimpolicy.emit.building import assign, call, compare, constant, load
from apimpolicy.emit.cells import cells_of_block
from apimpolicy.emit.jumps import Target, around, section_key
from apimpolicy.emit.type_tests import matches
from apimpolicy.emit.variables import facts

if TYPE_CHECKING:
    from apimpolicy.emit.core import Emitter


_TABLE_TYPES = frozenset({STRING, CHAR, *INTEGRAL_RANGES})
"""Types whose constants Python finds in a dictionary exactly when C# finds them equal."""


def statement_switch(emitter: Emitter, node: nodes.Switch) -> list[ast.stmt]:
    """Find the section, then run it in a loop of one round, so that `break` and `goto case` are Python's own."""
    value, chosen, where = emitter.fresh("value"), emitter.fresh("section"), emitter.fresh("where")
    made = cells_of_block(emitter, node.locals)
    for section in node.sections:  # functions are known in all of the switch
        made.extend(functions_of(emitter, section.statements))
    made.append(assign(value, emitter.emit(node.value)))
    made.extend(_choose(emitter, node, value, chosen))
    named = jump_labels([statement for section in node.sections for statement in section.statements])
    target, cut = _target(node, named, chosen, where)
    comes_again = nodes.Goto in facts(node).kinds_here
    emitter.here.targets.append(target)
    emitter.here.rounds += comes_again
    sections: list[ast.stmt] = [ast.Expr(emitter.step())] if comes_again else []
    for index, pieces in enumerate(cut):
        body = from_entry(emitter, where, pieces) if len(pieces) > 1 else in_order(emitter, pieces[0])
        test = compare(load(chosen), ast.Eq(), constant(index))
        sections.append(ast.If(test, body or [ast.Pass()], []))  # C# has no section whose end can be reached
    emitter.here.rounds -= comes_again
    emitter.here.targets.pop()
    if named:
        made.append(assign(where, constant(0)))
    return [*made, *around(emitter, target, [ast.While(constant(True), [*sections, ast.Break()], [])])]


def _target(
    node: nodes.Switch, named: set[str], chosen: str, where: str
) -> tuple[Target, list[list[list[nodes.Statement]]]]:
    """Return the target for `goto`, `goto case` and `goto default`, and the sections, each cut at its labels."""
    target = Target()
    target.sections = {}

    def go_to(section: int, piece: int) -> list[ast.stmt]:
        enter = [assign(where, constant(piece))] if named else []
        return [assign(chosen, constant(section)), *enter, ast.Continue()]

    cut: list[list[list[nodes.Statement]]] = []
    for index, section in enumerate(node.sections):
        pieces, entries = pieces_of(section.statements, named)
        cut.append(pieces)
        for name, piece in entries.items():
            target.labels[name] = partial(go_to, index, piece)
        for label in section.labels:
            if label.guard is None and (label.pattern is None or label.pattern.value is not None):
                key = section_key(label.pattern.value if label.pattern is not None else None)
                target.sections[key] = partial(go_to, index, 0)
    return target, cut


def _choose(emitter: Emitter, node: nodes.Switch, value: str, chosen: str) -> list[ast.stmt]:
    """`section = (test and 1 or test and 2 or … or default) - 1`, or a table when all labels are constants."""
    default = next((i for i, s in enumerate(node.sections) if any(label.pattern is None for label in s.labels)), -1)
    labels = [
        (index, label.pattern, label.guard)
        for index, section in enumerate(node.sections)
        for label in section.labels
        if label.pattern is not None
    ]
    if node.value.type in _TABLE_TYPES and all(p.value is not None and guard is None for _, p, guard in labels):
        table = {p.value.constant: index for index, p, _ in reversed(labels) if p.value is not None}
        found = call(emitter.bring(table.get, "section_of"), load(value), constant(default))
        return [assign(chosen, found)]
    choices: list[ast.expr] = []
    for index, pattern, guard in labels:
        tests = [
            matches(emitter, value, node.value.type, pattern),
            *([emitter.emit(guard)] if guard is not None else []),
        ]
        choices.append(ast.BoolOp(ast.And(), [*tests, constant(index + 1)]))
    choice: ast.expr = ast.BoolOp(ast.Or(), [*choices, constant(default + 1)]) if choices else constant(default + 1)
    return [assign(chosen, ast.BinOp(choice, ast.Sub(), constant(1)))]
