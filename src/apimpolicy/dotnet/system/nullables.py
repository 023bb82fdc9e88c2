"""The members of `System.Nullable<T>`, whose receiver may be None: a `T?` is None or the value of `T`.

The emitter must not raise NullReferenceException for a null receiver of this type; `GetType()` does, in its own right.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import InvalidOperationException
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.system.objects import equals, get_hash_code, text
from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import box
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

_NAME = "System.Nullable<T>"


@implements(_NAME, "Value", "op_Explicit")
def get_value(value: Any) -> Any:
    """Raise InvalidOperationException for null."""
    if value is None:
        raise InvalidOperationException("Nullable object must have a value.")
    return value


_INTEGERS = frozenset(["sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong"])


def default_of(type_: Type) -> Any:
    """`default(T)`: None for references and `T?`, zero for numbers and enums, the empty value of the structs known."""
    if not type_.is_value_type or type_.underlying is not None:
        return None
    if not isinstance(type_, NamedType):
        raise NotSimulatedError(f"default({type_})")
    name = type_.name
    if name in _INTEGERS or type_.kind == "enum":
        return 0
    simple = {"bool": False, "char": "\0", "float": 0.0, "double": 0.0, "decimal": Decimal(0)}
    if name in simple:
        return simple[name]
    return _default_struct(type_)


def _default_struct(type_: NamedType) -> Any:
    if type_.name == "System.DateTime":
        from apimpolicy.dotnet.system.datetimes import MIN_VALUE

        return MIN_VALUE
    if type_.name == "System.DateTimeOffset":
        from apimpolicy.dotnet.system.offsets import MIN_OFFSET_VALUE

        return MIN_OFFSET_VALUE
    if type_.name == "System.TimeSpan":
        from apimpolicy.dotnet.system.timespans import TimeSpan

        return TimeSpan(0)
    if type_.name == "System.Guid":
        from apimpolicy.dotnet.system.guids import EMPTY

        return EMPTY
    raise NotSimulatedError(f"default({type_})")


implements_all(
    _NAME,
    {
        "HasValue": lambda value: value is not None,
        "new": lambda value: value,
        "op_Implicit": lambda value: value,
        "GetValueOrDefault(T)": lambda value, default: default if value is None else value,
    },
)
implements_all(
    _NAME,
    {
        "GetValueOrDefault()": lambda types, value: default_of(types[0]) if value is None else value,
        "ToString": lambda types, value: text(box(types[0], value)),
        "Equals": lambda types, value, other: equals(box(types[0], value), other),
        "GetHashCode": lambda types, value: 0 if value is None else get_hash_code(box(types[0], value)),
    },
    types=True,
)
