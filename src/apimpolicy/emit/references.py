"""Emission of references: `ref` locals, `ref` returns and `ref` conditionals.

A reference is an object with an attribute `value`. A variable that a `ref` is taken of lives in a cell, which is the
reference to it; an element of an array or of a tuple gets a reference of its own.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.dotnet.collections import arrays
from apimpolicy.emit import runtime
from apimpolicy.emit.assignments import AssignmentEmitter
from apimpolicy.emit.core import attribute, call, constant, last_of, load, store, tuple_of, walrus
from apimpolicy.emit.variables import declared_in
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol


class ElementReference:
    """`ref array[index]`, of any rank."""

    __slots__ = ("_array", "_index")

    def __init__(self, array: Any, index: Any) -> None:
        self._array, self._index = array, index
        _ = self.value  # the index is checked when the reference is made

    @property
    def value(self) -> Any:
        if isinstance(self._index, tuple):
            return arrays.rectangular_get(self._array, self._index)
        return arrays.array_get(self._array, self._index)

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(self._index, tuple):
            arrays.rectangular_set(self._array, self._index, value)
        else:
            arrays.array_set(self._array, self._index, value)


def span_reference(span: Any, index: int) -> ElementReference:
    """`ref span[index]`: the element of the array behind the span."""
    return ElementReference(span.items, span.place(index))


class PartReference:
    """`ref tuple.Item1`: a part of the tuple that another reference refers to."""

    __slots__ = ("_index", "_whole")

    def __init__(self, whole: Any, index: int) -> None:
        self._whole, self._index = whole, index

    @property
    def value(self) -> Any:
        return self._whole.value[self._index]

    @value.setter
    def value(self, value: Any) -> None:
        self._whole.value = runtime.replace_element(self._whole.value, self._index, value)


class ReferenceEmitter(AssignmentEmitter):
    """`ref` and what it refers to."""

    def prepare_references(self, body: nodes.Bound) -> None:
        """Find the variables that live in cells wherever they are declared, or that hold references."""
        for symbol in declared_in(body):
            if symbol.is_referenced or _holds_reference(symbol):
                self._celled.add(symbol)

    def cells_of_referenced(self, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
        """Cells for the variables of an expression that a `ref` is taken of."""
        return [self._in_cell(symbol) for symbol in symbols if symbol.is_referenced and not _holds_reference(symbol)]

    def _in_cell(self, symbol: LocalSymbol) -> ast.stmt:
        return ast.Assign([store(self.symbol_name(symbol))], call(self.bring(runtime.Cell, "Cell")))

    def parameters_in_cells(self, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
        """At the start of a function: parameters move into cells when a `ref` is taken of them."""
        made: list[ast.stmt] = []
        for symbol in symbols:
            if symbol.is_referenced and not _holds_reference(symbol):
                name = self.symbol_name(symbol)
                arguments = [] if symbol.mode == "out" else [load(name)]
                made.append(ast.Assign([store(name)], call(self.bring(runtime.Cell, "Cell"), *arguments)))
        return made

    def emit_reference(self, node: nodes.Reference) -> ast.expr:
        return self.reference_to(node.target)

    def reference_to(self, target: nodes.Expression) -> ast.expr:
        if isinstance(target, nodes.Dereference):
            return self.emit(target.reference)
        if isinstance(target, nodes.Local) and target.symbol in self._celled:
            return load(self.symbol_name(target.symbol))
        if isinstance(target, nodes.OutVariable):
            if target.symbol is None:
                return self.run(runtime.Cell)
            return load(self.symbol_name(target.symbol))
        if isinstance(target, nodes.ArrayAccess):
            indexes = [self.emit(index) for index in target.indexes]
            array = self.emit(target.array)
            return self.run(ElementReference, array, indexes[0] if len(indexes) == 1 else tuple_of(*indexes))
        if isinstance(target, nodes.IndexerAccess):
            return self.run(span_reference, self.emit(target.receiver), self.emit(target.arguments[0]))
        if isinstance(target, nodes.TupleElement):
            return self.run(PartReference, self.reference_to(target.receiver), constant(target.index))
        if isinstance(target, nodes.FieldAccess) and target.field.declaring.is_tuple and target.receiver is not None:
            index = int(target.field.name.removeprefix("Item")) - 1
            return self.run(PartReference, self.reference_to(target.receiver), constant(index))
        raise NotSimulatedError("ref", f"to {type(target).__name__}")

    def emit_dereference(self, node: nodes.Dereference) -> ast.expr:
        return attribute(self.emit(node.reference), "value")

    def emit_redirection(self, node: nodes.Redirection) -> ast.expr:
        name = self.symbol_name(node.variable)
        return last_of(walrus(name, self.emit(node.reference)), attribute(load(name), "value"))


def _holds_reference(symbol: LocalSymbol) -> bool:
    """A ref local, or a ref or out parameter of a function that returns by reference."""
    if symbol.mode in ("ref", "out"):
        function: LocalFunctionSymbol | Any = symbol.function
        return bool(getattr(function, "returns_reference", False))
    return symbol.is_reference
