"""Members of every value: `ToString`, `Equals`, `GetHashCode`, `GetType`; and `System.Type`.

Values are seen as `object`, so numbers come boxed (see `apimpolicy.csharp.dotnet.values`). Run-time classes override by
having methods `to_string`, `equals`, `get_hash_code`.
"""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.environment import FREE_UNITS, joined, work_through
from apimpolicy.csharp.dotnet.exceptions import DotnetException, FormatException, NullReferenceException
from apimpolicy.csharp.dotnet.metadata import FULL_NAMES, named, runtime_name
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements_all, interface_members
from apimpolicy.csharp.dotnet.system import delegates
from apimpolicy.csharp.dotnet.system.number_formats import decimal_to_string, double_to_string, single_to_string
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import (
    Boxed,
    Char,
    EnumValue,
    Equatable,
    Single,
    reference_equals,
    type_of,
    wrap_int32,
)
from apimpolicy.errors import NotSimulatedError

BITS = {"sbyte": 8, "byte": 8, "short": 16, "ushort": 16, "int": 32, "uint": 32, "long": 64, "ulong": 64}
"""The width of each type that an enum may have under it."""


def enum_to_string(type_: NamedType, value: int) -> str:
    """Return the member's name; for flags the names joined by commas; otherwise the number.

    >>> from apimpolicy.csharp.dotnet.metadata import named
    >>> enum_to_string(named("System.DayOfWeek"), 1), enum_to_string(named("System.DayOfWeek"), 9)
    ('Monday', '9')
    """
    definition = type_.definition
    if definition.is_flags:
        return _flag_names(definition.enum_values, value)
    return enum_name(type_, value) or str(value)


def enum_name(type_: NamedType, value: int) -> str | None:
    """Return the name of the member with this value, the first declared when several have it."""
    for name, member in type_.definition.enum_values.items():
        if member == value:
            return name
    return None


def _flag_names(members: dict[str, int], value: int) -> str:
    by_value = sorted(members.items(), key=lambda pair: pair[1] & 0xFFFFFFFFFFFFFFFF)
    for name, member in by_value:
        if member == value:
            return name
    if value == 0:
        return "0"
    rest, found = value, []
    for name, member in reversed(by_value):
        if member and rest & member == member:
            rest &= ~member
            found.append(name)
    return ", ".join(reversed(found)) if rest == 0 else str(value)


def format_enum(type_: NamedType, value: int, format_: str | None) -> str:
    """`Enum.ToString(format)`: G, D, X or F, in either case."""
    kind = (format_ or "G").upper()
    if kind == "G":
        return enum_to_string(type_, value)
    if kind == "D":
        return str(value)
    if kind == "X":
        bits = BITS[type_.definition.enum_underlying]
        return f"{value & ((1 << bits) - 1):0{bits // 4}X}"
    if kind == "F":
        return _flag_names(type_.definition.enum_values, value)
    raise FormatException('Format String can be only "G", "g", "X", "x", "F", "f", "D" or "d".')


_TO_STRING: dict[type, Callable[[Any], str]] = {
    str: lambda value: value,
    bool: lambda value: "True" if value else "False",
    int: int.__repr__,
    float: double_to_string,
    Decimal: decimal_to_string,
    Single: single_to_string,
    Char: lambda value: str.__str__(value),
    EnumValue: lambda value: enum_to_string(value.dotnet_type, int(value)),
}


@counts_itself
def to_string(value: Any) -> str:
    """Return the result of `ToString()` for a value that is not null.

    >>> to_string(True), to_string(1.5), to_string(1e20)
    ('True', '1.5', '1E+20')
    """
    known = _TO_STRING.get(type(value))
    if known is not None:
        return known(value)
    own = getattr(value, "to_string", None)
    if own is not None:
        return own()  # type: ignore[no-any-return]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, DotnetException):
        return exception_to_string(value)
    if isinstance(value, tuple):
        return f"({joined([*map(text, value)], ', ')})"
    return runtime_name(type_of(value))


def text(value: Any) -> str:
    """Return a value as string concatenation and formatting show it: null is empty.

    >>> text(None), text("a")
    ('', 'a')
    """
    if value is None:
        return ""
    return value if type(value) is str else to_string(value)


def exception_to_string(exception: DotnetException) -> str:
    """Type and message, and those of inner exceptions. The stack is the policy's and is not part of the text."""
    shown = exception.dotnet_type_name
    if exception.message:
        shown += f": {exception.message}"
    if exception.inner is not None:
        shown += f"\n ---> {exception_to_string(exception.inner)}\n   --- End of inner exception stack trace ---"
    return shown


def equals(a: Any, b: Any) -> bool:
    """`object.Equals(a, b)`: boxed numbers are equal when both type and value are.

    >>> equals(1, 1.0), equals(True, 1), equals(float("nan"), float("nan"))
    (False, False, True)
    """
    if a is b:
        return True
    if a is None or b is None:
        return False
    own = getattr(a, "equals", None)
    if own is not None:
        return own(b)  # type: ignore[no-any-return]
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(equals, a, b))
    kind = type(a)
    if callable(a):
        return callable(b) and delegates.equals(a, b)
    if kind not in _TO_STRING and not isinstance(a, Boxed):
        return bool(a == b)
    if kind is not type(b):
        return False
    if isinstance(a, float):
        return float(a) == float(b) or (a != a and b != b)
    return bool(a == b)


@counts_itself
def get_hash_code(value: Any) -> int:
    """`GetHashCode()` of a value that is not null. .NET randomises those of strings; here they are stable."""
    own = getattr(value, "get_hash_code", None)
    if own is not None:
        return own()  # type: ignore[no-any-return]
    if isinstance(value, str):
        if isinstance(value, Char):
            return ord(value) | ord(value) << 16
        if len(value) > FREE_UNITS:
            work_through(len(value) << 1)
        return wrap_int32(zlib.crc32(value.encode("utf-16-le", "surrogatepass")))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        number = int(value)
        return wrap_int32(number if -(1 << 31) <= number < 1 << 32 else number ^ (number >> 32))
    return delegates.get_hash_code(value) if callable(value) else wrap_int32(hash(value))


@dotnet_class("System.Type")
class TypeObject(Equatable):
    """A `System.Type` at run time; there is one object for each type."""

    __slots__ = ("__weakref__", "type")

    def __init__(self, type_: Type) -> None:
        self.type = type_

    @property
    def name(self) -> str:
        if isinstance(self.type, ArrayType):
            return f"{type_object(self.type.element).name}[{',' * (self.type.rank - 1)}]"
        bare = runtime_name(self.type).partition("[")[0]
        return bare.rpartition(".")[2].rpartition("+")[2]

    @property
    def full_name(self) -> str:
        if isinstance(self.type, NamedType) and self.type.arguments:
            raise NotSimulatedError("System.Type.FullName", "of a generic type with arguments it names assemblies")
        return runtime_name(self.type)

    @property
    def namespace(self) -> str | None:
        """None for types that no namespace is known of."""
        if isinstance(self.type, ArrayType):
            return type_object(self.type.element).namespace
        if not isinstance(self.type, NamedType):
            return None
        if self.type.definition.name in FULL_NAMES:
            return "System"
        return self.type.definition.namespace or None

    @property
    def base_type(self) -> TypeObject | None:
        if isinstance(self.type, ArrayType):
            return type_object(named("System.Array"))
        base = self.type.base if isinstance(self.type, NamedType) else None
        return type_object(base) if base is not None else None

    @property
    def is_array(self) -> bool:
        return isinstance(self.type, ArrayType)

    @property
    def is_value_type(self) -> bool:
        return self.type.is_value_type

    @property
    def is_class(self) -> bool:
        return not self.type.is_value_type and not self.is_interface

    @property
    def is_interface(self) -> bool:
        return isinstance(self.type, NamedType) and self.type.kind == "interface"

    @property
    def is_enum(self) -> bool:
        return isinstance(self.type, NamedType) and self.type.kind == "enum"

    @property
    def is_generic_type(self) -> bool:
        return isinstance(self.type, NamedType) and self.type.definition.arity > 0

    @property
    def is_primitive(self) -> bool:
        return isinstance(self.type, NamedType) and self.type.name in _PRIMITIVES.split()

    def is_assignable_from(self, other: TypeObject | None) -> bool:
        """Identity, base classes and implemented interfaces; variance is not considered."""
        if other is None:
            return False
        if self.type is other.type or (isinstance(self.type, NamedType) and self.type.name == "object"):
            return True
        return isinstance(other.type, NamedType) and self.type in other.type.supertypes

    def to_string(self) -> str:
        return runtime_name(self.type)

    @property
    def identity(self) -> Any:
        return self.type

    def get_hash_code(self) -> int:
        return wrap_int32(zlib.crc32(runtime_name(self.type).encode()))

    def __repr__(self) -> str:
        return f"typeof({self.type})"


interface_members("System.Reflection.MemberInfo", "Name")

_PRIMITIVES = "bool char sbyte byte short ushort int uint long ulong float double System.IntPtr System.UIntPtr"

_type_objects: weakref.WeakValueDictionary[Type, TypeObject] = weakref.WeakValueDictionary()


def type_object(type_: Type) -> TypeObject:
    """Return the result of `typeof(…)`."""
    found = _type_objects.get(type_)
    if found is None:
        found = _type_objects[type_] = TypeObject(type_)
    return found


def get_type(value: Any) -> TypeObject:
    """Return the result of `GetType()` for a value; raises NullReferenceException for null, also that of a nullable."""
    if value is None:
        raise NullReferenceException
    return type_object(type_of(value))


class PlainObject:
    """`new object()`."""

    __slots__ = ()
    dotnet_type_name = "object"


implements_all(
    "System.Type",
    {
        "op_Equality": lambda left, right: left == right,
        "op_Inequality": lambda left, right: left != right,
        "GetType()": get_type,
    },
)
implements_all(
    "object",
    {
        "new": PlainObject,
        "GetType": get_type,
        "ToString": to_string,
        "Equals": equals,
        "ReferenceEquals": reference_equals,
        "GetHashCode": get_hash_code,
    },
)
implements_all("System.Exception", {"GetType": get_type})
