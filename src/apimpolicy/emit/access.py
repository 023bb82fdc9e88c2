"""Emission of names, members and elements."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.dotnet.collections import arrays
from apimpolicy.emit import runtime
from apimpolicy.emit.building import attribute, constant, is_not_none, item, tuple_of
from apimpolicy.emit.calls import call_registered
from apimpolicy.emit.members import implementation_of, missing, read_member

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.emit.core import Emitter


def emit_local(emitter: Emitter, node: nodes.Local) -> ast.expr:
    return emitter.read(node.symbol)


def emit_placeholder(emitter: Emitter, node: nodes.Placeholder) -> ast.expr:
    return emitter.read_placeholder(node)


def emit_field_access(emitter: Emitter, node: nodes.FieldAccess) -> ast.expr:
    if node.field.declaring.is_tuple and node.receiver is not None and node.field.name.startswith("Item"):
        return item(emitter.emit(node.receiver), int(node.field.name[4:]) - 1)
    return read_member(emitter, node.field, node.receiver)


def emit_property_access(emitter: Emitter, node: nodes.PropertyAccess) -> ast.expr:
    if node.property.container.is_nullable and node.receiver is not None:
        if node.property.name == "HasValue":
            return is_not_none(emitter.emit(node.receiver))
        if node.property.name == "Value":
            return emitter.run(runtime.nullable_value, emitter.emit(node.receiver))
    return read_member(emitter, node.property, node.receiver)


def emit_tuple_element(emitter: Emitter, node: nodes.TupleElement) -> ast.expr:
    return item(emitter.emit(node.receiver), node.index)


def emit_tuple_rest(emitter: Emitter, node: nodes.TupleRest) -> ast.expr:
    return ast.Subscript(emitter.emit(node.receiver), ast.Slice(constant(7)), ast.Load())


def emit_anonymous_member(emitter: Emitter, node: nodes.AnonymousMember) -> ast.expr:
    return item(attribute(emitter.emit(node.receiver), "values"), node.index)


def emit_indexer_access(emitter: Emitter, node: nodes.IndexerAccess) -> ast.expr:
    found = implementation_of(node.property)
    if found is None:
        return missing(emitter, node.property)
    return call_registered(emitter, found, node.property, node.receiver, node.arguments)


def emit_array_access(emitter: Emitter, node: nodes.ArrayAccess) -> ast.expr:
    indexes = [emitter.emit(index) for index in node.indexes]
    if len(indexes) == 1:
        return emitter.run(arrays.array_get, emitter.emit(node.array), indexes[0])
    return emitter.run(arrays.rectangular_get, emitter.emit(node.array), tuple_of(*indexes))
