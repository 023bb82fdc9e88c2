"""Emission of declarations and other simple statements."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.types import NamedType
from apimpolicy.emit import runtime
from apimpolicy.emit.building import assign, constant, load

if TYPE_CHECKING:
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.emit.core import Emitter


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
    from apimpolicy.emit.arithmetic import range_test

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
        from apimpolicy.emit.function_bodies import return_outputs

        return [return_outputs(emitter, value)]
    return [ast.Return(value)]
