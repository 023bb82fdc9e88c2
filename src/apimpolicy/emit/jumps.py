"""Emission of jumps and labels (C# specification, section 13.10).

Python has `break` and `continue` for the innermost loop alone. So every loop that is emitted is a `Target`, and a jump
that goes further leaves the loops on its way one after another: it sets a flag and breaks, and after each loop on the
way stands `if flag:` with the rest of the jump. `finally` runs on the way as in C#.

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
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.flow import labels_of
from apimpolicy.emit.core import constant, load, store
from apimpolicy.emit.functions import FunctionEmitter
from apimpolicy.emit.variables import walk
from apimpolicy.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    Arrival = Callable[[], list[ast.stmt]]
    """What a jump does once it is in the loop that it goes to."""


class Target:
    """A Python loop that is being emitted: a C# loop, a switch, or a block with labels."""

    __slots__ = ("arrivals", "before_continue", "is_loop", "labels", "passing", "sections")

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


class JumpEmitter(FunctionEmitter):
    """`break`, `continue`, `goto`, and lists of statements with labels."""

    # ------------------------------------------------------------------------------------------------ leaving

    def _leave(self, target: Target, jump: Hashable, arrive: Arrival) -> list[ast.stmt]:
        """Go to a target from the loop that is being emitted."""
        innermost = self._targets[-1]
        if innermost is target:
            return arrive()
        flag = innermost.passing.setdefault((id(target), jump), (self.fresh("leaves"), target, jump, arrive))[0]
        return [ast.Assign([store(flag)], constant(True)), ast.Break()]

    def _around(self, target: Target, loop: Sequence[ast.stmt]) -> list[ast.stmt]:
        """A finished loop with the flags before it and, after it, the rest of the jumps that leave it."""
        before: list[ast.stmt] = []
        after: list[ast.stmt] = []
        for flag, destination, jump, arrive in target.passing.values():
            before.append(ast.Assign([store(flag)], constant(False)))
            after.append(ast.If(load(flag), self._leave(destination, jump, arrive), []))
        return [*before, *loop, *after]

    def on_Break(self, node: nodes.Break) -> list[ast.stmt]:  # noqa: N802
        target = next(target for target in reversed(self._targets) if target.takes_break)
        return self._leave(target, "break", lambda: [ast.Break()])

    def on_Continue(self, node: nodes.Continue) -> list[ast.stmt]:  # noqa: N802
        target = next(target for target in reversed(self._targets) if target.is_loop)
        return self._leave(target, "continue", lambda: [*target.before_continue(), ast.Continue()])

    def on_Goto(self, node: nodes.Goto) -> list[ast.stmt]:  # noqa: N802
        for target in reversed(self._targets):
            if node.label is not None and node.label in target.labels:
                return self._leave(target, ("label", node.label), target.labels[node.label])
            if node.label is None and target.sections is not None:
                key = section_key(node.value)
                return self._leave(target, ("section", key), target.sections[key])
        raise InternalError(f"a goto without a target: {node.label}")

    # ------------------------------------------------------------------------------------------------- labels

    def on_Labeled(self, node: nodes.Labeled) -> list[ast.stmt]:  # noqa: N802
        return self.statement(node.statement)

    def statement_list(self, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
        """The statements of a block; local functions come first, since they are known in all of it."""
        made = self.functions_of(statements)
        pieces, entries = self._pieces(statements, labels_gone_to(statements))
        if not entries:
            return [*made, *self._in_order(statements)]
        where = self.fresh("where")
        target = Target()
        for label, piece in entries.items():
            target.labels[label] = lambda piece=piece: [  # type: ignore[misc]
                ast.Assign([store(where)], constant(piece)),
                ast.Continue(),
            ]
        self._targets.append(target)
        self._rounds += 1
        round_: list[ast.stmt] = [ast.Expr(self.step()), *self._from_entry(where, pieces), ast.Break()]
        self._rounds -= 1
        self._targets.pop()
        loop = [ast.Assign([store(where)], constant(0)), ast.While(constant(True), round_, [])]
        return [*made, *self._around(target, loop)]

    def functions_of(self, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
        """The local functions among the statements of a list."""
        return [
            made
            for statement in statements
            if isinstance(statement, nodes.LocalFunction)
            for made in self.statement(statement)
        ]

    def _in_order(self, statements: Sequence[nodes.Statement]) -> list[ast.stmt]:
        return [
            made
            for statement in statements
            if not isinstance(statement, nodes.LocalFunction)
            for made in self.statement(statement)
        ]

    def _from_entry(self, where: str, pieces: Sequence[Sequence[nodes.Statement]]) -> list[ast.stmt]:
        """The pieces of a list, from the one that the variable names."""
        made: list[ast.stmt] = []
        for index, piece in enumerate(pieces):
            body = self._in_order(piece)
            if body:
                test = ast.Compare(load(where), [ast.LtE()], [constant(index)])
                made.append(ast.If(test, body, []))
        return made

    @staticmethod
    def _pieces(
        statements: Sequence[nodes.Statement], named: set[str]
    ) -> tuple[list[list[nodes.Statement]], dict[str, int]]:
        """A list cut before each of these labels, and the piece that each label begins."""
        pieces: list[list[nodes.Statement]] = [[]]
        entries: dict[str, int] = {}
        for statement in statements:
            own = named & set(labels_of([statement]))
            if own:
                pieces.append([])
                entries.update(dict.fromkeys(own, len(pieces) - 1))
            pieces[-1].append(statement)
        return pieces, entries


def labels_gone_to(statements: Sequence[nodes.Statement]) -> set[str]:
    """The labels of a list that a `goto` in it, or below, names."""
    here = labels_of(statements)
    if not here:
        return set()
    jumps = (node for top in statements for node in walk(top, inside=False) if isinstance(node, nodes.Goto))
    return {jump.label for jump in jumps if jump.label in here}


def section_key(value: nodes.Expression | None) -> Hashable:
    """A constant as the key of a switch section: 1 and true, 1 and 1.0 are different; None is the default."""
    return (type(value.constant).__name__, value.constant) if value is not None else None
