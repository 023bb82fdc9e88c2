"""Keep the value of every sub-expression while an expression runs; for explanations and coverage.

- Code that runs at most once calls `once(node, value)`, which is a dictionary's `setdefault`.
- Code in a lambda or a local function, which may run any number of times, calls `record(node, value)`.
- A loop in the expression's own body only assigns `value_1 := value`. When a round begins, the recorder gets the values
  of the previous one, for as many rounds as the recorder keeps; after that only the counter of conditions gets them
  (`of_loop`). When the loop is left, by any path, the recorder gets the last value of each node.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.emit.building import assign, attribute, call, compare, constant, load, store, tuple_of, walrus
from apimpolicy.csharp.emit.core import ONCE, RECORD, RECORDER, Emitter

ROUNDS = 100
"""The number of rounds kept per loop."""

UNREACHED: Final = object()
"""Stands for the value of a sub-expression that a round of a loop did not reach."""


class Overflow(Protocol):
    """Receives the values that a recorder does not keep."""

    def take(self, node: Bound, value: Any) -> None:
        """One value."""

    def of_loop(self, nodes: tuple[Bound, ...]) -> Callable[[Sequence[Any]], None] | None:
        """Return the receiver of these nodes' values after each round; None when none of them matters.

        A node that a round did not reach has the value of an earlier one, or is UNREACHED.
        """


class Recorder:
    """Collects (bound node, value) in order of evaluation. A node in a loop or lambda occurs once per round or call.

    What a round of a loop gave comes when the round is over, or an inner loop begins; what lambdas gave in it has come
    before. Of each loop the first `most` rounds are kept, and of the others, when the loop is left, the last value of
    each sub-expression; `rounds_left_out` counts the rounds whose values were not kept one by one. At most `limit`
    entries are kept of what runs more than once; `is_full` says whether more came. `overflow` is told of every value
    that is not kept.
    """

    __slots__ = ("_kept", "_overflow", "_room", "is_full", "limit", "once", "rounds_left_out")

    most = ROUNDS

    def __init__(self, limit: int = 10_000, overflow: Overflow | None = None) -> None:
        self._kept: dict[Any, Any] = {}
        """Values by node, of what runs once. Under a number what may run again: a node and its value, or the nodes and
        the values of a round."""
        self._overflow = overflow
        self._room = limit
        """The number of entries that certainly fit: a round takes room for unreached values, too."""
        self.once: Callable[[Any, Any], Any] = self._kept.setdefault
        self.limit = limit
        self.is_full = False
        self.rounds_left_out = 0

    @property
    def entries(self) -> list[tuple[Bound, Any]]:
        found: list[tuple[Bound, Any]] = []
        for node, value in self.kept:
            if type(node) is tuple:
                found.extend(entry for entry in zip(node, value, strict=True) if entry[1] is not UNREACHED)
            else:
                found.append((node, value))
        return found

    @property
    def kept(self) -> list[tuple[Any, Any]]:
        return [value if type(key) is int else (key, value) for key, value in self._kept.items()]

    def record(self, node: Bound, value: Any) -> Any:
        if self._has_room(1):
            self._kept[len(self._kept)] = node, value
        elif self._overflow is not None:
            self._overflow.take(node, value)
        return value

    def keep(self, nodes: tuple[Bound, ...], values: Sequence[Any]) -> None:
        if self._has_room(len(nodes)):
            self._kept[len(self._kept)] = nodes, values
            return
        for node, value in zip(nodes, values, strict=True):
            if value is not UNREACHED:
                self.record(node, value)

    def of_loop(self, nodes: tuple[Bound, ...]) -> Callable[[Sequence[Any]], None] | None:
        """Return the receiver of these nodes' values in the rounds that are not kept."""
        return None if self._overflow is None else self._overflow.of_loop(nodes)

    def resume(self, left_out: int, nodes: tuple[Bound, ...], values: Sequence[Any]) -> None:
        """Note the end of a loop: how many rounds were left out, and the last values in them."""
        self.rounds_left_out += left_out
        self._kept[len(self._kept)] = nodes, values

    def _has_room(self, wanted: int) -> bool:
        """Return whether so many more may be kept, which takes the room."""
        if self._room < wanted and not self.is_full:
            self._room = self.limit - len(self.entries)
            self.is_full = self._room <= 0
        if self._room < wanted:
            return False
        self._room -= wanted
        return True

    def value_of(self, node: Bound) -> tuple[bool, Any]:
        """Return whether the node was evaluated, and its last value."""
        for recorded, value in reversed(self.entries):
            if recorded is node:
                return True, value
        return False, None


MOST, PASSING = "most", "passing"
"""The rounds that the recorder wants; whether a loop has made more."""


def with_recorder(statements: list[ast.stmt], emitter: Emitter, *, has_loops: bool) -> list[ast.stmt]:
    """Return the body of a function with the argument `recorder`."""
    before: list[ast.stmt] = [_of_recorder(name) for name in (ONCE, RECORD)]
    if has_loops:
        loops = _Loops(emitter)
        statements = loops.all(statements)
        before += [_of_recorder(MOST), assign(PASSING, constant(False)), *loops.before]
    return [*before, *statements]


class _Loop:
    """A loop that is open: its Python variables, and what it records as nodes and the variables of their values."""

    def __init__(self, emitter: Emitter) -> None:
        self.rounds, self.paused, self.told = map(emitter.fresh, ("rounds", "paused", "told"))
        self.own: list[tuple[Bound, str]] = []
        self.of_inner: list[tuple[Bound, str]] = []
        self.handed_over = 0
        """The number of `own` entries recorded before an inner loop begins."""


class _Loops(ast.NodeTransformer):
    """Makes the loops of the expression's own function keep their values and count their rounds."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter
        self.unreached = emitter.bring(UNREACHED, "unreached")
        self.open: list[_Loop] = []
        self.before: list[ast.stmt] = []
        """The function's initial code."""

    def all(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Statements rewritten: a loop becomes several."""
        made: list[ast.stmt] = []
        for statement in statements:
            rewritten = self.visit(statement)
            made.extend(rewritten if isinstance(rewritten, list) else [rewritten])
        return made

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not self.open or not isinstance(node.func, ast.Name) or node.func.id != RECORD:
            return node
        bound, made = node.args
        assert isinstance(bound, ast.Name)
        entry = self.emitter.namespace[bound.id], self.emitter.fresh("value")
        *around, here = self.open
        here.own.append(entry)
        for loop in around:
            loop.of_inner.append(entry)
        return ast.copy_location(walrus(entry[1], made), node)

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        return self._loop(node, [])

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        node.iter = self.visit(node.iter)
        if not self.open:
            return self._loop(node, [])
        walked = self.emitter.fresh("walked")
        walks = ast.copy_location(assign(walked, node.iter), node)
        node.iter = load(walked)
        return self._loop(node, [walks])

    def _loop(self, node: ast.While | ast.For, before: list[ast.stmt]) -> list[ast.stmt]:
        if self.open:
            before += self._handed_over(self.open[-1])
        loop = _Loop(self.emitter)
        self.open.append(loop)
        if isinstance(node, ast.While):
            node.test = self.visit(node.test)
        tested = loop.handed_over = len(loop.own)
        body = self.all(node.body)
        loop.own = [*loop.own[tested:], *loop.own[:tested]]  # a round is handed over after the next one's test
        self.open.pop()
        if not loop.own and not loop.of_inner:
            node.body = body
            return [*before, node]
        self.before.append(assign(loop.rounds, constant(0)))
        self.before.append(assign(loop.told, self._to_recorder("of_loop", self._nodes(loop.own))))
        around = self.emitter.fresh("around") if self.open else None
        if around is None:
            before += self._forgotten(loop.own)
        else:
            before += [assign(around, load(PASSING)), *_unless(PASSING, self._forgotten(loop.own))]
        node.body = [*self._round_begins(loop), *body]
        tried = ast.Try([node], [], [], self._left(loop, around))
        return [*(ast.copy_location(statement, node) for statement in before), ast.copy_location(tried, node)]

    def _handed_over(self, loop: _Loop) -> list[ast.stmt]:
        """Return the statements that record values before an inner loop begins, to keep the order of evaluation."""
        entries = loop.own[loop.handed_over :]
        loop.handed_over = len(loop.own)
        return _unless(PASSING, self._kept(entries))

    def _round_begins(self, loop: _Loop) -> list[ast.stmt]:
        is_enough = compare(load(loop.rounds), ast.GtE(), load(MOST))
        pause = [assign(PASSING, constant(True)), assign(loop.paused, load(loop.rounds))]
        keep = [*self._kept(loop.own), ast.If(is_enough, pause + self._forgotten(loop.of_inner), [])]
        return [
            ast.If(load(PASSING), [self._tell(loop)], keep),
            ast.AugAssign(store(loop.rounds), ast.Add(), constant(1)),
        ]

    def _left(self, loop: _Loop, around: str | None) -> list[ast.stmt]:
        """Return the statements for a loop's exit; variable `around` is true while an outer loop is not recorded."""
        left_out = ast.BinOp(load(loop.rounds), ast.Sub(), load(loop.paused))
        entries = [*loop.own, *loop.of_inner]
        resume: list[ast.stmt] = [
            ast.Expr(self._to_recorder("resume", left_out, self._nodes(entries), _values(entries))),
            assign(PASSING, constant(False)),
        ]
        if around is not None:
            resume = _unless(around, resume)
        return [ast.If(load(PASSING), [self._tell(loop), *resume], self._kept(loop.own))]

    def _kept(self, entries: list[tuple[Bound, str]]) -> list[ast.stmt]:
        """Return statements that give these values to the recorder, and forget them."""
        if not entries:
            return []
        keep = ast.Expr(self._to_recorder("keep", self._nodes(entries), _values(entries)))
        return [keep, *self._forgotten(entries)]

    def _forgotten(self, entries: list[tuple[Bound, str]]) -> list[ast.stmt]:
        return [ast.Assign([store(name) for _, name in entries], self.unreached)] if entries else []

    def _tell(self, loop: _Loop) -> ast.stmt:
        return ast.If(load(loop.told), [ast.Expr(call(load(loop.told), _values(loop.own)))], [])

    def _to_recorder(self, method: str, *arguments: ast.expr) -> ast.Call:
        return call(attribute(load(RECORDER), method), *arguments)

    def _nodes(self, entries: list[tuple[Bound, str]]) -> ast.Name:
        return self.emitter.bring(tuple(node for node, _ in entries), "nodes")


def _values(entries: list[tuple[Bound, str]]) -> ast.Tuple:
    return tuple_of(*(load(name) for _, name in entries))


def _of_recorder(name: str) -> ast.stmt:
    return assign(name, attribute(load(RECORDER), name))


def _unless(name: str, statements: list[ast.stmt]) -> list[ast.stmt]:
    return [ast.If(ast.UnaryOp(ast.Not(), load(name)), statements, [])] if statements else []
