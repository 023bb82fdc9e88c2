"""Unboxing and casts from `object`, as called by emitted code."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import InvalidCastException, NullReferenceException
from apimpolicy.dotnet.system.objects import runtime_name
from apimpolicy.dotnet.types import ArrayType, NamedType, TupleType, Type
from apimpolicy.dotnet.values import BOXES, OBJECT, EnumValue, ValueTuple, type_of, unbox, without_names

_UNBOXED = frozenset(BOXES.values()) | {EnumValue, ValueTuple}


def is_instance(value: Any, type_: Type) -> bool:
    """C#'s `value is type`: null is nothing; a boxed value is its type, its interfaces and its base classes only."""
    if value is None:
        return False
    target = type_.underlying or type_
    if isinstance(target, TupleType):
        target = without_names(target)
    actual = type_of(value)
    if actual is target or target is OBJECT:
        return True
    if isinstance(actual, NamedType):
        if target in actual.supertypes:
            return True
        return isinstance(target, NamedType) and bool(target.arguments) and _by_variance(actual, target)
    return isinstance(actual, ArrayType) and _array_is(actual, target)


def _by_variance(actual: NamedType, target: NamedType) -> bool:
    """Whether an interface of the type converts to the target's arguments through `out` and `in`."""
    for candidate in actual.supertypes:
        if candidate.definition is target.definition and all(
            _argument_is(own, wanted, parameter.variance)
            for own, wanted, parameter in zip(
                candidate.arguments, target.arguments, target.definition.type_parameters, strict=True
            )
        ):
            return True
    return False


def _argument_is(own: Type, wanted: Type, variance: str) -> bool:
    if own is wanted:
        return True
    if own.is_value_type or wanted.is_value_type:
        return False
    if variance == "out":
        return _is_subtype(own, wanted)
    return variance == "in" and _is_subtype(wanted, own)


def _is_subtype(own: Type, wanted: Type) -> bool:
    if wanted is OBJECT:
        return True
    if isinstance(own, ArrayType):
        return _array_is(own, wanted)
    return isinstance(own, NamedType) and wanted in own.supertypes


_ARRAY_SUPERTYPES = frozenset(
    [
        "System.Array",
        "System.ICloneable",
        "System.Collections.IEnumerable",
        "System.Collections.ICollection",
        "System.Collections.IList",
        "System.Collections.IStructuralComparable",
        "System.Collections.IStructuralEquatable",
    ]
)
_ARRAY_INTERFACES = frozenset(
    f"System.Collections.Generic.{name}"
    for name in ("IEnumerable", "ICollection", "IList", "IReadOnlyCollection", "IReadOnlyList")
)


def _array_is(actual: ArrayType, target: Type) -> bool:
    """Arrays of references are covariant; arrays implement the interfaces of lists."""
    if isinstance(target, ArrayType):
        return target.rank == actual.rank and _argument_is(actual.element, target.element, "out")
    if not isinstance(target, NamedType):
        return False
    if target.name in _ARRAY_INTERFACES and target.arguments:
        return actual.rank == 1 and _argument_is(actual.element, target.arguments[0], "out")
    return target.name in _ARRAY_SUPERTYPES


def invalid_cast(value: Any, type_: Type) -> InvalidCastException:
    """What .NET throws when the value is not of the type."""
    return InvalidCastException(
        f"Unable to cast object of type '{runtime_name(type_of(value))}' to type '{runtime_name(type_)}'."
    )


def unbox_to(value: Any, type_: Type) -> Any:
    """`(type)value` of an `object`: the plain Python value of exactly this type.

    Null gives None for reference types and `T?`, else NullReferenceException. A boxed `int` unboxes to `int` and
    to enums over `int`, never to `long`: InvalidCastException.

    >>> from apimpolicy.dotnet.values import INT, LONG, Int64
    >>> unbox_to(5, INT), unbox_to(Int64(5), LONG)
    (5, 5)
    """
    if value is None:
        if type_.is_value_type and type_.underlying is None:
            raise NullReferenceException
        return None
    target = type_.underlying or type_
    if is_instance(value, target) or _same_underlying(value, target):
        return unbox(value) if target.is_value_type and type(value) in _UNBOXED else value
    raise invalid_cast(value, type_)


def _same_underlying(value: Any, target: Type) -> bool:
    """An enum and its underlying type unbox to each other."""
    actual = type_of(value)
    if not isinstance(actual, NamedType) or not isinstance(target, NamedType):
        return False
    if "enum" not in (actual.kind, target.kind):
        return False
    own = actual.definition.enum_underlying if actual.kind == "enum" else actual.name
    wanted = target.definition.enum_underlying if target.kind == "enum" else target.name
    return own == wanted


def try_cast(value: Any, type_: Type) -> Any:
    """`value as type`: None when it is not."""
    if not is_instance(value, type_):
        return None
    return unbox(value) if type_.is_value_type and type(value) in _UNBOXED else value
