"""Emission of blocks, declarations, jumps and `switch`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.flow import labels_of
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES
from apimpolicy.csharp.dotnet.types import NamedType
from apimpolicy.csharp.dotnet.values import CHAR, STRING
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import assign, call, compare, constant, load
from apimpolicy.csharp.emit.conversions import matches
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.emit.variables import cells_of_block, facts
from apimpolicy.errors import InternalError

if TYPE_CHECKING:
    Arrival = Callable[[], list[ast.stmt]]
    """Makes the statements of a jump inside its target loop."""


def statement_empty(emitter: Emitter, node: nodes.Empty) -> list[ast.stmt]:
    return []


def statement_expression_statement(emitter: Emitter, node: nodes.ExpressionStatement) -> list[ast.stmt]:
    expression = node.expression
    if not emitter.recording:
        if isinstance(expression, nodes.Assignment) and expression.target is not expression.value:
            name = emitter.plain_variable(expression.target)
            if name is not None:
                return _assigned(emitter, name, emitter.emit(expression.value))
        elif isinstance(expression, nodes.CompoundAssignment):
            name = emitter.plain_variable(expression.target)
            if name is not None:
                emitter.with_placeholder(expression.placeholder, name)
                return _assigned(emitter, name, emitter.emit(expression.result))
    return [ast.Expr(emitter.emit(expression))]


def statement_local_declaration(emitter: Emitter, node: nodes.LocalDeclaration) -> list[ast.stmt]:
    symbol = node.symbol
    if symbol.kind == "constant":
        return []
    if node.value is None:
        unset: ast.expr = constant(None)
        is_tuple = isinstance(symbol.type, NamedType) and symbol.type.definition.is_tuple
        if is_tuple:  # its elements may be set one by one
            unset = emitter.run(runtime.unset_tuple, emitter.type_constant(symbol.type))
        if symbol not in emitter.celled:
            return [assign(emitter.symbol_name(symbol), unset)]
        return [ast.Expr(emitter.assign(symbol, unset))] if is_tuple else []
    value = emitter.emit(node.value)
    _set_once(emitter, symbol, node.value)
    if symbol in emitter.celled and not symbol.is_reference:
        return [ast.Expr(emitter.run(runtime.set_cell, load(emitter.symbol_name(symbol)), value))]
    return [assign(emitter.symbol_name(symbol), value)]


def _set_once(emitter: Emitter, symbol: LocalSymbol, value: nodes.Expression) -> None:
    """A declaration: a variable that nothing else sets is never null when its value is not."""
    if symbol in emitter.reassigned or symbol.is_referenced:
        return
    emitter.initial[symbol] = value
    if emitter.known_not_null(value):
        emitter.never_null.add(symbol)


def _assigned(emitter: Emitter, name: str, value: ast.expr) -> list[ast.stmt]:
    """`name = value`; what may have to wrap around is looked at in the variable itself."""
    if emitter.wrapped is None or emitter.wrapped[0] is not value:
        return [assign(name, value)]
    _, plain, type_ = emitter.wrapped
    from apimpolicy.csharp.emit.arithmetic import range_test

    test, outside = range_test(emitter, load(name), name, type_, is_checked=False)
    wraps = ast.If(ast.UnaryOp(ast.Not(), test), [assign(name, outside)], [])
    return [assign(name, plain), wraps]


def statement_if(emitter: Emitter, node: nodes.If) -> list[ast.stmt]:
    test = emitter.emit(node.condition)
    otherwise = emitter.body(node.otherwise) if node.otherwise is not None else []
    return [ast.If(test, emitter.body(node.then), otherwise)]


def statement_return(emitter: Emitter, node: nodes.Return) -> list[ast.stmt]:
    value = emitter.emit(node.value) if node.value is not None else None
    if emitter.here.outputs:
        from apimpolicy.csharp.emit.functions import return_outputs

        return [return_outputs(emitter, value)]
    return [ast.Return(value)]


# Emit jumps, with the open loops as their targets (C# specification, section 13.10). Python has `break` and `continue`
# for the innermost loop only. So every emitted loop is a `JumpTarget`, and a jump that goes further leaves the loops on
# its path one after another: it sets a flag and breaks, and each loop on the path is followed by `if flag:` with the
# rest of the jump. `finally` runs on the path as in C#.


class JumpTarget:
    """A Python loop that is being emitted: a C# loop, a switch, or a block with labels."""

    __slots__ = ("before_continue", "is_loop", "labels", "passing", "sections")

    def __init__(self, *, is_loop: bool = False, before_continue: Arrival = list) -> None:
        self.is_loop = is_loop
        self.before_continue = before_continue
        self.labels: dict[str, Arrival] = {}
        self.sections: dict[Hashable, Arrival] | None = None
        """Of a switch: what `goto case` does, by the constant's type and value; None is `goto default`."""
        self.passing: dict[Hashable, tuple[str, JumpTarget, Hashable, Arrival]] = {}
        """Jumps that pass through: flag, where they go, what they are, and what they do there."""

    @property
    def takes_break(self) -> bool:
        return self.is_loop or self.sections is not None


def leave(emitter: Emitter, target: JumpTarget, jump: Hashable, arrive: Arrival) -> list[ast.stmt]:
    """Go to a target from the loop that is being emitted."""
    innermost = emitter.here.targets[-1]
    if innermost is target:
        return arrive()
    flag = innermost.passing.setdefault((id(target), jump), (emitter.fresh("leaves"), target, jump, arrive))[0]
    return [assign(flag, constant(True)), ast.Break()]


def around(emitter: Emitter, target: JumpTarget, loop: Sequence[ast.stmt]) -> list[ast.stmt]:
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


# Emission of blocks: lists of statements, with labels or without (C# specification, section 13.3).
# A block with labels that a `goto` names is a loop of one round over its pieces, and `goto` begins another round:
#
# where = 0                      # the piece to begin with
# while True:
# step()
# if where <= 0: …           # up to the first label
# if where <= 1: …           # from the first label to the second
# …
# break


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
    target = JumpTarget()
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
    return [
        made
        for statement in statements
        if isinstance(statement, nodes.LocalFunction)
        for made in emitter.statement(statement)
    ]


def in_order(emitter: Emitter, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
    return [
        made
        for statement in statements
        if not isinstance(statement, nodes.LocalFunction)
        for made in emitter.statement(statement)
    ]


def from_entry(emitter: Emitter, where: str, pieces: Sequence[Sequence[nodes.Statement]]) -> list[ast.stmt]:
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


# Emission of `switch`

_TABLE_TYPES = frozenset({STRING, CHAR, *INTEGRAL_RANGES})
"""Types whose constants Python finds in a dictionary exactly when C# finds them equal."""


def statement_switch(emitter: Emitter, node: nodes.Switch) -> list[ast.stmt]:
    """Find the section, then run it in a loop of one round, so that `break` and `goto case` are Python's own."""
    value, chosen, where = emitter.fresh("value"), emitter.fresh("section"), emitter.fresh("where")
    emitted = cells_of_block(emitter, node.locals)
    for section in node.sections:  # functions are known in all of the switch
        emitted.extend(functions_of(emitter, section.statements))
    emitted.append(assign(value, emitter.emit(node.value)))
    emitted.extend(_choose(emitter, node, value, chosen))
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
        emitted.append(assign(where, constant(0)))
    return [*emitted, *around(emitter, target, [ast.While(constant(True), [*sections, ast.Break()], [])])]


def _target(
    node: nodes.Switch, named: set[str], chosen: str, where: str
) -> tuple[JumpTarget, list[list[list[nodes.Statement]]]]:
    """Return the target for `goto`, `goto case` and `goto default`, and the sections, each cut at its labels."""
    target = JumpTarget()
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
        looked_up = call(emitter.bring(table.get, "section_of"), load(value), constant(default))
        return [assign(chosen, looked_up)]
    choices: list[ast.expr] = []
    for index, pattern, guard in labels:
        tests = [
            matches(emitter, value, node.value.type, pattern),
            *([emitter.emit(guard)] if guard is not None else []),
        ]
        choices.append(ast.BoolOp(ast.And(), [*tests, constant(index + 1)]))
    choice: ast.expr = ast.BoolOp(ast.Or(), [*choices, constant(default + 1)]) if choices else constant(default + 1)
    return [assign(chosen, ast.BinOp(choice, ast.Sub(), constant(1)))]
