"""Values at run time, and what they are in .NET.

While its static type is known, a value is Python's own: bool, int, float, str (also for char), None, decimal.Decimal.
Only a conversion to `object` (or to an interface) boxes: `long`, `byte`, `float`, `char`, enums and so on become one of
the small subclasses below, so that unboxing, `is`, `GetType()` and `ToString()` see the right type. `int`, `double`,
`bool`, `string` and `decimal` need no box. A `T?` is None or the value of `T`.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.environment import FREE_UNITS, charge_parts, joined, work_through
from apimpolicy.csharp.dotnet.metadata import look_up, named, parse
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type, array_of
from apimpolicy.records import Record
from apimpolicy.text.source import from_utf16 as from_utf16
from apimpolicy.text.source import to_utf16 as to_utf16

OBJECT = named("object")
STRING = named("string")
BOOL = named("bool")
CHAR = named("char")
INT = named("int")
UINT = named("uint")
LONG = named("long")
ULONG = named("ulong")
SHORT = named("short")
USHORT = named("ushort")
SBYTE = named("sbyte")
BYTE = named("byte")
FLOAT = named("float")
DOUBLE = named("double")
DECIMAL = named("decimal")
VOID = named("void")


class Equatable:
    """Values of a class that are equal if their `identity` is."""

    __slots__ = ()

    @property
    def identity(self) -> Any:
        raise NotImplementedError

    def equals(self, other: Any) -> bool:
        return self is other or (isinstance(other, type(self)) and bool(self.identity == other.identity))

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self.identity)


class Boxed:
    """Mixed into the boxes of value types whose Python value alone does not tell the type."""

    __slots__ = ()
    dotnet_type: Type

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self).__name__, super().__hash__()))


class SByte(Boxed, int):
    dotnet_type = SBYTE


class Byte(Boxed, int):
    dotnet_type = BYTE


class Int16(Boxed, int):
    dotnet_type = SHORT


class UInt16(Boxed, int):
    dotnet_type = USHORT


class UInt32(Boxed, int):
    dotnet_type = UINT


class Int64(Boxed, int):
    dotnet_type = LONG


class UInt64(Boxed, int):
    dotnet_type = ULONG


class Single(Boxed, float):
    dotnet_type = FLOAT


class Char(Boxed, str):
    __slots__ = ()
    dotnet_type = CHAR


class EnumValue(Boxed, int):
    """A boxed enum member; carries its own type."""

    dotnet_type: NamedType

    def __new__(cls, type_: NamedType, value: int) -> EnumValue:
        boxed = super().__new__(cls, value)
        boxed.dotnet_type = type_
        return boxed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnumValue) and self.dotnet_type is other.dotnet_type and int(self) == int(other)

    def __hash__(self) -> int:
        return hash((self.dotnet_type, int(self)))


class ValueTuple(tuple[Any, ...]):
    """A boxed `(…)`: the plain values of the elements, and the type, whose names are forgotten as at run time."""

    dotnet_type: NamedType

    def __new__(cls, type_: NamedType, values: Iterable[Any]) -> ValueTuple:
        boxed = super().__new__(cls, values)
        boxed.dotnet_type = type_.nameless
        return boxed

    def boxed_items(self) -> tuple[Any, ...]:
        """Return the elements as `object`."""
        return tuple(box(type_, item) for type_, item in zip(self.dotnet_type.arguments, self, strict=True))

    def to_string(self) -> str:
        """`(1, x)`."""
        charge_parts(len(self))
        return f"({joined([*map(_text, self.boxed_items())], ', ')})"

    def equals(self, other: Any) -> bool:
        """Equal elements of the same types."""
        charge_parts(len(self))
        equals = _of_object("static bool Equals(object objA, object objB)")
        return (
            isinstance(other, ValueTuple)
            and self.dotnet_type is other.dotnet_type
            and all(map(equals, self.boxed_items(), other.boxed_items()))
        )

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __ne__(self, other: object) -> bool:
        return not self.equals(other)

    def __hash__(self) -> int:
        charge_parts(len(self))
        return super().__hash__()


def _text(value: Any) -> str:
    shown: str = "" if value is None else _of_object("string ToString()")(value)
    return shown


def _of_object(signature: str) -> Callable[..., Any]:
    """Return a member of `object`, whose implementation is above this module."""
    from apimpolicy.csharp.dotnet.registry import bound  # what only checks policies does without

    return bound("object", signature)


BOXES: dict[Type, type] = {
    SBYTE: SByte,
    BYTE: Byte,
    SHORT: Int16,
    USHORT: UInt16,
    UINT: UInt32,
    LONG: Int64,
    ULONG: UInt64,
    FLOAT: Single,
    CHAR: Char,
}
"""The box of each value type that needs one; the types that are missing here are their own boxes."""


class Array(list[Any]):
    """A one-dimensional array; `element` is the static element type it was made with."""

    __slots__ = ("element",)

    element: Type

    def __init__(self, element: Type, items: Iterable[Any] = ()) -> None:
        self.element = element
        self.extend(items)

    @property
    def dotnet_type(self) -> ArrayType:
        return array_of(self.element)

    def __reduce__(self) -> tuple[Any, ...]:
        return Array, (self.element, list(self))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__  # type: ignore[assignment]


@functools.cache
def array_class(element: Type) -> Callable[[Iterable[Any]], Array]:
    """Makes arrays of one element type from their items, as fast as Python makes a list; for types without arguments.

    Of these there are so many as the surface has: each class stays.
    """
    members = {"__slots__": (), "element": element, "__init__": list.__init__}
    return type("Array", (Array,), members)


class RectangularArray(Record):
    """An array of rank 2 or more, in row-major order."""

    element: Type
    lengths: tuple[int, ...]
    items: list[Any]

    @property
    def dotnet_type(self) -> ArrayType:
        return array_of(self.element, len(self.lengths))

    def __iter__(self) -> Any:
        return iter(self.items)


class AnonymousObject:
    """An instance of an anonymous type: `new { a = 1 }`. `values` hold the plain values of `names`; equal by value."""

    __slots__ = ("dotnet_type", "names", "values")

    def __init__(self, type_: Type, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        self.dotnet_type = type_
        self.names = names
        self.values = values

    def to_string(self) -> str:
        """`{ a = 1, b = x }`."""
        charge_parts(len(self.names))
        parts = [
            f"{name} = {_text(box(type_, value))}"
            for name, value, type_ in zip(self.names, self.values, self._types(), strict=True)
        ]
        return f"{{ {joined(parts, ', ')} }}" if self.names else "{ }"

    def boxed_values(self) -> tuple[Any, ...]:
        """Return the values as `object`."""
        return tuple(box(type_, value) for type_, value in zip(self._types(), self.values, strict=True))

    def _types(self) -> tuple[Type, ...]:
        members = getattr(self.dotnet_type, "members", None)
        return tuple(type_ for _, type_ in members) if members else (OBJECT,) * len(self.names)

    def __eq__(self, other: object) -> bool:
        charge_parts(len(self.names))
        return (
            isinstance(other, AnonymousObject)
            and self.dotnet_type is other.dotnet_type
            and self.names == other.names
            and self.values == other.values
        )

    def __hash__(self) -> int:
        charge_parts(len(self.names))
        return hash((self.names, self.values))


string_array = array_class(STRING)
"""A `string[]` with this content."""

short_byte_array = array_class(BYTE)
"""A `byte[]` with this content, of which no steps are burned."""


def byte_array(data: bytes) -> Array:
    if len(data) > FREE_UNITS:
        work_through(len(data))
    return short_byte_array(data)


_PYTHON_TYPES: dict[type, Type] = {bool: BOOL, int: INT, float: DOUBLE, str: STRING, Decimal: DECIMAL}


def type_of(value: Any) -> Type:
    """Return the run-time type of a boxed (or reference) value, as `GetType()` does. The value is not None."""
    cls = type(value)
    found = _PYTHON_TYPES.get(cls)
    if found is not None:
        return found
    own = getattr(value, "dotnet_type", None)
    if isinstance(own, Type):
        return own
    name = getattr(value, "dotnet_type_name", None)
    if isinstance(name, str):
        if "<" not in name:
            found = parse(name)
            if not isinstance(value, Exception):
                _PYTHON_TYPES[cls] = found
            return found
        definition = look_up(name.split("<")[0], name.count(",") + 1)
        if definition is not None:
            return definition.open_type
    return OBJECT


def has_one_type(cls: type) -> bool:
    """Return whether all objects of a Python class are known to have the same run-time type."""
    return cls in _PYTHON_TYPES


def box(type_: Type, value: Any) -> Any:
    """Convert a value of this static type to `object`."""
    if value is None:
        return None
    cls = BOXES.get(type_)
    if cls is not None:
        return cls(value)
    if isinstance(type_, NamedType):
        if type_.kind == "enum" and not isinstance(value, EnumValue):
            return EnumValue(type_, value)
        if type(value) is tuple and type_.definition.is_tuple:
            return ValueTuple(type_, value)
        inner = type_.underlying
        if inner is not None:
            return box(inner, value)
    return value


def unbox(value: Any) -> Any:
    """Return the plain Python value inside a box; other values pass through."""
    if isinstance(value, Boxed):
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return str(value)
    return tuple(value) if isinstance(value, ValueTuple) else value


def reference_equals(a: Any, b: Any) -> bool:
    """Identity. A value type is boxed anew for each argument, so it is never the same; equal literals are interned."""
    if isinstance(a, (bool, int, float, Decimal, Char)):
        return False
    if type(a) is str and type(b) is str:
        return a is b or (a == b and len(a) == 0)
    return a is b


def wrap(bits: int, signed: bool, value: int) -> int:
    """Two's complement: the value as it is after leaving the range of an integer type."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def wrap_int32(value: int) -> int:
    """Return an `int` after overflow.

    >>> wrap_int32(2147483648)
    -2147483648
    """
    value &= 0xFFFFFFFF
    return value - 0x100000000 if value & 0x80000000 else value


def to_single(value: float) -> float:
    """Round to the nearest `float` (IEEE 754 single precision); too large becomes infinity."""
    try:
        return struct.unpack("f", struct.pack("f", value))[0]  # type: ignore[no-any-return]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
