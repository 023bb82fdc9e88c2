"""Queries that are walked over at once, as Python's own comprehensions.

`xs.Where(x => x > 1).Select(x => x * 2).Sum()` becomes `sum(x * 2 for x in walked(xs) if x > 1)`: the lazy
sequences in between are never visible, so there are none. A lambda that isn't an expression, or that something keeps,
is called as registered.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.collections.arrays import default_value
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.emit.building import constant, last_of, list_of, load, store, tuple_of, walrus
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.emit.members import call_member, pass_to_member
from apimpolicy.records import Record

_ENUMERABLE = "System.Linq.Enumerable"
_SEQUENCE = "System.Collections.Generic.IEnumerable"
_DEFERRED = (_SEQUENCE, "System.Linq.IOrderedEnumerable")
_MOST_STAGES = 8
_STAGES = ("Where", "Select")
_TESTS = ("Any", "All", "Count", "LongCount", "First", "FirstOrDefault")
"""Operators whose predicate can be asked in the comprehension."""


def walked_at_once(emitter: Emitter, node: nodes.Call) -> ast.expr | None:
    """Return the Python for a call that walks over a query; None when it is to be called as registered."""
    position = None if emitter.recording or emitter.is_deep else _position_of_source(node)
    if position is None:
        return None
    source, stages = _parts(node.arguments[position])
    own = _own_lambda(node) if position == 0 else None
    if len(stages) > _MOST_STAGES or not (stages or own):
        return None
    before = [emitter.emit(argument) for argument in node.arguments[:position]]
    query = _Query(emitter, source, stages[0] if stages else node)
    for stage in stages:
        query.add(stage)
    if own is not None:
        pass_to_member(emitter, node)
        return query.whole(_with_test(emitter, node, own, query))
    after = [emitter.emit(argument) for argument in node.arguments[position + 1 :]]
    fold = _fold(node) if not after else None
    if fold is not None:
        return query.whole(emitter.run(fold, query.elements()))
    return query.whole(
        call_member(emitter, node.method, None, [*before, query.elements(), *after], node.type_arguments)
    )


def _position_of_source(node: nodes.Call) -> int | None:
    """Return the index of the argument that is enumerated eagerly."""
    method = node.method
    places = [argument.syntax.start for argument in node.arguments]
    if not places or places != sorted(places):
        return None
    if method.declaring.name == _ENUMERABLE:
        return None if _is_one_of(method.returns, _DEFERRED) else 0
    if method.declaring.name == "string" and _is_one_of(method.parameters[-1].type, (_SEQUENCE,)):
        return len(places) - 1  # Join and Concat
    return None


def _is_one_of(type_: Type, names: tuple[str, ...]) -> bool:
    return isinstance(type_, NamedType) and type_.name in names


def _parts(argument: nodes.Expression) -> tuple[nodes.Expression, list[nodes.Call]]:
    stages: list[nodes.Call] = []
    while (
        isinstance(argument, nodes.Call)
        and argument.method.declaring.name == _ENUMERABLE
        and argument.method.name in _STAGES
        and _is_simple(argument.arguments[1])
    ):
        stages.insert(0, argument)
        argument = argument.arguments[0]
    return argument, stages


def _is_simple(function: nodes.Expression) -> bool:
    return (
        isinstance(function, nodes.Lambda)
        and isinstance(function.body, nodes.Expression)
        and len(function.parameters) == 1
        and not function.is_async
    )


def _own_lambda(node: nodes.Call) -> nodes.Lambda | None:
    """Return the predicate or selector of an operator itself."""
    if len(node.arguments) != 2 or not (node.method.name in _TESTS or _fold(node) is not None):
        return None
    function = node.arguments[1]
    return function if isinstance(function, nodes.Lambda) and _is_simple(function) else None


def _fold(node: nodes.Call) -> Callable[..., object] | None:
    if node.method.declaring.name != _ENUMERABLE:
        return None
    from apimpolicy.csharp.dotnet.linq.aggregation import fold_of  # most expressions have no queries

    return fold_of(node.method.name, str(node.method.returns))


def _with_test(emitter: Emitter, node: nodes.Call, function: nodes.Lambda, query: _Query) -> ast.expr:
    """Return an operator that has a predicate or selector."""
    name = node.method.name
    bare = query.elements
    body = query.body_of(function)
    if not isinstance(body, ast.expr):
        return call_member(emitter, node.method, None, [bare(), body.made], node.type_arguments)
    if name in ("Any", "All"):
        return emitter.run(any if name == "Any" else all, query.elements(body))
    if name in ("Count", "LongCount"):
        query.only_if(body)
        return emitter.run(sum, query.elements(constant(1)))
    if name == "First":
        from apimpolicy.csharp.dotnet.linq.elements import matching

        query.only_if(body)
        return emitter.run(matching, query.elements())
    if name == "FirstOrDefault":
        query.only_if(body)
        default = emitter.run(default_value, emitter.type_constant(node.type))
        return emitter.run(next, query.elements(), default if node.type.is_value_type else constant(None))
    fold = _fold(node)
    assert fold is not None
    return emitter.run(fold, query.elements(body))


class _Kept(Record):
    """A lambda that cannot be part of a comprehension, as it was emitted."""

    made: ast.expr


class _Query:
    """A comprehension that grows by the stages of a query."""

    def __init__(self, emitter: Emitter, source: nodes.Expression, first: nodes.Call) -> None:
        self._emitter = emitter
        self._before: list[ast.expr] = []
        walked_over = source.operand if isinstance(source, nodes.Convert) else source
        self._has_no_null = isinstance(walked_over, nodes.Call) and walked_over.method.declaring.name == "string"
        self._begin(emitter.emit(source), first)

    def _begin(self, source: ast.expr, node: nodes.Call) -> None:
        self._source, self._node = source, node
        self._loops: list[ast.comprehension] = []
        self._item: ast.expr = load(self._emitter.fresh("item"))

    def add(self, stage: nodes.Call) -> None:
        """Go on with `Where` or `Select`."""
        emitter, function = self._emitter, stage.arguments[1]
        assert isinstance(function, nodes.Lambda)
        pass_to_member(emitter, stage)
        body = self.body_of(function)
        if not isinstance(body, ast.expr):
            arguments = [self.elements(), body.made]
            made = call_member(emitter, stage.method, None, arguments, stage.type_arguments)
            self._begin(emitter.at(made, stage), stage)
            self._has_no_null = False
        elif stage.method.name == "Where":
            self.only_if(body)
        else:
            self._item = body
            self._has_no_null = isinstance(function.body, nodes.Expression) and emitter.known_not_null(function.body)

    def body_of(self, function: nodes.Lambda) -> ast.expr | _Kept:
        emitter, parameter = self._emitter, function.parameters[0]
        if self._has_no_null and parameter not in emitter.reassigned:
            emitter.never_null.add(parameter)
        made = emitter.emit(function)
        if not isinstance(made, ast.Lambda) or _is_kept(made):
            return _Kept(made)
        renamed: ast.expr = _Renaming(emitter.symbol_name(parameter), self._named_item()).visit(made.body)
        return renamed

    def _named_item(self) -> str:
        """Return the variable of the present element: what `Select` made gets one when it is needed again."""
        loops = self._walking()
        if not isinstance(self._item, ast.Name):
            name = self._emitter.fresh("item")
            if _has_assignment(self._item):
                loops[-1].ifs.append(tuple_of(walrus(name, self._item)))
            else:
                loops.append(ast.comprehension(store(name), list_of(self._item), [], 0))
            self._item = load(name)
        return self._item.id

    def _walking(self) -> list[ast.comprehension]:
        """Return the loops of the comprehension. Where it takes its elements from, Python allows no assignments."""
        if not self._loops:
            from apimpolicy.csharp.dotnet.linq.sequences import walked

            emitter = self._emitter
            source: ast.expr = emitter.at(emitter.run(walked, self._source), self._node)
            if _has_assignment(source):
                name = emitter.fresh()
                self._before.append(walrus(name, source))
                source = load(name)
            assert isinstance(self._item, ast.Name)
            self._loops.append(ast.comprehension(store(self._item.id), source, [], 0))
        return self._loops

    def only_if(self, condition: ast.expr) -> None:
        self._walking()[-1].ifs.append(condition)

    def elements(self, made: ast.expr | None = None) -> ast.expr:
        """Return the elements, or what is made of them; the source itself when nothing happens to its elements."""
        if not self._loops and made is None:
            return self._source
        return ast.GeneratorExp(made if made is not None else self._item, self._walking())

    def whole(self, result: ast.expr) -> ast.expr:
        """Return the consuming expression, after those to be evaluated before it."""
        return last_of(*self._before, result) if self._before else result


def _has_assignment(part: ast.AST) -> bool:
    return any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(part))


def _is_kept(function: ast.Lambda) -> bool:
    """Return whether a function inside uses variables of this one: it may be called when they have other values.

    Or whether a parameter is assigned, which Python does not allow for the variable of a comprehension.
    """
    parameters = {argument.arg for argument in function.args.args}
    assigned = {part.target.id for part in ast.walk(function.body) if isinstance(part, ast.NamedExpr)}
    if not parameters.isdisjoint(assigned):
        return True
    own = parameters | assigned
    inner = (part for part in ast.walk(function.body) if isinstance(part, ast.Lambda))
    return any(isinstance(part, ast.Name) and part.id in own for function in inner for part in ast.walk(function))


class _Renaming(ast.NodeTransformer):
    """One variable by another name."""

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id == self._old:
            node.id = self._new
        return node
