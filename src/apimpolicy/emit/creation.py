"""Emission of new objects, arrays and collections."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.dotnet.collections import arrays
from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import INT, STRING, AnonymousObject, Array, RectangularArray, array_class
from apimpolicy.emit.core import call, constant, last_of, load, tuple_of, walrus
from apimpolicy.emit.delegates import DelegateEmitter
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.signatures import Method
    from apimpolicy.dotnet.types import Type

_LIST = "System.Collections.Generic.List"
_DICTIONARY = "System.Collections.Generic.Dictionary"
_MOST_ITEMS = 1000
"""Items of a collection that are put into it together."""


class CreationEmitter(DelegateEmitter):
    """What `new` makes, and default values."""

    def emit_member_call(
        self, method: Method, receiver: ast.expr | None, arguments: list[ast.expr], type_arguments: tuple[Type, ...]
    ) -> ast.expr:
        raise NotImplementedError

    def emit_object_creation(self, node: nodes.ObjectCreation) -> ast.expr:
        if not isinstance(node.type, NamedType):
            raise NotSimulatedError(f"new {node.type}")
        collection = self._collection(node, node.type)
        if collection is not None:
            return collection
        if node.constructor is None:
            made = self.emit_default(node)
        else:
            made = self.emit_member_call(node.constructor, None, [self.emit(a) for a in node.arguments], ())
        if not node.initializers:
            return made
        name = self.fresh("new")
        steps = [walrus(name, made)]
        self._initialize(node.initializers, name, steps, name)
        return last_of(*steps, load(name))

    def _collection(self, node: nodes.ObjectCreation, type_: NamedType) -> ast.expr | None:
        """A new list, or a dictionary whose keys are different constants, with all its items at once: no Add fails."""
        rows = [_added(initializer) for initializer in node.initializers]
        if self.recording or node.arguments or not 0 < len(rows) <= _MOST_ITEMS:
            return None
        added = [row for row in rows if row is not None]
        if len(added) < len(rows):
            return None
        types = self.types_constant(type_.arguments)
        if type_.name == _LIST and all(len(row) == 1 for row in added):
            from apimpolicy.dotnet.collections.lists import List

            return self.run(List.of_items, types, ast.List([self.emit(item) for (item,) in added], ast.Load()))
        if type_.name == _DICTIONARY and type_.arguments[0] in (STRING, INT):
            from apimpolicy.dotnet.collections.dictionary import Dictionary

            places = {row[0].constant: place for place, row in enumerate(added) if row[0].is_constant}
            if len(places) == len(added) and None not in places:
                entries = ast.List([tuple_of(*map(self.emit, row)) for row in added], ast.Load())
                return self.run(Dictionary.of_entries, types, self.bring(places, "places"), entries)
        return None

    def _initialize(
        self, initializers: tuple[nodes.Initializer, ...], name: str, steps: list[Any], created: str = ""
    ) -> None:
        for initializer in initializers:
            self.with_placeholder(initializer.placeholder, name, not_null=name == created)
            if not initializer.nested:
                steps.append(self.emit(initializer.action))
                continue
            inner = self.fresh("inner")
            steps.append(walrus(inner, self.emit(initializer.action)))
            self._initialize(initializer.nested, inner, steps)

    def emit_array_creation(self, node: nodes.ArrayCreation) -> ast.expr:
        element = self.type_constant(node.type.element)
        if node.items is None:
            sizes = [self.emit(size) for size in node.sizes]
            if len(sizes) == 1:
                return self.run(arrays.new_array, element, sizes[0])
            return self.run(arrays.new_rectangular_array, element, tuple_of(*sizes))
        if node.type.rank == 1:
            items = ast.List([self.emit(item) for item in node.items], ast.Load())
            if isinstance(node.type.element, NamedType) and not node.type.element.arguments:
                return call(self.bring(array_class(node.type.element), "Array"), items)
            return call(self.bring(Array, "Array"), element, items)
        flat: list[ast.expr] = []
        lengths = self._flatten(node.items, node.type.rank, flat)
        return call(
            self.bring(RectangularArray, "RectangularArray"),
            element,
            constant(tuple(lengths)),
            ast.List(flat, ast.Load()),
        )

    def _flatten(self, items: tuple[nodes.Expression, ...], rank: int, flat: list[ast.expr]) -> list[int]:
        if rank == 1:
            flat.extend(map(self.emit, items))
            return [len(items)]
        inner = [0] * (rank - 1)  # of `{ }`
        for row in items:
            if isinstance(row, nodes.ArrayCreation):
                inner = self._flatten(row.items or (), rank - 1, flat)
        return [len(items), *inner]

    def emit_anonymous_creation(self, node: nodes.AnonymousCreation) -> ast.expr:
        names = constant(tuple(name for name, _ in node.type.members))
        values = tuple_of(*map(self.emit, node.values))
        return call(self.bring(AnonymousObject, "AnonymousObject"), self.type_constant(node.type), names, values)

    def emit_default(self, node: nodes.Expression) -> ast.expr:
        if node.is_constant:
            return self.emit_constant(node.constant, node.type)
        return self.run(arrays.default_value, self.type_constant(node.type))


def _added(initializer: nodes.Initializer) -> tuple[nodes.Expression, ...] | None:
    """What `{ … }` adds to a collection by a call of its own Add."""
    action = initializer.action
    is_add = isinstance(action, nodes.Call) and action.receiver is initializer.placeholder and not initializer.nested
    return tuple(action.arguments) if is_add and isinstance(action, nodes.Call) else None
