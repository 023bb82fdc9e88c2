"""Emission of names and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.emit import runtime
from apimpolicy.emit.building import attribute, is_not_none, item
from apimpolicy.emit.members import read_member

if TYPE_CHECKING:
    import ast

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


def emit_anonymous_member(emitter: Emitter, node: nodes.AnonymousMember) -> ast.expr:
    return item(attribute(emitter.emit(node.receiver), "values"), node.index)
