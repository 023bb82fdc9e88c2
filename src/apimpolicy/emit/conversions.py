"""Emission of conversions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding.nodes import InterpolatedString
from apimpolicy.binding.type_relations import IDENTITY, Conversion
from apimpolicy.dotnet import casts
from apimpolicy.dotnet.types import NamedType, TupleType, Type
from apimpolicy.emit import runtime
from apimpolicy.emit.boxing import boxed
from apimpolicy.emit.building import (
    attribute,
    call,
    conditional,
    constant,
    is_none,
    item,
    last_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.emit.members import call_member
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Convert, Expression
    from apimpolicy.emit.core import Emitter


def emit_convert(emitter: Emitter, node: Convert) -> ast.expr:
    if node.is_constant:
        return emitter.literal(node.constant)
    if node.conversion.kind == "interpolated":
        return _formattable(emitter, node.operand)
    value = emitter.emit(node.operand)
    return converted(emitter, value, node.operand.type, node.type, node.conversion, node)


def _formattable(emitter: Emitter, text: Expression) -> ast.expr:
    """Return an interpolated string as a FormattableString: a composite format and the boxed values."""
    from apimpolicy.dotnet.system.formattable_strings import FormattableString
    from apimpolicy.emit.texts import composite_of

    pattern, values = composite_of(emitter, text.parts if isinstance(text, InterpolatedString) else [text.constant])
    return emitter.run(FormattableString, constant(pattern), *values)


def converted(
    emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion, node: Convert | None = None
) -> ast.expr:
    """Return the value after a conversion."""
    kind = conversion.kind
    if kind in ("identity", "null", "default"):
        return value
    if kind in ("numeric", "constant", "enum"):
        from apimpolicy.emit.arithmetic import converted_number

        return converted_number(emitter, value, source, target, is_checked=node is not None and node.is_checked)
    if kind == "boxing":
        return boxed(emitter, value, source)
    if kind == "reference":
        return reference(emitter, value, source, target, conversion)
    if kind == "unboxing":
        return emitter.run(casts.cast, value, emitter.type_constant(target))
    if kind == "nullable":
        return _nullable(emitter, value, source, target, conversion, node)
    if kind == "user":
        return _user(emitter, value, source, target, conversion)
    if kind == "tuple":
        return _tuple(emitter, value, source, target, conversion)
    raise NotSimulatedError(f"conversion from {source} to {target}")


def reference(emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion) -> ast.expr:
    """Between reference types: looked at when it runs if the compiler can't know."""
    if not conversion.is_implicit:
        return emitter.run(casts.cast, value, emitter.type_constant(target))
    if _is_pairs_of_tokens(source, target):
        name = emitter.fresh()
        pairs = call(attribute(load(name), "key_value_pairs"))
        return conditional(is_none(walrus(name, value)), constant(None), pairs)
    return value


def _nullable(
    emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion, node: Convert | None
) -> ast.expr:
    inner = conversion.inner or IDENTITY
    inner_source, inner_target = source.underlying or source, target.underlying or target
    if source.underlying is None:
        return converted(emitter, value, inner_source, inner_target, inner, node)
    if target.underlying is None:
        return converted(emitter, emitter.run(runtime.nullable_value, value), inner_source, inner_target, inner, node)
    name = emitter.fresh()
    made = converted(emitter, load(name), inner_source, inner_target, inner, node)
    if isinstance(made, ast.Name):
        return value
    return conditional(is_none(walrus(name, value)), constant(None), made)


def _user(emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion) -> ast.expr:
    method = conversion.method
    if method is None:
        raise NotSimulatedError(f"conversion from {source} to {target}")
    parameter = method.parameters[0].type
    if conversion.before is not None:
        value = converted(emitter, value, source, parameter, conversion.before)
    value = call_member(emitter, method, None, [value])
    if conversion.after is not None:
        value = converted(emitter, value, method.returns, target, conversion.after)
    return value


def _tuple(emitter: Emitter, value: ast.expr, source: Type, target: Type, conversion: Conversion) -> ast.expr:
    if not isinstance(source, TupleType) or not isinstance(target, TupleType):
        return value
    name = emitter.fresh()
    parts: list[ast.expr] = []
    for index, (one, other) in enumerate(zip(source.arguments, target.arguments, strict=True)):
        part = item(load(name), index)
        found = conv.implicit_conversion(one, other) or conv.explicit_conversion(one, other) or IDENTITY
        parts.append(converted(emitter, part, one, other, found))
    return last_of(walrus(name, value), tuple_of(*parts))


def _is_pairs_of_tokens(source: Type, target: Type) -> bool:
    """Return whether a JObject is converted to a sequence of pairs instead of its child tokens."""
    return (
        isinstance(source, NamedType)
        and source.name == "Newtonsoft.Json.Linq.JObject"
        and isinstance(target, NamedType)
        and target.name in ("System.Collections.Generic.IEnumerable", "System.Collections.Generic.ICollection")
        and len(target.arguments) == 1
        and str(target.arguments[0]).startswith("System.Collections.Generic.KeyValuePair<")
    )
