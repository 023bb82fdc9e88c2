"""Type tests and casts at run time: `is`, `as`, `(T)value`, and what `Cast<T>` and `OfType<T>` ask of each element."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import InvalidCastException, NullReferenceException
from apimpolicy.csharp.dotnet.metadata import named, runtime_name
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import OBJECT, has_one_type, type_of, unbox

_MOST_FITTING = 1024
_fitting: set[tuple[type, Type]] = set()
"""Python classes all of whose objects are of a .NET type and stay as they are in a cast to it."""

_instances: dict[tuple[type, Type], bool] = {}
"""Whether all objects of a Python class are of a .NET type."""

VALUE_TYPE = named("System.ValueType")
ENUM = named("System.Enum")
_ARRAY_INTERFACES = frozenset(
    f"System.Collections.Generic.{name}"
    for name in ("IEnumerable", "ICollection", "IList", "IReadOnlyCollection", "IReadOnlyList")
)


def is_instance(value: Any, target: Type) -> bool:
    """C#'s `value is target` for a boxed or reference value."""
    known = _instances.get((type(value), target))
    if known is not None:
        return known
    if value is None:
        return False
    found = _is_instance(value, target)
    if has_one_type(type(value)) and len(_instances) < _MOST_FITTING:
        _instances[type(value), target] = found
    return found


def _is_instance(value: Any, target: Type) -> bool:
    if target is OBJECT:
        return True
    if target.underlying is not None:
        target = target.underlying
    if isinstance(target, NamedType) and target.kind == "delegate" and type_of(value) is OBJECT:
        return callable(value)  # a lambda that was passed to a member does not know its type
    return is_reference_convertible(type_of(value), target)


def is_reference_convertible(source: Type, target: Type) -> bool:
    """Return whether every (boxed) value of `source` is a `target`: identity, base types, variance, arrays.

    >>> from apimpolicy.csharp.dotnet.metadata import parse
    >>> is_reference_convertible(parse("string[]"), parse("System.Collections.Generic.IEnumerable<object>"))
    True
    """
    if source is target or target is OBJECT:
        return True
    if isinstance(source, ArrayType):
        if isinstance(target, ArrayType):
            return source.rank == target.rank and _is_element(source.element, target.element)
        if isinstance(target, NamedType) and target.name in _ARRAY_INTERFACES and target.arguments:
            return source.rank == 1 and _is_element(source.element, target.arguments[0])
        return is_reference_convertible(named("System.Array"), target)
    if not isinstance(source, NamedType) or not isinstance(target, NamedType):
        return False
    supertypes = source.supertypes
    if target in supertypes:
        return True
    return bool(target.arguments) and any(_by_variance(candidate, target) for candidate in supertypes)


def _is_variant(source: Type, target: Type) -> bool:
    return source is target or (
        not source.is_value_type and not target.is_value_type and is_reference_convertible(source, target)
    )


def _is_element(source: Type, target: Type) -> bool:
    return _is_variant(source, target) or _same_in_array(source, target)


_WITHOUT_SIGN = {"sbyte": "byte", "short": "ushort", "int": "uint", "long": "ulong"}


def _same_in_array(source: Type, target: Type) -> bool:
    """Return whether arrays of these elements are one type at run time (ECMA-335 I.8.7.1): same size, any sign.

    The compiler does not know that, so only an `object` shows it: a `uint[]` is an `int[]`.
    """
    return source.is_value_type and target.is_value_type and _reduced(source) == _reduced(target)


def _reduced(type_: Type) -> str:
    name = str(type_)
    if isinstance(type_, NamedType) and type_.kind == "enum":
        name = type_.definition.enum_underlying
    return _WITHOUT_SIGN.get(name, name)


def _by_variance(source: NamedType, target: NamedType) -> bool:
    if source.definition is not target.definition or not target.arguments:
        return False
    return all(
        ours is theirs
        or (parameter.variance == "out" and _is_variant(ours, theirs))
        or (parameter.variance == "in" and _is_variant(theirs, ours))
        for parameter, ours, theirs in zip(
            source.definition.type_parameters, source.arguments, target.arguments, strict=True
        )
    )


def invalid_cast(value: Any, type_: Type) -> InvalidCastException:
    """Return the exception for a value of another type; .NET Framework gives no reason when unboxing fails."""
    if environment().is_framework and type_.is_value_type:
        return InvalidCastException()
    return InvalidCastException(
        f"Unable to cast object of type '{runtime_name(type_of(value))}' to type '{runtime_name(type_)}'."
    )


def cast(value: Any, type_: Type) -> Any:
    """`(type)value` of an `object`: the plain Python value of exactly this type.

    Null gives None for reference types and `T?`, else NullReferenceException. A boxed `int` unboxes to `int` and
    to enums over `int`, never to `long`: InvalidCastException.

    >>> from apimpolicy.csharp.dotnet.values import INT, LONG, Int64
    >>> cast(5, INT), cast(Int64(5), LONG)
    (5, 5)
    """
    if (type(value), type_) in _fitting:
        return value
    if value is None:
        if type_.is_value_type and type_.underlying is None:
            raise NullReferenceException
        return None
    target = type_.underlying or type_
    if is_instance(value, target) or _same_underlying(value, target):
        plain = unboxed(value, target)
        if plain is value and has_one_type(type(value)) and len(_fitting) < _MOST_FITTING:
            _fitting.add((type(value), type_))
        return plain
    raise invalid_cast(value, type_)


def _same_underlying(value: Any, target: Type) -> bool:
    """Return whether a value unboxes to a type as an enum and its underlying type do to each other."""
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
    return unboxed(value, type_)


def unboxed(value: Any, target: Type) -> Any:
    """Return a value that is known to be of the target type, as it is held while its static type is the target."""
    if not target.is_value_type or target is VALUE_TYPE or target is ENUM:
        return value
    return unbox(value)
