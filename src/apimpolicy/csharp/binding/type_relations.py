"""Kinds of conversions, and relations between two types: identity, variance, references (chapter 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apimpolicy.csharp.binding.lookup import supertypes
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import (
    NULL,
    AnonymousType,
    ArrayType,
    NamedType,
    TupleType,
    Type,
    TypeParameter,
    anonymous_type,
    array_of,
    construct,
    tuple_type,
)
from apimpolicy.csharp.dotnet.values import (
    BYTE,
    CHAR,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    OBJECT,
    SBYTE,
    SHORT,
    UINT,
    ULONG,
    USHORT,
    VOID,
)
from apimpolicy.records import Record

INTEGRAL_RANGES: dict[Type, tuple[int, int]] = {
    SBYTE: (-0x80, 0x7F),
    BYTE: (0, 0xFF),
    SHORT: (-0x8000, 0x7FFF),
    USHORT: (0, 0xFFFF),
    CHAR: (0, 0xFFFF),
    INT: (-0x8000_0000, 0x7FFF_FFFF),
    UINT: (0, 0xFFFF_FFFF),
    LONG: (-0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF),
    ULONG: (0, 0xFFFF_FFFF_FFFF_FFFF),
}
"""The values of each integral type."""

NUMERIC: frozenset[Type] = frozenset({*INTEGRAL_RANGES, FLOAT, DOUBLE, DECIMAL})

IMPLICIT_NUMERIC: dict[Type, frozenset[Type]] = {
    SBYTE: frozenset({SHORT, INT, LONG, FLOAT, DOUBLE, DECIMAL}),
    BYTE: frozenset({SHORT, USHORT, INT, UINT, LONG, ULONG, FLOAT, DOUBLE, DECIMAL}),
    SHORT: frozenset({INT, LONG, FLOAT, DOUBLE, DECIMAL}),
    USHORT: frozenset({INT, UINT, LONG, ULONG, FLOAT, DOUBLE, DECIMAL}),
    INT: frozenset({LONG, FLOAT, DOUBLE, DECIMAL}),
    UINT: frozenset({LONG, ULONG, FLOAT, DOUBLE, DECIMAL}),
    LONG: frozenset({FLOAT, DOUBLE, DECIMAL}),
    ULONG: frozenset({FLOAT, DOUBLE, DECIMAL}),
    CHAR: frozenset({USHORT, INT, UINT, LONG, ULONG, FLOAT, DOUBLE, DECIMAL}),
    FLOAT: frozenset({DOUBLE}),
}
"""Section 10.2.3, implicit numeric conversions."""


class Conversion(Record):
    """One conversion. `kind` is the specification's name for it.

    Kinds: identity, numeric, enum, nullable (`inner` acts on the value), null, reference, boxing, unboxing, constant,
    user (`method`, with `before` and `after` around it), lambda, method group, default, throw, tuple.
    """

    kind: str
    is_implicit: bool = True
    inner: Conversion | None = None
    method: Method | None = None
    before: Conversion | None = None
    after: Conversion | None = None

    def __repr__(self) -> str:
        return f"<{'implicit' if self.is_implicit else 'explicit'} {self.kind}>"


IDENTITY = Conversion("identity")
NUMERIC_WIDENING = Conversion("numeric")
NUMERIC_EXPLICIT = Conversion("numeric", False)
ENUM_ZERO = Conversion("enum")
ENUM_EXPLICIT = Conversion("enum", False)
NULL_LITERAL = Conversion("null")
REFERENCE = Conversion("reference")
REFERENCE_EXPLICIT = Conversion("reference", False)
BOXING = Conversion("boxing")
UNBOXING = Conversion("unboxing", False)
CONSTANT = Conversion("constant")
LAMBDA = Conversion("lambda")
METHOD_GROUP = Conversion("method group")
DEFAULT_LITERAL = Conversion("default")
THROW = Conversion("throw")
TUPLE = Conversion("tuple")
INTERPOLATED = Conversion("interpolated")


def is_static_class(type_: Type) -> bool:
    """Return whether a type is a static class, of which there are no values: `Math`, `Convert`."""
    return isinstance(type_, NamedType) and type_.definition.is_static


def is_ref_struct(type_: Type) -> bool:
    """Return whether a type lives on the stack only (section 16.2.3): never boxed, captured, or a type argument."""
    return isinstance(type_, NamedType) and type_.name in ("System.Span", "System.ReadOnlySpan")


def same(source: Type, target: Type) -> bool:
    """Return whether two types are identity convertible (section 10.2.2): equal but for the names of tuple elements.

    No other place compares types of expressions; `merged` says which names the result of two has.
    """
    return source is target or source.nameless is target.nameless


def merged(first: Type, second: Type) -> Type:
    """Return what two types that are the `same` become as one (section 12.6.3.12): only names common to both stay."""
    if first is second:
        return first
    if isinstance(first, NamedType) and isinstance(second, NamedType):
        arguments = tuple(map(merged, first.arguments, second.arguments))
        if isinstance(first, TupleType) and isinstance(second, TupleType):
            names = tuple(one if one == other else None for one, other in zip(first.names, second.names, strict=True))
            return tuple_type(arguments, names, first.definition)
        return construct(first.definition, arguments)
    if isinstance(first, ArrayType) and isinstance(second, ArrayType):
        return array_of(merged(first.element, second.element), first.rank)
    if isinstance(first, AnonymousType) and isinstance(second, AnonymousType):
        pairs = zip(first.members, second.members, strict=True)
        return anonymous_type(tuple((name, merged(one, other)) for (name, one), (_, other) in pairs))
    return first


def is_enum(type_: Type) -> bool:
    return isinstance(type_, NamedType) and type_.kind == "enum"


def underlying_number(type_: Type) -> Type:
    if isinstance(type_, NamedType) and type_.kind == "enum":
        return named(type_.definition.enum_underlying)
    return type_


def is_delegate(type_: Type) -> bool:
    return isinstance(type_, NamedType) and type_.kind == "delegate"


def is_interface(type_: Type) -> bool:
    return isinstance(type_, NamedType) and type_.kind == "interface"


def is_reference(type_: Type) -> bool:
    """Return whether null is a value of this type (of a type parameter, when its constraints say so)."""
    if isinstance(type_, TypeParameter):
        return type_.is_reference_type
    if isinstance(type_, (ArrayType, AnonymousType)):
        return True
    return isinstance(type_, NamedType) and not type_.is_value_type and type_ is not VOID


def may_be_null(type_: Type) -> bool:
    """Return whether a value can be compared with null: a reference, or of a type parameter that isn't `struct`."""
    return is_reference(type_) or (isinstance(type_, TypeParameter) and not type_.is_value_type)


def nullable(type_: Type) -> Type:
    """`T?`."""
    return named("System.Nullable", type_)


def is_variant(source: NamedType, target: NamedType) -> bool:
    """Variance convertible (section 17.2.3.3): same interface or delegate, arguments in the right direction."""
    if source is target:
        return True
    if source.definition is not target.definition or not source.arguments:
        return False
    for parameter, one, other in zip(
        source.definition.type_parameters, source.arguments, target.arguments, strict=True
    ):
        if same(one, other):
            continue
        variance = parameter.variance
        if not variance and source.definition.kind in ("interface", "delegate"):
            _ = source.definition.base  # the header, read on first use, sets the variances
            _ = source.definition.interfaces
            variance = parameter.variance
        if variance == "out" and has_reference_conversion(one, other):
            continue
        if variance == "in" and has_reference_conversion(other, one):
            continue
        return False
    return True


def has_reference_conversion(source: Type, target: Type) -> bool:
    """Implicit reference conversion (section 10.2.8), identity included, between reference types."""
    if same(source, target):
        return True
    if not is_reference(target):
        return False
    if source is NULL:
        return True
    if not is_reference(source):
        return False
    if target is OBJECT:
        return True
    if isinstance(source, ArrayType) and isinstance(target, ArrayType):
        return source.rank == target.rank and has_reference_conversion(source.element, target.element)
    if isinstance(source, TypeParameter) and isinstance(target, TypeParameter):
        return has_bound(source, target)
    if not isinstance(target, NamedType):
        return False
    return any(is_variant(parent, target) for parent in _covariant_supertypes(source))


def has_bound(parameter: TypeParameter, target: TypeParameter) -> bool:
    """`where T : U`, also through other type parameters."""
    return any(
        bound is target or (isinstance(bound, TypeParameter) and has_bound(bound, target)) for bound in parameter.bounds
    )


def _covariant_supertypes(source: Type) -> Iterable[NamedType]:
    """Supertypes; an array of references also counts as list of every base of its element."""
    found = supertypes(source)
    if isinstance(source, ArrayType) and source.rank == 1 and is_reference(source.element):
        return _array_lists(source, found)
    return found


def _array_lists(source: ArrayType, found: tuple[NamedType, ...]) -> Iterator[NamedType]:
    yield from found
    for base in (*supertypes(source.element), OBJECT):
        for name in ("IList", "ICollection", "IReadOnlyList", "IReadOnlyCollection", "IEnumerable"):
            yield named(f"System.Collections.Generic.{name}", base)


def is_unmanaged(type_: Type) -> bool:
    """Return whether values of a type hold no reference (section 8.8): numbers, enums, plain structures."""
    if isinstance(type_, TypeParameter):
        return "unmanaged" in type_.constraints
    if not isinstance(type_, NamedType) or not type_.is_value_type or is_ref_struct(type_):
        return False
    return not type_.arguments and type_.name not in _WITH_REFERENCES


_WITH_REFERENCES = frozenset(
    {"System.Threading.CancellationToken", "System.Security.Cryptography.HashAlgorithmName", "System.RuntimeTypeHandle"}
)
"""Structures with a reference inside; the surface does not record it."""
