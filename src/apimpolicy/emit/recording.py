"""How emitted code hands the value of each sub-expression to its recorder, at little cost.

- what runs at most once says `once(node, value)`, which is a dictionary's `setdefault`
- what is in a lambda or a local function says `record(node, value)`: anybody may call it any number of times
- a loop in the expression's own body says `again(node, value_1 := value)`; that is `record` until the loop has made as
  many rounds as the recorder wants, and from then on a dictionary's `get`, which only gives the value back. When the
  loop is left, on whatever way, the recorder gets what each sub-expression came to last.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.emit.core import AGAIN, ONCE, RECORD, RECORDER, attribute, call, constant, load, store, tuple_of, walrus

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.emit.core import EmitterCore

MOST = "most"
"""The rounds that the recorder wants."""


def with_recorder(statements: list[ast.stmt], emitter: EmitterCore, *, has_loops: bool) -> list[ast.stmt]:
    """The body of a function with the argument `recorder`."""
    before: list[ast.stmt] = [ast.Assign([store(name)], attribute(load(RECORDER), name)) for name in (ONCE, RECORD)]
    if has_loops:
        loops = _Loops(emitter)
        statements = loops.all(statements)
        before.append(ast.Assign([store(AGAIN)], load(RECORD)))
        before.append(ast.Assign([store(MOST)], attribute(load(RECORDER), MOST)))
        before.extend(ast.Assign([store(rounds)], constant(0)) for rounds in loops.counters)
    return [*before, *statements]


class _Loops(ast.NodeTransformer):
    """Makes the loops of the expression's own function count their rounds."""

    def __init__(self, emitter: EmitterCore) -> None:
        self.emitter = emitter
        self.counters: list[str] = []
        self.recorded: list[list[tuple[Bound, str]]] = []
        """For each loop that is open what it records: nodes, and the variables of their values."""

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

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if self.recorded and isinstance(node.func, ast.Name) and node.func.id == RECORD:
            bound, made = node.args
            assert isinstance(bound, ast.Name)
            name = self.emitter.fresh("value")
            for loop in self.recorded:
                loop.append((self.emitter.namespace[bound.id], name))
            node.func = load(AGAIN)
            node.args = [bound, walrus(name, made)]
        return node

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        return self._loop(node)

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        node.iter = self.visit(node.iter)
        return self._loop(node)

    def _loop(self, node: ast.While | ast.For) -> list[ast.stmt]:
        """A loop that counts its rounds, and what has to come before it."""
        rounds, around, paused = map(self.emitter.fresh, ("rounds", "around", "paused"))
        recorded: list[tuple[Bound, str]] = []
        self.counters.append(rounds)
        self.recorded.append(recorded)
        if isinstance(node, ast.While):
            node.test = self.visit(node.test)
        body = self.all(node.body)
        self.recorded.pop()
        if not recorded:
            node.body = body
            return [node]
        nodes, names = zip(*recorded, strict=True)
        is_enough = ast.Compare(load(rounds), [ast.GtE()], [load(MOST)])
        pause: list[ast.stmt] = [
            ast.Assign([store(paused)], load(rounds)),
            ast.Assign([store(AGAIN)], attribute(load(RECORDER), "pass_by")),
            ast.Assign([*map(store, names)], load(RECORDER)),
        ]
        node.body = [
            ast.If(ast.BoolOp(ast.And(), [_is(AGAIN, RECORD), is_enough]), pause, []),
            ast.AugAssign(store(rounds), ast.Add(), constant(1)),
            *body,
        ]
        left_out = ast.BinOp(load(rounds), ast.Sub(), load(paused))
        last = tuple_of(*map(load, names))
        resume: list[ast.stmt] = [
            ast.Expr(call(attribute(load(RECORDER), "resume"), left_out, self.emitter.bring(nodes, "nodes"), last)),
            ast.Assign([store(AGAIN)], load(RECORD)),
        ]
        begins = ast.Assign([store(around)], load(AGAIN))
        is_over = ast.BoolOp(ast.And(), [ast.UnaryOp(ast.Not(), _is(AGAIN, RECORD)), _is(around, RECORD)])
        loop = ast.Try([node], [], [], [ast.If(is_over, resume, [])])
        return [ast.copy_location(begins, node), ast.copy_location(loop, node)]


def _is(one: str, other: str) -> ast.expr:
    return ast.Compare(load(one), [ast.Is()], [load(other)])
