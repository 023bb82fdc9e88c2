"""Emission of loops: C#'s are Python's `while` and `for`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.values import INT
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import assign, attribute, call, constant, load, store
from apimpolicy.csharp.emit.core import ALLOWANCE, LEFT, Emitter
from apimpolicy.csharp.emit.runtime import runs_endings
from apimpolicy.csharp.emit.statements import JumpTarget, around
from apimpolicy.csharp.emit.variables import cells_of_block, cells_of_round, facts, is_increment


def _loop(
    emitter: Emitter,
    statement: nodes.Statement,
    before_continue: Callable[[], list[ast.stmt]],
    finish: Callable[[list[ast.stmt]], list[ast.stmt]],
    *others: nodes.Bound,
) -> list[ast.stmt]:
    """Return a loop: `finish` makes it from its body, which begins with cells for what each round has of its own."""
    cells = cells_of_round(emitter, statement, *others)
    target = JumpTarget(is_loop=True, before_continue=before_continue)
    emitter.here.targets.append(target)
    body = [*cells, *emitter.body(statement)]
    emitter.here.targets.pop()
    return around(emitter, target, finish(body))


def statement_loop(emitter: Emitter, node: nodes.Loop) -> list[ast.stmt]:
    before = cells_of_block(emitter, node.locals)
    for initializer in node.initializers:
        before.extend(emitter.statement(initializer))
    step = _burn(emitter)
    _note_counter(emitter, node)
    if _continues_in_try(node.body):
        return [*before, *_loop_with_first(emitter, node, step)]
    return [*before, *(_do_loop if node.is_do else _while_loop)(emitter, node, step)]


def _continues_in_try(body: nodes.Statement) -> bool:
    """Return whether there may be a `continue` in a try statement that has something to do afterwards."""
    kinds = facts(body).kinds_here
    return nodes.Continue in kinds and not kinds.isdisjoint((nodes.Try, nodes.Using))


def _do_loop(emitter: Emitter, node: nodes.Loop, step: ast.stmt) -> list[ast.stmt]:
    others = [node.condition] if node.condition is not None else []

    def finish(body: list[ast.stmt]) -> list[ast.stmt]:
        return [ast.While(constant(True), [step, *body, *_test_again(emitter, node)], [])]

    return _loop(emitter, node.body, lambda: _test_again(emitter, node), finish, *others)


def _while_loop(emitter: Emitter, node: nodes.Loop, step: ast.stmt) -> list[ast.stmt]:
    test: ast.expr = constant(True)
    guard: list[ast.stmt] = []
    if node.condition is not None:
        guard = cells_of_round(emitter, node.condition)
        if guard or facts(node.condition).has_block_lambda:
            guard.extend(_break_unless(emitter, node.condition))
        else:
            test = emitter.emit(node.condition)

    def finish(body: list[ast.stmt]) -> list[ast.stmt]:
        return [ast.While(test, [*guard, step, *body, *_increment(emitter, node)], [])]

    return _loop(emitter, node.body, lambda: _increment(emitter, node), finish)


def _loop_with_first(emitter: Emitter, node: nodes.Loop, step: ast.stmt) -> list[ast.stmt]:
    """Return a loop whose `continue` leaves a try statement: increments come after `finally`, in the next round."""
    first = emitter.fresh("first")
    begins = assign(first, constant(False))
    start = cells_of_round(emitter, node.condition) if node.condition is not None else []
    guard = _test_again(emitter, node)
    if node.is_do:
        start.extend([ast.If(load(first), [begins], guard)] if guard else [])
    else:
        again = _increment(emitter, node)
        start = [*([ast.If(load(first), [begins], again)] if again else []), *start, *guard]

    def finish(body: list[ast.stmt]) -> list[ast.stmt]:
        return [assign(first, constant(True)), ast.While(constant(True), [*start, step, *body], [])]

    return _loop(emitter, node.body, list, finish)


def _increment(emitter: Emitter, node: nodes.Loop) -> list[ast.stmt]:
    """Return the `for` code after each round."""
    made: list[ast.stmt] = []
    for incrementor in node.incrementors:
        counter = _counter_of(emitter, node, incrementor)
        if counter is not None:
            made.append(emitter.at(ast.AugAssign(store(counter), ast.Add(), constant(1)), incrementor))
        else:
            made.extend(emitter.statement(nodes.ExpressionStatement(incrementor.syntax, incrementor)))
    return made


def _burn(emitter: Emitter) -> ast.stmt:
    """Return the code that uses up a step for a round of a loop.

    The body of the expression takes several at once and counts them down.
    """
    if emitter.here.is_inner:
        return ast.Expr(emitter.step())
    emitter.uses_allowance = True
    count_down = ast.AugAssign(store(LEFT), ast.Sub(), constant(1))
    take = assign(LEFT, call(load(ALLOWANCE)))
    return ast.If(load(LEFT), [count_down], [take])


def _note_counter(emitter: Emitter, node: nodes.Loop) -> None:
    """`for (int i = 0; i < n; i++)`: the variable is never negative."""
    if len(node.initializers) != 1 or len(node.incrementors) != 1:
        return
    first, counter = node.initializers[0], _counter_of(emitter, node, node.incrementors[0])
    value = first.value if isinstance(first, nodes.LocalDeclaration) else None
    if counter is not None and value is not None and value.is_constant and value.constant >= 0:
        emitter.non_negative.add(counter)


def _counter_of(emitter: Emitter, node: nodes.Loop, incrementor: nodes.Expression) -> str | None:
    """Return the variable of `for (…; i < n; i++)` when nothing else changes it: it cannot leave its range then."""
    condition = node.condition
    if (
        not emitter.recording
        and isinstance(incrementor, nodes.CompoundAssignment)
        and isinstance(incrementor.target, nodes.Local)
        and isinstance(condition, nodes.Binary)
        and condition.operator == "<"
        and condition.operand_type is INT
        and isinstance(condition.left, nodes.Local)
        and condition.left.symbol is incrementor.target.symbol
        and not condition.left.symbol.is_captured
        and is_increment(incrementor)
        and condition.left.symbol not in facts(node.body).assigned | facts(condition.right).assigned
    ):
        return emitter.plain_variable(incrementor.target)
    return None


def _break_unless(emitter: Emitter, condition: nodes.Expression) -> list[ast.stmt]:
    hoisted, test = emitter.hoisting(condition)
    return [*hoisted, ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], [])]


def _test_again(emitter: Emitter, node: nodes.Loop) -> list[ast.stmt]:
    return _break_unless(emitter, node.condition) if node.condition is not None else []


def statement_foreach(emitter: Emitter, node: nodes.Foreach) -> list[ast.stmt]:
    item = emitter.fresh("item")
    emitter.with_placeholder(node.placeholder, item)
    source: ast.expr = emitter.emit(node.collection)
    if str(node.collection.type) == "Newtonsoft.Json.Linq.JObject":
        source = call(attribute(source, "key_value_pairs"))
    target, first = _each(emitter, node, item)
    before = [_burn(emitter), *first]
    if not emitter.known_not_null(node.collection):
        source = emitter.at(emitter.run(runtime.elements, source), node.collection)
    if emitter.has_iterators:
        return _disposing_loop(emitter, node, target, source, before)
    return _loop(emitter, node.body, list, lambda body: [ast.For(store(target), source, [*before, *body], [])])


def _each(emitter: Emitter, node: nodes.Foreach, item: str) -> tuple[str, list[ast.stmt]]:
    """Return the variable of Python's `for`, and what a round begins with to set C#'s."""
    symbol = node.symbol
    if symbol is None:
        if node.deconstruction is None:
            return item, []
        return item, [*cells_of_round(emitter, node.deconstruction), ast.Expr(emitter.emit(node.deconstruction))]
    if node.element is not node.placeholder or symbol.is_captured or symbol.is_referenced:
        cells = cells_of_round(emitter, symbol)
        return item, [*cells, ast.Expr(emitter.assign(symbol, emitter.emit(node.element)))]
    if _has_no_null(node.collection) and symbol not in emitter.reassigned:
        emitter.never_null.add(symbol)
    return emitter.symbol_name(symbol), []


def _disposing_loop(
    emitter: Emitter, node: nodes.Foreach, target: str, source: ast.expr, before: list[ast.stmt]
) -> list[ast.stmt]:
    """Return a loop over what may be an iterator, which is ended when the loop is left."""
    from apimpolicy.csharp.emit.exceptions import finally_

    enumerator = emitter.fresh("enumerator")

    def finish(body: list[ast.stmt]) -> list[ast.stmt]:
        loop = ast.For(store(target), load(enumerator), [*before, *body], [])
        ending = ast.Expr(emitter.run(runtime.end_enumeration, load(enumerator)))
        end = ast.If(emitter.run(runs_endings), [ending], [])
        begins = assign(enumerator, emitter.run(runtime.enumerator, source))
        return [begins, finally_(emitter, [loop], [end])]

    return _loop(emitter, node.body, list, finish)


def _has_no_null(collection: nodes.Expression) -> bool:
    """Return whether the elements of a collection are known not to be null: the parts of a text."""
    return isinstance(collection, nodes.Call) and collection.method.declaring.name == "string"
