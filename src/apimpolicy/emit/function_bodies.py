"""The functions that lambdas and local functions become: their statements, and what they take from around them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.emit.building import function_def, tuple_of
from apimpolicy.emit.core import OpenFunction
from apimpolicy.emit.variables import facts

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from apimpolicy.binding import nodes
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.emit.core import Emitter


def define(
    emitter: Emitter, name: str, arguments: ast.arguments, statements: list[ast.stmt], node: nodes.Bound
) -> ast.stmt:
    """Return the definition of the function that a node becomes."""
    return emitter.at(function_def(name, arguments, statements or [ast.Pass()]), node)


def function_statements(emitter: Emitter, block: nodes.Block, outputs: tuple[LocalSymbol, ...] = ()) -> list[ast.stmt]:
    """Return the statements of a function inside; the values of `outputs` are returned after its result."""
    around, emitter.here = emitter.here, OpenFunction(outputs, is_inner=True)
    made = emitter.body(block)
    if outputs:
        made.append(return_outputs(emitter, None))
    emitter.here = around
    return made


def return_outputs(emitter: Emitter, value: ast.expr | None) -> ast.stmt:
    """`return (value, out values…)`."""
    parts = [emitter.read(symbol) for symbol in emitter.here.outputs]
    if value is not None:
        parts.insert(0, value)
    return ast.Return(tuple_of(*parts))


def captured_cells(emitter: Emitter, node: nodes.Bound) -> list[str]:
    """Variables in cells that a function uses: it takes the present cells as defaults."""
    if not emitter.celled:
        return []
    used = facts(node).used - facts(node).declared
    return [emitter.symbol_name(symbol) for symbol in used if symbol in emitter.celled]


def nonlocals(emitter: Emitter, node: nodes.Bound, own: AbstractSet[LocalSymbol]) -> list[ast.stmt]:
    """`nonlocal` for variables of an enclosing function that are assigned here."""
    return nonlocal_of(emitter, facts(node).assigned_outside(own))


def nonlocal_of(emitter: Emitter, symbols: AbstractSet[LocalSymbol]) -> list[ast.stmt]:
    """`nonlocal` for these variables; those in cells need none."""
    names = sorted(emitter.symbol_name(symbol) for symbol in symbols if symbol not in emitter.celled)
    return [ast.Nonlocal(names)] if names else []
