"""Conversions (C# specification, chapter 10): which exist between types, and which is better (section 12.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apimpolicy.csharp.binding import type_relations
from apimpolicy.csharp.binding.lookup import declared_members, supertypes
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import NULL, ArrayType, NamedType, SpecialType, TupleType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import (
    BYTE,
    CHAR,
    INT,
    LONG,
    OBJECT,
    SBYTE,
    SHORT,
    STRING,
    UINT,
    ULONG,
    USHORT,
    VOID,
)

_SIGNED_UNSIGNED: dict[Type, set[NamedType]] = {
    SBYTE: {BYTE, USHORT, UINT, ULONG},
    SHORT: {USHORT, UINT, ULONG},
    INT: {UINT, ULONG},
    LONG: {ULONG},
}


def implicit_conversion(source: Type, target: Type) -> type_relations.Conversion | None:
    """Return the implicit conversion from a type (not: from an expression), or None."""
    return standard_implicit(source, target) or user_conversion(source, target, explicit=False)


_standard: dict[tuple[Type, Type], type_relations.Conversion | None] = {}
_user: dict[tuple[Type, Type, bool], type_relations.Conversion | None] = {}


def _is_permanent(type_: Type) -> bool:
    """Return whether a type lives as long as the process: results for others are not cached, so memory doesn't grow."""
    inner = type_.underlying
    if inner is not None:
        return _is_permanent(inner)
    return isinstance(type_, SpecialType) or (isinstance(type_, NamedType) and not type_.arguments)


def standard_implicit(source: Type, target: Type) -> type_relations.Conversion | None:
    """Standard implicit conversions (section 10.4.2): all but the user-defined ones."""
    if source is target:
        return type_relations.IDENTITY
    key = (source, target)
    if key in _standard:
        return _standard[key]
    found = _find_standard_implicit(source, target)
    if _is_permanent(source) and _is_permanent(target):
        _standard[key] = found
    return found


def _find_standard_implicit(source: Type, target: Type) -> type_relations.Conversion | None:
    if type_relations.same(source, target) or source.has_error or target.has_error:
        return type_relations.IDENTITY
    if target in type_relations.IMPLICIT_NUMERIC.get(source, ()):
        return type_relations.NUMERIC_WIDENING
    if source is VOID or target is VOID:
        return None
    inner_target = target.underlying
    if source is NULL:
        return type_relations.NULL_LITERAL if inner_target is not None or type_relations.is_reference(target) else None
    if inner_target is not None:
        inner_source = source.underlying
        if inner_source is not None:
            inner = standard_implicit(inner_source, inner_target)
            return type_relations.Conversion("nullable", inner=inner) if inner is not None else None
        if source.is_value_type:
            inner = standard_implicit(source, inner_target)
            return (
                type_relations.Conversion("nullable", inner=inner)
                if inner is not None and inner.kind != "boxing"
                else None
            )
        return None
    if isinstance(source, TupleType) and isinstance(target, TupleType):
        return _tuple_conversion(source, target, explicit=False)
    if isinstance(source, SpecialType):
        return None
    if type_relations.is_ref_struct(source):
        return None
    if source.is_value_type:
        boxed = source.underlying or source
        if target is OBJECT:
            return type_relations.BOXING
        is_boxing = (
            isinstance(target, NamedType)
            and not target.is_value_type
            and any(type_relations.is_variant(parent, target) for parent in supertypes(boxed))
        )
        return type_relations.BOXING if is_boxing else None
    if isinstance(source, TypeParameter) and not type_relations.is_reference(source):
        if isinstance(target, TypeParameter):
            return type_relations.BOXING if type_relations.has_bound(source, target) else None
        is_boxing = target is OBJECT or any(
            type_relations.is_variant(parent, target) for parent in supertypes(source) if isinstance(target, NamedType)
        )
        return type_relations.BOXING if is_boxing else None
    return type_relations.REFERENCE if type_relations.has_reference_conversion(source, target) else None


def _tuple_conversion(source: TupleType, target: TupleType, *, explicit: bool) -> type_relations.Conversion | None:
    if len(source.arguments) != len(target.arguments):
        return None
    find = explicit_conversion if explicit else implicit_conversion
    if all(find(one, other) is not None for one, other in zip(source.arguments, target.arguments, strict=True)):
        return type_relations.Conversion("tuple", not explicit)
    return None


def constant_fits(value: Any, source: Type, target: Type) -> bool:
    """Implicit constant expression conversion (section 10.2.11): an int constant that fits, a long that fits ulong."""
    if source is INT:
        bounds = type_relations.INTEGRAL_RANGES.get(target)
        return bounds is not None and target is not CHAR and bounds[0] <= value <= bounds[1]
    return source is LONG and target is ULONG and value >= 0


def explicit_conversion(source: Type, target: Type) -> type_relations.Conversion | None:
    """Return the conversion that a cast performs: implicit ones first (section 10.3.1)."""
    found = standard_implicit(source, target)
    if found is not None:
        return found
    found = _standard_explicit(source, target)
    if found is not None:
        return found
    return user_conversion(source, target, explicit=True)


def _standard_explicit(source: Type, target: Type) -> type_relations.Conversion | None:
    if source in type_relations.NUMERIC and target in type_relations.NUMERIC:
        return type_relations.NUMERIC_EXPLICIT
    source_is_enum, target_is_enum = type_relations.is_enum(source), type_relations.is_enum(target)
    if (source_is_enum and (target in type_relations.NUMERIC or target_is_enum)) or (
        target_is_enum and source in type_relations.NUMERIC
    ):
        return type_relations.ENUM_EXPLICIT
    inner_source, inner_target = source.underlying, target.underlying
    if inner_source is not None or inner_target is not None:
        if not ((inner_source or source).is_value_type and (inner_target or target).is_value_type):
            if inner_target is not None and type_relations.is_reference(source) and _unboxes(source, target):
                return type_relations.UNBOXING
            return None
        inner = explicit_conversion(inner_source or source, inner_target or target)
        if inner is None or inner.kind == "user":
            return None
        return type_relations.Conversion("nullable", False, inner=inner)
    if isinstance(source, TupleType) and isinstance(target, TupleType):
        return _tuple_conversion(source, target, explicit=True)
    if isinstance(source, TypeParameter) or isinstance(target, TypeParameter):
        return type_relations.UNBOXING if _of_type_parameter(source, target) else None
    if type_relations.is_reference(source) and target.is_value_type:
        return type_relations.UNBOXING if _unboxes(source, target) else None
    if type_relations.is_reference(source) and type_relations.is_reference(target):
        return type_relations.REFERENCE_EXPLICIT if _explicit_reference(source, target) else None
    return None


def _of_type_parameter(source: Type, target: Type) -> bool:
    """Explicit conversions with type parameters (section 10.3.8): from a base, to an interface."""
    if isinstance(source, TypeParameter):
        return type_relations.is_interface(target) or (
            isinstance(target, TypeParameter) and type_relations.has_bound(target, source)
        )
    return type_relations.is_interface(source) or standard_implicit(target, source) is not None


def may_be(is_instance: bool, source: Type, target: Type) -> bool:
    """Return whether a value may be of another type (sections 12.12.12 and 11.2.2): not if the compiler knows better.

    In an instance of a generic function, it knows no more than in the function.
    """
    if is_instance or isinstance(source, TypeParameter) or isinstance(target, TypeParameter):
        return True
    found = explicit_conversion(source, target)
    return found is not None and found.kind not in ("user", "numeric", "enum")


def _unboxes(source: Type, target: Type) -> bool:
    if source is OBJECT or source is named("System.ValueType"):
        return True
    inner = target.underlying or target
    if source is named("System.Enum"):
        return type_relations.is_enum(inner)
    return type_relations.is_interface(source) and standard_implicit(inner, source) is not None


def _explicit_reference(source: Type, target: Type) -> bool:
    """Explicit reference conversions (section 10.3.5)."""
    if type_relations.has_reference_conversion(target, source):
        return True
    if isinstance(source, ArrayType) and isinstance(target, ArrayType):
        return source.rank == target.rank and (
            type_relations.has_reference_conversion(target.element, source.element)
            or (
                type_relations.is_reference(source.element)
                and type_relations.is_reference(target.element)
                and _explicit_reference(source.element, target.element)
            )
        )
    if isinstance(source, NamedType) and isinstance(target, NamedType):
        if type_relations.is_delegate(source) and type_relations.is_delegate(target):
            return source.definition is target.definition and _explicit_variance(source, target)
        if type_relations.is_interface(source) and (type_relations.is_interface(target) or not is_sealed(target)):
            return True
        return bool(type_relations.is_interface(target) and not is_sealed(source))
    if isinstance(source, NamedType) and type_relations.is_interface(source) and isinstance(target, ArrayType):
        return _list_of(source, target)
    if isinstance(source, ArrayType) and isinstance(target, NamedType) and type_relations.is_interface(target):
        return _list_of(target, source)
    return False


def _explicit_variance(source: NamedType, target: NamedType) -> bool:
    """Section 10.3.5 on generic delegates: each type argument may turn into the other as a reference."""
    _ = source.definition.base, source.definition.interfaces  # the header, read on first use, sets the variances
    for parameter, one, other in zip(
        source.definition.type_parameters, source.arguments, target.arguments, strict=True
    ):
        if type_relations.same(one, other):
            continue
        if not (type_relations.is_reference(one) and type_relations.is_reference(other)):
            return False
        if parameter.variance == "out" and not (
            type_relations.has_reference_conversion(one, other) or _explicit_reference(one, other)
        ):
            return False
    return True


def _list_of(interface: NamedType, array: ArrayType) -> bool:
    if array.rank != 1 or len(interface.arguments) != 1:
        return False
    argument = interface.arguments[0]
    return any(parent.definition is interface.definition for parent in supertypes(array)) and (
        type_relations.same(argument, array.element)
        or type_relations.has_reference_conversion(argument, array.element)
        or type_relations.has_reference_conversion(array.element, argument)
    )


def is_sealed(type_: NamedType) -> bool:
    """Return whether no class derives from a type, so that none of its values has an interface that it lacks."""
    return type_.definition.is_sealed


def _encompasses(wide: Type, narrow: Type) -> bool:
    return standard_implicit(narrow, wide) is not None


def user_conversion(source: Type, target: Type, *, explicit: bool) -> type_relations.Conversion | None:
    """User-defined conversions (sections 10.5.4 and 10.5.5), found through op_Implicit and op_Explicit."""
    bare_source, bare_target = source.underlying or source, target.underlying or target
    if not _may_convert(bare_source) and not _may_convert(bare_target):
        return None
    if source is NULL:
        return None
    key = (source, target, explicit)
    if key in _user:
        return _user[key]
    found = _find_user_conversion(source, target, explicit=explicit)
    if _is_permanent(source) and _is_permanent(target):
        _user[key] = found
    return found


def _find_user_conversion(source: Type, target: Type, *, explicit: bool) -> type_relations.Conversion | None:
    bare_source, bare_target = source.underlying or source, target.underlying or target
    candidates = list(_conversion_operators(bare_source, bare_target, explicit=explicit))
    applicable: list[Method] = []
    for method in candidates:
        parameter, result = method.parameters[0].type, method.returns
        if explicit:
            fits = (_encompasses(parameter, source) or _encompasses(source, parameter)) and (
                _encompasses(target, result) or _encompasses(result, target)
            )
        else:
            fits = _encompasses(parameter, source) and _encompasses(target, result)
        if fits:
            applicable.append(method)
    if not applicable and (source.underlying is not None or target.underlying is not None):
        return _lifted_user_conversion(source, target, explicit=explicit)
    if not applicable:
        return None
    from_type = _most_specific(source, [method.parameters[0].type for method in applicable], narrow=True)
    to_type = _most_specific(target, [method.returns for method in applicable], narrow=False)
    for method in applicable:
        if method.parameters[0].type is from_type and method.returns is to_type:
            before = explicit_conversion(source, from_type) if explicit else standard_implicit(source, from_type)
            after = explicit_conversion(to_type, target) if explicit else standard_implicit(to_type, target)
            return type_relations.Conversion("user", not explicit, method=method, before=before, after=after)
    return None


def _lifted_user_conversion(source: Type, target: Type, *, explicit: bool) -> type_relations.Conversion | None:
    inner_source = source.underlying
    if inner_source is None:
        return None
    inner = user_conversion(inner_source, target.underlying or target, explicit=explicit)
    if inner is None:
        return None
    return type_relations.Conversion("nullable", not explicit, inner=inner)


def _may_convert(type_: Type) -> bool:
    return isinstance(type_, NamedType) and type_.kind in ("class", "struct") and type_ is not OBJECT


def _conversion_operators(source: Type, target: Type, *, explicit: bool) -> Iterator[Method]:
    names = ("op_Implicit", "op_Explicit") if explicit else ("op_Implicit",)
    seen: set[int] = set()
    for side in (source, target):
        for parent in supertypes(side) if isinstance(side, NamedType) else ():
            if parent.kind == "interface" or parent in type_relations.NUMERIC or parent in (STRING, OBJECT):
                continue
            for name in names:
                for member in declared_members(parent, name):
                    if isinstance(member, Method) and id(member) not in seen:
                        seen.add(id(member))
                        yield member


def _most_specific(wanted: Type, types: list[Type], *, narrow: bool) -> Type | None:
    """Most specific source (narrow) or target of section 10.5.4: the exact one, else the most encompassing one."""
    if wanted in types:
        return wanted
    inside = [t for t in types if (_encompasses(t, wanted) if narrow else _encompasses(wanted, t))]
    pool = inside or types
    for candidate in pool:
        others = [t for t in pool if t is not candidate]
        if narrow == bool(inside):
            if all(_encompasses(t, candidate) for t in others):
                return candidate
        elif all(_encompasses(candidate, t) for t in others):
            return candidate
    return None


def better_target(first: Type, second: Type) -> int:
    """Better conversion target (section 12.6.4.6): 1 when the first is better, -1 when the second is, 0 for neither."""
    if type_relations.same(first, second):
        return 0
    to_second = implicit_conversion(first, second) is not None
    to_first = implicit_conversion(second, first) is not None
    if to_second and not to_first:
        return 1
    if to_first and not to_second:
        return -1
    bare_first, bare_second = first.underlying or first, second.underlying or second
    if (first.underlying is None) == (second.underlying is None):
        if bare_second in _SIGNED_UNSIGNED.get(bare_first, ()):
            return 1
        if bare_first in _SIGNED_UNSIGNED.get(bare_second, ()):
            return -1
    return 0
