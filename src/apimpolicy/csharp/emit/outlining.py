"""Long chains in pieces, and blocks that Python's compiler refuses."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.dotnet.values import STRING
from apimpolicy.csharp.emit.building import (
    assign,
    call,
    compare,
    constant,
    function_def,
    is_not_none,
    item,
    load,
    parameters,
    tuple_of,
)

# Outline blocks that Python's compiler refuses: it allows 20 nested loops and try statements, C# has no limit.
# A statement that is nested too deeply moves into a function of its own, called in its place:
#
# def block_7():
# nonlocal x_1                      # what is assigned inside and used outside
# while …:
# return (x_1,)                 # was: return x_1
# signal_8 = block_7()
# if signal_8 is not None:
# return signal_8[0]
#
# A `break` and a `continue` that leave the statement come back as 1 and 2. Inside a generator the function is one too,
# and `yield from` calls it. Names of emitted code are unique, so that it takes no scopes to tell what occurs outside of
# a statement.

MOST_BLOCKS = 15
"""Python blocks in one another that one function may have; the compiler's limit is 20."""
_LOOP, _TRY = 1, 5
"""Block counts of statements; a handler and a `finally` are several blocks."""
_BREAK, _CONTINUE = 1, 2

_FUNCTIONS = (ast.FunctionDef, ast.Lambda)


def outlined(function: ast.FunctionDef, fresh: Callable[[str], str]) -> ast.FunctionDef:
    """Return a function with its deep statements moved into functions inside; `fresh` makes new names."""
    return _Outliner(function, fresh).function(function)


class _Outliner:
    def __init__(self, function: ast.FunctionDef, fresh: Callable[[str], str]) -> None:
        self._fresh = fresh
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._extents: dict[int, tuple[int, int]] = {}
        self._count = 0
        self._moved_names: set[str] = set()
        """Names of the present function that functions which statements moved into bind for it."""
        self._number(function)

    def _number(self, node: ast.AST) -> None:
        """Number all occurrences of names; a statement's extent is the numbers inside it."""
        start = self._count
        for name in _names(node):
            self._first.setdefault(name, self._count)
            self._last[name] = self._count
            self._count += 1
        for child in ast.iter_child_nodes(node):
            self._number(child)
        if isinstance(node, ast.stmt):
            self._extents[id(node)] = (start, self._count)

    def function(self, node: ast.FunctionDef) -> ast.FunctionDef:
        made = copy.copy(node)
        around, self._moved_names = self._moved_names, set()
        body = self._statements(node.body, 0)
        own = [statement for statement in body if isinstance(statement, ast.Nonlocal)]
        bound = {argument.arg for argument in node.args.args}.union(*(statement.names for statement in own))
        missing = self._moved_names - bound - set(_stored(body, inside=False))
        made.body = [*own, *_bindings(missing), *(statement for statement in body if statement not in own)]
        self._moved_names = around
        return made

    def _statements(self, statements: Sequence[ast.stmt], depth: int) -> list[ast.stmt]:
        return [made for statement in statements for made in self._statement(statement, depth)]

    def _statement(self, node: ast.stmt, depth: int) -> list[ast.stmt]:
        if isinstance(node, ast.FunctionDef):
            return [self.function(node)]
        if isinstance(node, ast.If):
            return [self._rebuilt(node, depth)]
        if not isinstance(node, (ast.While, ast.For, ast.Try)):
            return [node]
        weight = _TRY if isinstance(node, ast.Try) else _LOOP
        if depth + weight <= MOST_BLOCKS:
            return [self._rebuilt(node, depth + weight)]
        return self._moved(node, weight)

    def _rebuilt(self, node: ast.stmt, depth: int) -> ast.stmt:
        return _with_parts(node, lambda statements: self._statements(statements, depth))

    def _moved(self, original: ast.stmt, weight: int) -> list[ast.stmt]:
        """Return a function with the statement, its call, and the jumps that leave the statement."""
        name, signal = self._fresh("block"), self._fresh("signal")
        around, self._moved_names = self._moved_names, set()
        node = self._rebuilt(original, weight)
        own = set(_stored([node], inside=False))
        start, end = self._extents[id(original)]
        shared = {
            stored
            for stored in {*own, *self._moved_names, *_stored([node])}
            if self._first.get(stored, start) < start or self._last.get(stored, start) >= end
        }
        jumps = _Jumps()
        body: list[ast.stmt] = [ast.Nonlocal(sorted(shared))] if shared else []
        body += _bindings(self._moved_names - own - shared)
        body.append(jumps.statement(node, in_loop=False))
        self._moved_names = around | (shared & (own | self._moved_names))
        block = function_def(name, parameters(()), body)
        called: ast.expr = call(load(name))
        if jumps.has_yield:
            called = ast.YieldFrom(called)
        after: list[ast.stmt] = [assign(signal, called)]
        if jumps.has_break:
            after.append(ast.If(_equals(signal, _BREAK), [ast.Break()], []))
        if jumps.has_continue:
            after.append(ast.If(_equals(signal, _CONTINUE), [ast.Continue()], []))
        if jumps.has_return:
            value = item(load(signal), 0)
            after.append(ast.If(is_not_none(load(signal)), [ast.Return(value)], []))
        return [ast.copy_location(statement, node) for statement in (block, *after)]


class _Jumps:
    """Replaces the jumps that leave a statement by signals, and finds out which there are."""

    def __init__(self) -> None:
        self.has_break = self.has_continue = self.has_return = self.has_yield = False

    def statement(self, node: ast.stmt, in_loop: bool) -> ast.stmt:
        if isinstance(node, ast.FunctionDef):
            return node
        self.has_yield |= any(_yields(part) for part in _expressions(node))
        if isinstance(node, ast.Return):
            self.has_return = True
            value = node.value if node.value is not None else constant(None)
            return ast.copy_location(ast.Return(tuple_of(value)), node)
        if isinstance(node, ast.Break) and not in_loop:
            self.has_break = True
            return ast.copy_location(ast.Return(constant(_BREAK)), node)
        if isinstance(node, ast.Continue) and not in_loop:
            self.has_continue = True
            return ast.copy_location(ast.Return(constant(_CONTINUE)), node)
        in_loop = in_loop or isinstance(node, (ast.While, ast.For))
        return _with_parts(node, lambda statements: [self.statement(inner, in_loop) for inner in statements])


def _with_parts(node: ast.stmt, change: Callable[[list[ast.stmt]], list[ast.stmt]]) -> ast.stmt:
    """Return a copy of a statement with the lists of statements in it changed."""
    made = copy.copy(node)
    if isinstance(made, ast.Try):
        made.handlers = [copy.copy(handler) for handler in made.handlers]
    for part in (made, *getattr(made, "handlers", ())):
        for field in ("body", "orelse", "finalbody"):
            if hasattr(part, field):
                setattr(part, field, change(getattr(part, field)))
    return made


def _bindings(names: set[str]) -> list[ast.stmt]:
    """A function must bind each name that functions inside take from it as `nonlocal`."""
    return [assign(name, constant(None)) for name in sorted(names)]


def _equals(name: str, value: int) -> ast.expr:
    return compare(load(name), ast.Eq(), constant(value))


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node itself has, apart from those of its children."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, (ast.FunctionDef, ast.ExceptHandler)) and node.name is not None:
        yield node.name


def _stored(statements: Sequence[ast.AST], *, inside: bool = True) -> Iterator[str]:
    """Names that statements bind in their function; `inside`: and those that functions in them bind for it."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef):
            yield node.name
            if inside:
                for first in node.body:
                    if isinstance(first, ast.Nonlocal):
                        yield from first.names
            waiting.extend(node.args.defaults)
        elif isinstance(node, ast.Lambda):
            waiting.extend(node.args.defaults)
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.ExceptHandler) and node.name is not None:
                yield node.name
            waiting.extend(ast.iter_child_nodes(node))


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))


def _yields(expression: ast.AST) -> bool:
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(node))
    return False


# Long chains in pieces: `a.b().c()…`, `a + b + …` of thousands of links. A chain is as long as the text, and Python's
# compiler recurses over its links. So a long one is evaluated link by link into Python variables, `(t1 := a.b()…, t2 :=
# t1.c()…, t2.d()…)[-1]`. That changes nothing: what is innermost in a chain is what is evaluated first, and without a
# condition.

LINKS = 25
"""Links in one piece."""


def chain_of(expression: Expression) -> list[Expression]:
    """Return the links of the chain that an expression ends, from the outside in, itself first."""
    links = [expression]
    while (inner := innermost(links[-1])) is not None and not inner.is_constant:
        links.append(inner)
    return links


def ends_of_pieces(links: list[Expression], *, recording: bool) -> list[Expression]:
    """Return the links of a long chain after which a piece ends, innermost first; none for a short chain.

    When recording, chains of `+` and `&&` are not flattened.
    """
    ends = [inner for outer, inner in pairwise(links) if not _is_passed_over(outer, inner, recording)]
    return ends[LINKS - 1 :: LINKS][::-1] if len(ends) > LINKS else []


def innermost(expression: Expression) -> Expression | None:
    """Return the part of an expression that is evaluated first, whatever comes of it."""
    if isinstance(expression, nodes.Call):
        if expression.receiver is not None:
            return expression.receiver
        return expression.arguments[0] if expression.method.is_extension and expression.arguments else None
    if isinstance(expression, (nodes.Binary, nodes.Logical, nodes.Coalesce)):
        return expression.left
    if isinstance(expression, (nodes.Convert, nodes.AsType, nodes.IsType, nodes.IsPattern, nodes.Unary)):
        return expression.operand
    if isinstance(expression, (nodes.PropertyAccess, nodes.FieldAccess)):
        return expression.receiver
    if isinstance(
        expression, (nodes.IndexerAccess, nodes.TupleElement, nodes.AnonymousMember, nodes.ConditionalAccess)
    ):
        return expression.receiver
    if isinstance(expression, nodes.ArrayAccess):
        return expression.array
    return expression.condition if isinstance(expression, nodes.Conditional) else None


def _is_passed_over(outer: Expression, inner: Expression, recording: bool) -> bool:
    """Return whether the emitter may take the parts of `inner` without emitting it itself."""
    if recording or isinstance(inner, nodes.Convert):
        return isinstance(inner, nodes.Convert)
    if isinstance(inner, nodes.Logical):
        return isinstance(outer, nodes.Logical)
    return _is_concatenation(inner) and _is_concatenation(outer)


def _is_concatenation(expression: Expression) -> bool:
    return isinstance(expression, nodes.Binary) and expression.operator == "+" and expression.operand_type is STRING
