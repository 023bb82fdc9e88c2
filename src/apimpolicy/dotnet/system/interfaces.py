"""Members that are reached through an interface, and those of `Nullable<T>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.exceptions import ArgumentException, InvalidOperationException
from apimpolicy.dotnet.metadata import runtime_name
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.system.arithmetic import compare_plain
from apimpolicy.dotnet.system.objects import equals, get_hash_code, text
from apimpolicy.dotnet.system.string_comparison import compare as compare_strings
from apimpolicy.dotnet.system.strings import format_value
from apimpolicy.dotnet.values import Char, EnumValue, box, type_of, unbox

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


# Members reached through `IComparable`, `IEquatable<T>`, `IFormattable`: the receiver is any value, numbers boxed


@implements("System.IComparable", "CompareTo")
def compare_to(value: Any, other: Any) -> int:
    """Return both of one type, null first; raises ArgumentException.

    >>> compare_to(1, 2), compare_to("a", "B"), compare_to(1.5, None)
    (-1, -1, 1)
    """
    own = getattr(value, "compare_to", None)
    if other is None:
        return 1
    if type_of(other) is not type_of(value):
        name = "Enum" if isinstance(value, EnumValue) else runtime_name(type_of(value)).removeprefix("System.")
        raise ArgumentException(f"Object must be of type {name}.")
    if own is not None:
        return int(own(other))
    if isinstance(value, str):
        return ord(value) - ord(other) if isinstance(value, Char) else compare_strings(value, other)
    if isinstance(value, float):
        return compare_plain(float(value), float(other))
    left, right = unbox(value), unbox(other)
    return int(left > right) - int(left < right)


@implements("System.IComparable<T>", "CompareTo", types=True)
def _compare_to(types: tuple[Type, ...], value: Any, other: Any) -> int:
    return compare_to(value, box(types[0], other))


@implements("System.IEquatable<T>", "Equals", types=True)
def _equals(types: tuple[Type, ...], value: Any, other: Any) -> bool:
    return equals(value, box(types[0], other))


implements_all("System.IFormattable", {"ToString": format_value})


# `IDisposable.Dispose()` of any value; what has nothing to let go of does nothing


@implements("System.IDisposable", "Dispose")
def dispose(value: Any) -> None:
    """Ask the run-time class; most simulated classes hold nothing."""
    own = getattr(value, "dispose", None)
    if own is not None:
        own()


# The members of `System.Nullable<T>`, whose receiver may be None: a `T?` is None or the value of `T`. The emitter must
# not raise NullReferenceException for a null receiver of this type; `GetType()` does, in its own right.

_NAME = "System.Nullable<T>"


@implements(_NAME, "Value", "op_Explicit")
def get_value(value: Any) -> Any:
    """Raises InvalidOperationException for null."""
    if value is None:
        raise InvalidOperationException("Nullable object must have a value.")
    return value


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
        "GetValueOrDefault()": lambda types, value: default_value(types[0]) if value is None else value,
        "ToString": lambda types, value: text(box(types[0], value)),
        "Equals": lambda types, value, other: equals(box(types[0], value), other),
        "GetHashCode": lambda types, value: 0 if value is None else get_hash_code(box(types[0], value)),
    },
    types=True,
)
