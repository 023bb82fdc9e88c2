"""Emission of references: `ref` locals, `ref` returns and `ref` conditionals.

A reference is an object with an attribute `value`. A variable that a `ref` is taken of lives in a cell, which is the
reference to it; an element of an array or of a tuple gets a reference of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.dotnet.collections import arrays
from apimpolicy.emit import runtime
from apimpolicy.emit.building import attribute, constant, last_of, load, tuple_of, walrus
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    import ast

    from apimpolicy.emit.core import Emitter


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


def emit_reference(emitter: Emitter, node: nodes.Reference) -> ast.expr:
    return reference_to(emitter, node.target)


def reference_to(emitter: Emitter, target: nodes.Expression) -> ast.expr:
    if isinstance(target, nodes.Dereference):
        return emitter.emit(target.reference)
    if isinstance(target, nodes.Local) and target.symbol in emitter.celled:
        return load(emitter.symbol_name(target.symbol))
    if isinstance(target, nodes.OutVariable):
        if target.symbol is None:
            return emitter.run(runtime.Cell)
        return load(emitter.symbol_name(target.symbol))
    if isinstance(target, nodes.ArrayAccess):
        indexes = [emitter.emit(index) for index in target.indexes]
        array = emitter.emit(target.array)
        return emitter.run(ElementReference, array, indexes[0] if len(indexes) == 1 else tuple_of(*indexes))
    if isinstance(target, nodes.TupleElement):
        return emitter.run(PartReference, reference_to(emitter, target.receiver), constant(target.index))
    if isinstance(target, nodes.FieldAccess) and target.field.declaring.is_tuple and target.receiver is not None:
        index = int(target.field.name.removeprefix("Item")) - 1
        return emitter.run(PartReference, reference_to(emitter, target.receiver), constant(index))
    raise NotSimulatedError("ref", f"to {type(target).__name__}")


def emit_dereference(emitter: Emitter, node: nodes.Dereference) -> ast.expr:
    return attribute(emitter.emit(node.reference), "value")


def emit_redirection(emitter: Emitter, node: nodes.Redirection) -> ast.expr:
    name = emitter.symbol_name(node.variable)
    return last_of(walrus(name, emitter.emit(node.reference)), attribute(load(name), "value"))
