"""Values of value types as `object`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import BOXES, box
from apimpolicy.emit.building import call

if TYPE_CHECKING:
    import ast

    from apimpolicy.binding.nodes import Expression
    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.core import Emitter

_SELF_BOXED = frozenset({"int", "double", "bool", "decimal"})


def boxed(emitter: Emitter, value: ast.expr, source: Type) -> ast.expr:
    """Return the value as `object`."""
    inner = source.underlying
    bare = inner or source
    if str(bare) in _SELF_BOXED:
        return value
    cls = BOXES.get(bare)
    if cls is not None and inner is None:
        return call(emitter.bring(cls, cls.__name__), value)
    if cls is not None or (isinstance(bare, NamedType) and (bare.kind == "enum" or bare.definition.is_tuple)):
        return emitter.run(box, emitter.type_constant(source), value)
    return value


def boxed_operand(emitter: Emitter, operand: Expression) -> ast.expr:
    """Return an operand as `object`, for a test of its run-time type."""
    value = emitter.emit(operand)
    return boxed(emitter, value, operand.type) if operand.type.is_value_type else value
