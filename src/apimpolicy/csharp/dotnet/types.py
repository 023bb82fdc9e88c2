"""The .NET types as values.

Named types are interned, so identity is equality: `List<int>` is one object however it was reached. Type parameters
are compared by identity, array and constructed types by their parts.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.metadata import TypeDefinition

_T = TypeVar("_T", bound="Type")
_constructed: weakref.WeakValueDictionary[tuple[object, ...], Type] = weakref.WeakValueDictionary()


class Type:
    """A type as in the C# specification; a subclass for each kind."""

    __slots__ = ("__weakref__",)

    @property
    def is_value_type(self) -> bool:
        return False

    @property
    def is_reference_type(self) -> bool:
        return not self.is_value_type

    @property
    def underlying(self) -> Type | None:
        """`T` of a `T?` over a value type, else None."""
        return None

    @property
    def has_error(self) -> bool:
        """Return whether the error type is a part of this type, as of `List<?>`; its uses are not reported."""
        return False

    @property
    def nameless(self) -> Type:
        """The type without the names of tuple elements, which exist for the compiler only."""
        return self

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Type:
        return self

    def mentions(self, parameters: Sequence[TypeParameter]) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self}>"


class TypeParameter(Type):
    """`T` of a generic type or method. `constraints` are those of the surface, and words; `bounds` are types."""

    __slots__ = ("bounds", "constraints", "name", "variance")

    def __init__(self, name: str, variance: str = "") -> None:
        self.name = name
        self.variance = variance
        self.constraints: tuple[str, ...] = ()
        self.bounds: tuple[Type, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def is_value_type(self) -> bool:
        return "struct" in self.constraints or "unmanaged" in self.constraints

    @property
    def is_reference_type(self) -> bool:
        """Known to be one (section 15.2.5): `class`, or a class as a bound that is not of every type."""
        return "class" in self.constraints or any(
            bound.is_reference_type
            if isinstance(bound, TypeParameter)
            else isinstance(bound, NamedType) and bound.kind == "class" and bound.name != "System.Enum"
            for bound in self.bounds
        )

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Type:
        return arguments.get(self, self)

    def mentions(self, parameters: Sequence[TypeParameter]) -> bool:
        return self in parameters


class NamedType(Type):
    """A class, struct, interface, enum or delegate; with `arguments` when it is generic."""

    __slots__ = ("_found", "_members", "_supertypes", "arguments", "definition")

    arguments: tuple[Type, ...]

    def __init__(self, definition: TypeDefinition, arguments: tuple[Type, ...] = ()) -> None:
        self.definition = definition
        self.arguments = arguments
        self._members: dict[str, tuple[object, ...]] = {}
        self._found: dict[str, list[object]] = {}
        self._supertypes: tuple[NamedType, ...] | None = None

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def kind(self) -> str:
        """`class`, `struct`, `interface`, `enum` or `delegate`."""
        return self.definition.kind

    @property
    def is_value_type(self) -> bool:
        return self.definition.kind in ("struct", "enum")

    @property
    def is_nullable(self) -> bool:
        return self.definition.name == "System.Nullable" and bool(self.arguments)

    @property
    def underlying(self) -> Type | None:
        return self.arguments[0] if self.is_nullable else None

    @property
    def has_error(self) -> bool:
        return any(argument.has_error for argument in self.arguments)

    @property
    def argument_map(self) -> dict[TypeParameter, Type]:
        return dict(zip(self.definition.type_parameters, self.arguments, strict=True))

    @property
    def base(self) -> NamedType | None:
        """The base class, with this type's arguments put in; None for `object` and interfaces."""
        base = self.definition.base
        if base is None:
            return None
        substituted = base.substitute(self.argument_map) if self.arguments else base
        return substituted if isinstance(substituted, NamedType) else None

    @property
    def interfaces(self) -> tuple[NamedType, ...]:
        """The interfaces this type itself declares, inherited ones included as .NET metadata lists them."""
        found = self.definition.interfaces
        if not self.arguments:
            return found
        arguments = self.argument_map
        return tuple(t for i in found if isinstance(t := i.substitute(arguments), NamedType))

    @property
    def supertypes(self) -> tuple[NamedType, ...]:
        """The type itself, its base classes, and every interface of any of them, each once; nearest first."""
        if self._supertypes is None:
            seen: dict[NamedType, None] = {self: None}
            queue: list[NamedType] = [self]
            for current in queue:
                base = current.base
                for parent in (*((base,) if base is not None else ()), *current.interfaces):
                    if parent not in seen:
                        seen[parent] = None
                        queue.append(parent)
            self._supertypes = tuple(seen)
        return self._supertypes

    @property
    def nameless(self) -> NamedType:
        if not self.arguments:
            return self
        return construct(self.definition, tuple(argument.nameless for argument in self.arguments))

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Type:
        if not self.arguments:
            return self
        return construct(self.definition, tuple(argument.substitute(arguments) for argument in self.arguments))

    def mentions(self, parameters: Sequence[TypeParameter]) -> bool:
        return any(argument.mentions(parameters) for argument in self.arguments)

    def __str__(self) -> str:
        if self.is_nullable:
            return f"{self.arguments[0]}?"
        return self.definition.display(self.arguments)


class TupleType(NamedType):
    """`(int Id, string)`: a `System.ValueTuple<…>` whose elements may have names for the compiler."""

    __slots__ = ("names",)

    names: tuple[str | None, ...]

    @property
    def nameless(self) -> TupleType:
        return tuple_type(tuple(a.nameless for a in self.arguments), (None,) * len(self.names), self.definition)

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Type:
        return tuple_type(tuple(a.substitute(arguments) for a in self.arguments), self.names, self.definition)

    def __str__(self) -> str:
        parts = [f"{t} {n}" if n else str(t) for t, n in zip(self.arguments, self.names, strict=True)]
        return f"({', '.join(parts)})"


class ArrayType(Type):
    """`T[]`, or `T[,]` when `rank` is 2."""

    __slots__ = ("element", "rank")

    element: Type
    rank: int

    @property
    def has_error(self) -> bool:
        return self.element.has_error

    @property
    def nameless(self) -> Type:
        return array_of(self.element.nameless, self.rank)

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Type:
        return array_of(self.element.substitute(arguments), self.rank)

    def mentions(self, parameters: Sequence[TypeParameter]) -> bool:
        return self.element.mentions(parameters)

    def __str__(self) -> str:
        # C# writes the ranks of arrays of arrays from the outside in: int[,][] is an array of rank 2 of int[].
        ranks = ""
        element: Type = self
        while isinstance(element, ArrayType):
            ranks += f"[{',' * (element.rank - 1)}]"
            element = element.element
        return f"{element}{ranks}"


class AnonymousType(Type):
    """`new { Name = …, Count = … }`: equal to another one with the same names and types in the same order."""

    __slots__ = ("members",)

    members: tuple[tuple[str, Type], ...]

    @property
    def has_error(self) -> bool:
        return any(type_.has_error for _, type_ in self.members)

    @property
    def nameless(self) -> Type:
        return anonymous_type(tuple((name, type_.nameless) for name, type_ in self.members))

    def substitute(self, arguments: Mapping[TypeParameter, Type]) -> Type:
        return anonymous_type(tuple((name, type_.substitute(arguments)) for name, type_ in self.members))

    def mentions(self, parameters: Sequence[TypeParameter]) -> bool:
        return any(type_.mentions(parameters) for _, type_ in self.members)

    def __str__(self) -> str:
        return f"<anonymous type: {', '.join(f'{type_} {name}' for name, type_ in self.members)}>"


class SpecialType(Type):
    """A type that only the compiler knows: the null literal, a method group, a lambda, an error."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


class ErrorType(SpecialType):
    """The type of what cannot be known: of an expression that is already reported, or of text that is put in later.

    It converts to and from everything, every member of it has the same type, and nothing about it is ever reported, so
    that one mistake gives one error.
    """

    __slots__ = ()

    @property
    def has_error(self) -> bool:
        return True


NULL = SpecialType("<null>")
"""The type of the literal `null`."""
ERROR = ErrorType("?")
"""The one error type."""


def _interned(key: tuple[object, ...], make: Callable[[], _T]) -> _T:
    found = _constructed.get(key)
    if found is None:
        found = _constructed.setdefault(key, make())  # of several threads, one has made it
    return found  # type: ignore[return-value]


_MOST_ELEMENTS = 7
"""Elements of a tuple that no other tuple holds the rest of."""


def _is_nested(arguments: tuple[Type, ...]) -> bool:
    """Return whether the last of eight arguments is the `TRest`, itself a tuple."""
    last = arguments[-1]
    is_rest = isinstance(last, TypeParameter) or (isinstance(last, NamedType) and last.definition.is_tuple)
    return len(arguments) == _MOST_ELEMENTS + 1 and is_rest


def construct(definition: TypeDefinition, arguments: tuple[Type, ...]) -> NamedType:
    """Return the named type `definition<arguments>`; one object per combination."""
    if not arguments:
        return definition.type
    if definition.name == "System.ValueTuple" and len(arguments) > 1 and not _is_nested(arguments):
        return tuple_type(arguments, (None,) * len(arguments), definition)
    return _interned((definition, *arguments), lambda: NamedType(definition, arguments))


def array_of(element: Type, rank: int = 1) -> ArrayType:
    """Return the type `element[]`, or `element[,]` for rank 2."""

    def make() -> ArrayType:
        array = ArrayType()
        array.element, array.rank = element, rank
        return array

    return _interned((ArrayType, element, rank), make)


def tuple_type(elements: tuple[Type, ...], names: tuple[str | None, ...], definition: TypeDefinition) -> TupleType:
    """Return the tuple type over `System.ValueTuple`'s definition of that arity."""
    if not any(names):
        names = (None,) * len(elements)

    def make() -> TupleType:
        made = TupleType(definition, elements)
        made.names = names
        return made

    return _interned((TupleType, definition, names, *elements), make)


def anonymous_type(members: tuple[tuple[str, Type], ...]) -> AnonymousType:
    def make() -> AnonymousType:
        made = AnonymousType()
        made.members = members
        return made

    return _interned((AnonymousType, *members), make)
