"""Variables in cells: those that a `ref` is taken of, and those of one round of a loop that a lambda captures.

A cell is an object with an attribute `value`. Each round makes new ones, and what is captured is the cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.emit import runtime
from apimpolicy.emit.building import assign, load
from apimpolicy.emit.variables import declared_here, facts

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from apimpolicy.binding import nodes
    from apimpolicy.binding.symbols import LocalFunctionSymbol
    from apimpolicy.emit.core import Emitter


def prepare_references(emitter: Emitter, body: nodes.Bound) -> None:
    """Find the variables that live in cells wherever they are declared, or that hold references."""
    for symbol in facts(body).declared:
        if symbol.is_referenced or _holds_reference(symbol):
            emitter.celled.add(symbol)


def cells_of_referenced(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    """Cells for the variables of an expression that a `ref` is taken of."""
    return [_in_cell(emitter, symbol) for symbol in symbols if symbol.is_referenced and not _holds_reference(symbol)]


def parameters_in_cells(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    """At the start of a function: parameters move into cells when a `ref` is taken of them."""
    made: list[ast.stmt] = []
    for symbol in symbols:
        if symbol.is_referenced and not _holds_reference(symbol):
            value = [] if symbol.mode == "out" else [load(emitter.symbol_name(symbol))]
            made.append(_in_cell(emitter, symbol, *value))
    return made


def cells_of_round(emitter: Emitter, *parts: nodes.Bound | LocalSymbol) -> list[ast.stmt]:
    """Fresh cells for the captured variables of a loop's body: each round has its own."""
    symbols: dict[LocalSymbol, None] = {}
    for part in parts:
        symbols.update(dict.fromkeys([part] if isinstance(part, LocalSymbol) else declared_here(part)))
    return _new_cells(emitter, symbols)


def cells_of_block(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    """Fresh cells for the variables of a block that `goto` may enter again, and for those that have references."""
    return _new_cells(emitter, symbols) if emitter.here.rounds else cells_of_referenced(emitter, symbols)


def _new_cells(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for symbol in symbols:
        if (symbol.is_captured or symbol.is_referenced) and symbol.kind != "constant":
            emitter.celled.add(symbol)
            made.append(_in_cell(emitter, symbol))
    return made


def _in_cell(emitter: Emitter, symbol: LocalSymbol, *value: ast.expr) -> ast.stmt:
    return assign(emitter.symbol_name(symbol), emitter.run(runtime.Cell, *value))


def _holds_reference(symbol: LocalSymbol) -> bool:
    """Return whether a variable holds a reference: a ref local, or a ref parameter of a function that returns one."""
    if symbol.mode in ("ref", "out"):
        function: LocalFunctionSymbol | Any = symbol.function
        return bool(getattr(function, "returns_reference", False))
    return symbol.is_reference
