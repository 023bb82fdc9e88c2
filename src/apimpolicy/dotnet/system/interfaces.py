"""Members reached through `IComparable`, `IEquatable<T>`, `IFormattable`: the receiver is any value, numbers boxed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.dotnet.metadata import runtime_name
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.system.numeric_types import compare_floats
from apimpolicy.dotnet.system.objects import equals
from apimpolicy.dotnet.system.string_comparison import compare as compare_strings
from apimpolicy.dotnet.system.strings import format_value
from apimpolicy.dotnet.values import Char, EnumValue, box, type_of, unbox

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


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
        return compare_floats(float(value), float(other))
    left, right = unbox(value), unbox(other)
    return int(left > right) - int(left < right)


@implements("System.IComparable<T>", "CompareTo", types=True)
def _compare_to(types: tuple[Type, ...], value: Any, other: Any) -> int:
    return compare_to(value, box(types[0], other))


@implements("System.IEquatable<T>", "Equals", types=True)
def _equals(types: tuple[Type, ...], value: Any, other: Any) -> bool:
    return equals(value, box(types[0], other))


implements_all("System.IFormattable", {"ToString": format_value})
