"""Conversions, written and implied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.members import call_method
from apimpolicy.semantics.operators import cast, unknown_operation, wrapped
from apimpolicy.semantics.values import INTEGERS, NULL, Host, Items, Number, Parts, Query, Table, Value, type_of

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.binding.type_relations import Conversion
    from apimpolicy.dotnet.types import Type
    from apimpolicy.semantics.evaluation import Evaluation


def value_convert(evaluation: Evaluation, node: nodes.Convert) -> Value:
    operand = evaluation.value(node.operand)
    if node.conversion.kind == "lambda":
        return operand
    return evaluation.each([operand], lambda value: _converted(evaluation, node, node.conversion, value, node.type))


def _converted(
    evaluation: Evaluation, node: nodes.Convert, conversion: Conversion, value: Value, target: Type
) -> Value:
    name = str(target)
    match conversion.kind:
        case "identity" | "boxing" | "null":
            return value
        case "reference" if conversion.is_implicit:
            return value
        case "reference" | "unboxing":
            if isinstance(value, (Host, Items, Parts, Query, Table)) and type_of(value) != name:
                return _escaped(evaluation, value, name)
            return cast(evaluation, value, name, is_value_type=target.is_value_type)
        case "numeric" | "constant" | "enum" if isinstance(value, Number) and not node.is_checked:
            if name in INTEGERS and value.type in INTEGERS:
                return wrapped(value.term, name)
            if conversion.kind == "constant" and name in INTEGERS:
                return Number(value.term, name)
        case "nullable":
            return _nullable(evaluation, node, conversion, value, target)
        case "user" if conversion.method is not None and _is_direct(conversion):
            return call_method(evaluation, conversion.method, (), [value], target)
    return unknown_operation(evaluation, node, value, may_throw=node.is_checked or not conversion.is_implicit)


def _is_direct(conversion: Conversion) -> bool:
    """Return whether nothing is converted before and after the operator that a user conversion calls."""
    before, after = conversion.before, conversion.after
    keeps = before is None or before.kind == "identity" or (before.kind == "reference" and before.is_implicit)
    return keeps and (after is None or after.kind == "identity")


def _nullable(evaluation: Evaluation, node: nodes.Convert, conversion: Conversion, value: Value, target: Type) -> Value:
    """Convert between T and T?: what is not null is converted itself."""
    if value is NULL:
        return NULL if str(target).endswith("?") else evaluation.fail()
    if conversion.inner is None or conversion.inner.kind == "identity":
        return value
    inner = target.arguments[0] if str(target).endswith("?") else target  # type: ignore[attr-defined] # T? has one
    return _converted(evaluation, node, conversion.inner, value, inner)


def _escaped(evaluation: Evaluation, value: Value, target: str) -> Value:
    """Return the result of an explicit conversion of a collection, whose later use as another type is unknown."""
    what = f"a conversion to {target}"
    evaluation.throw(evaluation.unknowns.truth(what))
    return evaluation.unknowns.value(target, what, null=False)
