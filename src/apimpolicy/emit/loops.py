"""Emission of loops: C#'s are Python's `while` and `for`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.types import DYNAMIC
from apimpolicy.dotnet.values import INT
from apimpolicy.emit import runtime
from apimpolicy.emit.building import assign, attribute, call, constant, load, store
from apimpolicy.emit.cells import cells_of_block, cells_of_round
from apimpolicy.emit.core import ALLOWANCE, LEFT
from apimpolicy.emit.frames import goes_on
from apimpolicy.emit.jumps import Target, around
from apimpolicy.emit.variables import assigned_in, continues_in_try, has_block_lambda, is_increment

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.emit.core import Emitter


def _loop(
    emitter: Emitter,
    statement: nodes.Statement,
    before_continue: Callable[[], list[ast.stmt]],
    finish: Callable[[list[ast.stmt]], list[ast.stmt]],
    *others: nodes.Bound,
) -> list[ast.stmt]:
    """A loop: `finish` makes it from its body, which begins with cells for what each round has of its own."""
    cells = cells_of_round(emitter, statement, *others)
    target = Target(is_loop=True, before_continue=before_continue)
    emitter.here.targets.append(target)
    body = [*cells, *emitter.body(statement)]
    emitter.here.targets.pop()
    return around(emitter, target, finish(body))


def statement_loop(emitter: Emitter, node: nodes.Loop) -> list[ast.stmt]:
    before = cells_of_block(emitter, node.locals)
    for initializer in node.initializers:
        before.extend(emitter.statement(initializer))

    def increment() -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for incrementor in node.incrementors:
            counter = _counter_of(emitter, node, incrementor)
            if counter is not None:
                made.append(emitter.at(ast.AugAssign(store(counter), ast.Add(), constant(1)), incrementor))
                continue
            made.extend(emitter.statement(nodes.ExpressionStatement(incrementor.syntax, incrementor)))
        return made

    step = _burn(emitter)
    _note_counter(emitter, node)
    if continues_in_try(node.body):
        return [*before, *_loop_with_first(emitter, node, increment, step)]
    if node.is_do:
        others = [node.condition] if node.condition is not None else []

        def until(body: list[ast.stmt]) -> list[ast.stmt]:
            return [ast.While(constant(True), [step, *body, *_test_again(emitter, node)], [])]

        return [*before, *_loop(emitter, node.body, lambda: _test_again(emitter, node), until, *others)]
    test: ast.expr = constant(True)
    guard: list[ast.stmt] = []
    if node.condition is not None:
        guard = cells_of_round(emitter, node.condition)
        if guard or has_block_lambda(node.condition):
            guard.extend(_break_unless(emitter, node.condition))
        else:
            test = emitter.emit(node.condition)
    return [
        *before,
        *_loop(emitter, node.body, increment, lambda body: [ast.While(test, [*guard, step, *body, *increment()], [])]),
    ]


def _loop_with_first(
    emitter: Emitter, node: nodes.Loop, increment: Callable[[], list[ast.stmt]], step: ast.stmt
) -> list[ast.stmt]:
    """A loop whose `continue` leaves a try statement: increments come after `finally`, in the next round."""
    first = emitter.fresh("first")
    begins: list[ast.stmt] = [assign(first, constant(False))]
    start = cells_of_round(emitter, node.condition) if node.condition is not None else []
    guard = _test_again(emitter, node)
    if node.is_do:
        start.extend([ast.If(load(first), begins, guard)] if guard else [])
    else:
        again = increment()
        start = [*([ast.If(load(first), begins, again)] if again else []), *start, *guard]

    def finish(body: list[ast.stmt]) -> list[ast.stmt]:
        return [
            assign(first, constant(True)),
            ast.While(constant(True), [*start, step, *body], []),
        ]

    return _loop(emitter, node.body, list, finish)


def _burn(emitter: Emitter) -> ast.stmt:
    """One step, for a round of a loop. The body of the expression takes several at once and counts them down."""
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
    """The variable of `for (…; i < n; i++)` when nothing else changes it: it cannot leave its range then."""
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
        and condition.left.symbol not in assigned_in(node.body) | assigned_in(condition.right)
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
    elif node.collection.type is DYNAMIC:
        source = emitter.run(runtime.dynamic_elements, source)
    first: list[ast.stmt] = []
    target = item
    is_celled = node.symbol is not None and (node.symbol.is_captured or node.symbol.is_referenced)
    if node.symbol is not None and node.element is node.placeholder and not is_celled:
        target = emitter.symbol_name(node.symbol)
        if _has_no_null(node.collection) and node.symbol not in emitter.reassigned:
            emitter.never_null.add(node.symbol)
    elif node.symbol is not None:
        first = cells_of_round(emitter, node.symbol)
        first.append(ast.Expr(emitter.assign(node.symbol, emitter.emit(node.element))))
    elif node.deconstruction is not None:
        first = [*cells_of_round(emitter, node.deconstruction), ast.Expr(emitter.emit(node.deconstruction))]
    step = _burn(emitter)
    walked = source
    if not emitter.known_not_null(node.collection):
        walked = emitter.at(emitter.run(runtime.elements, source), node.collection)
    if not emitter.has_iterators:
        return _loop(emitter, node.body, list, lambda body: [ast.For(store(target), walked, [step, *first, *body], [])])
    enumerator = emitter.fresh("enumerator")

    def disposing(body: list[ast.stmt]) -> list[ast.stmt]:
        loop: ast.stmt = ast.For(store(target), load(enumerator), [step, *first, *body], [])
        ending: ast.stmt = ast.Expr(emitter.run(runtime.end_enumeration, load(enumerator)))
        end: ast.stmt = ast.If(emitter.run(goes_on), [ending], [])
        begins = assign(enumerator, emitter.run(runtime.enumerator, walked))
        from apimpolicy.emit.exceptions import finally_

        return [begins, finally_(emitter, [loop], [end])]

    return _loop(emitter, node.body, list, disposing)


def _has_no_null(collection: nodes.Expression) -> bool:
    """Whether the elements of a collection are known not to be null: the parts of a text."""
    return isinstance(collection, nodes.Call) and collection.method.declaring.name == "string"
