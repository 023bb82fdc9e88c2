"""Whether a value is of a type at run time: what `Cast<T>`, `OfType<T>` and stores into arrays ask."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import InvalidCastException, NullReferenceException
from apimpolicy.dotnet.metadata import KEYWORDS, named
from apimpolicy.dotnet.types import ArrayType, NamedType, TupleType, Type
from apimpolicy.dotnet.values import OBJECT, EnumValue, type_of, unbox, without_names

_ARRAY_INTERFACES = frozenset(
    f"System.Collections.Generic.{name}"
    for name in ("IEnumerable", "ICollection", "IList", "IReadOnlyCollection", "IReadOnlyList")
)
_FULL_NAMES = {keyword: full for full, keyword in KEYWORDS.items()}


def is_instance(value: Any, target: Type) -> bool:
    """C#'s `value is target` for a boxed or reference value."""
    if value is None:
        return False
    if target is OBJECT:
        return True
    if target.underlying is not None:
        target = target.underlying
    if isinstance(target, TupleType):
        target = without_names(target)
    if isinstance(target, NamedType) and target.kind == "delegate":
        return callable(value)
    return is_reference_convertible(type_of(value), target)


def is_reference_convertible(source: Type, target: Type) -> bool:
    """Whether every (boxed) value of `source` is a `target`: identity, base types, variance, arrays.

    >>> from apimpolicy.dotnet.metadata import parse
    >>> is_reference_convertible(parse("string[]"), parse("System.Collections.Generic.IEnumerable<object>"))
    True
    """
    if source is target or target is OBJECT:
        return True
    if isinstance(source, ArrayType):
        if isinstance(target, ArrayType):
            return source.rank == target.rank and _is_variant(source.element, target.element)
        if isinstance(target, NamedType) and target.name in _ARRAY_INTERFACES and target.arguments:
            return source.rank == 1 and _is_variant(source.element, target.arguments[0])
        return is_reference_convertible(named("System.Array"), target)
    if not isinstance(source, NamedType) or not isinstance(target, NamedType):
        return False
    return any(candidate is target or _by_variance(candidate, target) for candidate in source.supertypes)


def _is_variant(source: Type, target: Type) -> bool:
    return source is target or (
        not source.is_value_type and not target.is_value_type and is_reference_convertible(source, target)
    )


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


def cast(value: Any, target: Type) -> Any:
    """C#'s `(T)value` from `object`: a reference conversion or an unboxing.

    Raises NullReferenceException for null as a value type, InvalidCastException otherwise.
    """
    if value is None:
        if target.is_value_type and target.underlying is None:
            raise NullReferenceException
        return None
    unboxed = target.underlying or target
    if not is_instance(value, unboxed) and not _is_enum_of(value, unboxed):
        raise InvalidCastException(
            f"Unable to cast object of type '{full_name(type_of(value))}' to type '{full_name(unboxed)}'."
        )
    return unbox_to(value, unboxed)


def unbox_to(value: Any, target: Type) -> Any:
    """A value that is known to be of the target type, as it is held while its static type is the target."""
    return unbox(value) if target.is_value_type and not _is_boxing_base(target) else value


def _is_boxing_base(target: Type) -> bool:
    return isinstance(target, NamedType) and target.name in ("System.ValueType", "System.Enum")


def _is_enum_of(value: Any, target: Type) -> bool:
    """The runtime unboxes an enum as its underlying type and the other way round."""
    if isinstance(value, EnumValue):
        return isinstance(target, NamedType) and target.name == value.dotnet_type.definition.enum_underlying
    if isinstance(target, NamedType) and target.kind == "enum" and not isinstance(value, bool):
        return getattr(type_of(value), "name", None) == target.definition.enum_underlying
    return False


def full_name(type_: Type) -> str:
    """The name of a type as exception messages of the runtime have it: ``System.Collections.Generic.List`1[…]``."""
    if isinstance(type_, ArrayType):
        return f"{full_name(type_.element)}[{',' * (type_.rank - 1)}]"
    if isinstance(type_, NamedType):
        name = _FULL_NAMES.get(type_.name, type_.name)
        if type_.definition.is_nested:
            outer, _, nested = name.rpartition(".")
            name = f"{outer}+{nested}"
        if type_.arguments:
            return f"{name}`{len(type_.arguments)}[{','.join(map(full_name, type_.arguments))}]"
        return name
    return str(type_)
