"""Emission of local functions, also of iterators."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.lookup import iterator_element
from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import OBJECT, VOID
from apimpolicy.emit import runtime
from apimpolicy.emit.building import assign, call, constant, load, parameters, tuple_of
from apimpolicy.emit.cells import parameters_in_cells
from apimpolicy.emit.function_bodies import captured_cells, define, function_statements, nonlocal_of, nonlocals
from apimpolicy.emit.variables import facts

if TYPE_CHECKING:
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.emit.core import Emitter


def statement_local_function(emitter: Emitter, node: nodes.LocalFunction) -> list[ast.stmt]:
    function = node.function
    by_reference = function.returns_reference
    names = [emitter.symbol_name(symbol) for symbol in function.symbols if by_reference or symbol.mode != "out"]
    captured = captured_cells(emitter, node)
    if captured:
        emitter.with_cells.add(function)
    arguments = parameters(names, {name: load(name) for name in captured})
    outputs = tuple(symbol for symbol in function.symbols if symbol.mode in ("out", "ref") and not by_reference)
    statements = [
        *nonlocals(emitter, node.body, set(function.symbols)),
        ast.Expr(emitter.step()),
        *parameters_in_cells(emitter, function.symbols),
        *_statements(emitter, node, outputs),
    ]
    return [define(emitter, emitter.symbol_name(function), arguments, statements, node)]


def _statements(emitter: Emitter, node: nodes.LocalFunction, outputs: tuple[LocalSymbol, ...]) -> list[ast.stmt]:
    function = node.function
    if not function.is_simulated:
        types = constant("with these type arguments")
        return [ast.Expr(emitter.run(runtime.not_simulated, constant("a generic local function"), types))]
    if function.is_iterator:
        return _iterator(emitter, node)
    if function.is_async:
        refused = constant("the gateway doesn't allow tasks")
        return [ast.Expr(emitter.run(runtime.not_simulated, constant("an asynchronous function"), refused))]
    if outputs and any(isinstance(part, nodes.Try) and part.finally_body is not None for part in node.body.walk()):
        return _outputs_after_finally(emitter, node, outputs)
    return function_statements(emitter, node.body, outputs)


def _iterator(emitter: Emitter, node: nodes.LocalFunction) -> list[ast.stmt]:
    """The body as a generator inside, which begins anew, with the arguments of the call, for each enumeration."""
    from apimpolicy.dotnet.collections.enumerators import BoxedEnumerator, Enumerator
    from apimpolicy.dotnet.linq.sequences import Sequence

    function, inner = node.function, emitter.fresh("iterate")
    names = [emitter.symbol_name(symbol) for symbol in function.symbols]
    body = nonlocals(emitter, node.body, set(function.symbols))
    body.append(ast.If(constant(False), [ast.Expr(ast.Yield(None))], []))  # a generator, whatever it holds
    body.extend(function_statements(emitter, node.body))
    start: ast.expr = load(inner)
    if any(isinstance(part, (nodes.Try, nodes.Using, nodes.Foreach)) for part in node.body.walk()):
        start = emitter.run(runtime.ending, start)
        emitter.ends_iterators = True
    element = emitter.type_constant(iterator_element(function.returns) or OBJECT)
    made = emitter.run(Sequence, start, element, *map(load, names))
    if ".IEnumerator" in str(function.returns):
        is_generic = isinstance(function.returns, NamedType) and bool(function.returns.arguments)
        made = emitter.run(Enumerator if is_generic else BoxedEnumerator, made)
    return [define(emitter, inner, parameters(names), body, node), ast.Return(made)]


def statement_yield(emitter: Emitter, node: nodes.Yield) -> list[ast.stmt]:
    return [ast.Return(None)] if node.value is None else [ast.Expr(ast.Yield(emitter.emit(node.value)))]


def _outputs_after_finally(
    emitter: Emitter, node: nodes.LocalFunction, outputs: tuple[LocalSymbol, ...]
) -> list[ast.stmt]:
    """Return the body as a function inside, so that what `finally` does to ref and out parameters counts."""
    inner, result = emitter.fresh("body"), emitter.fresh("result")
    body = [
        *nonlocal_of(emitter, facts(node.body).assigned & set(outputs)),
        *nonlocals(emitter, node.body, set(node.function.symbols)),
        *function_statements(emitter, node.body),
    ]
    parts = [emitter.read(symbol) for symbol in outputs]
    if node.function.returns is not VOID:
        parts.insert(0, load(result))
    unset = [symbol for symbol in outputs if symbol.mode == "out" and symbol not in emitter.celled]
    return [
        *(assign(emitter.symbol_name(symbol), constant(None)) for symbol in unset),
        define(emitter, inner, parameters(()), body, node),
        assign(result, call(load(inner))),
        ast.Return(tuple_of(*parts)),
    ]
