"""Arrays and `foreach` for emitted code; checks of arguments and searching, which lists and arrays share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    ArrayTypeMismatchException,
    DotnetException,
    IndexOutOfRangeException,
    InvalidOperationException,
    NotSupportedException,
    NullReferenceException,
    OverflowException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import declines, find_implementation, implements, implements_all
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import (
    BOOL,
    CHAR,
    DECIMAL,
    DOUBLE,
    FLOAT,
    OBJECT,
    STRING,
    VOID,
    Array,
    RectangularArray,
    box,
)
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.collections.comparers import Comparison, Key
    from apimpolicy.csharp.dotnet.system.objects import TypeObject


INDEX = "Index was out of range. Must be non-negative and less than the size of the collection."
COUNT = "Count must be positive and count must refer to a location within the string/array/collection."
OFFSETS = (
    "Offset and length were out of bounds for the array or count is greater than the number of elements from index to "
    "the end of the source collection."
)
NON_NEGATIVE = "Non-negative number required."


def check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ArgumentOutOfRangeException("index", INDEX)


def check_non_negative(value: int, parameter: str, message: str | None = NON_NEGATIVE) -> None:
    if value < 0:
        raise ArgumentOutOfRangeException(parameter, message)


def check_part(index: int, count: int, size: int, start: str = "index", length: str = "count") -> None:
    """Check a part of a list as `GetRange`, `Reverse` or `Array.Copy` do: ArgumentException when it is too long."""
    check_non_negative(index, start)
    check_non_negative(count, length)
    if size - index < count:
        raise ArgumentException(OFFSETS)


def check_search(start: int, count: int, size: int) -> None:
    """Check a part of a list as `FindIndex` and `IndexOf` do: ArgumentOutOfRangeException."""
    if not 0 <= start <= size:
        raise ArgumentOutOfRangeException("startIndex", INDEX)
    if not 0 <= count <= size - start:
        raise ArgumentOutOfRangeException("count", COUNT)


def check_backward_search(start: int, count: int, size: int) -> None:
    """Check a part of a list as `FindLastIndex` and `LastIndexOf` do, which counts downward from `start`."""
    if size == 0:
        if start != -1:
            raise ArgumentOutOfRangeException("startIndex", INDEX)
    elif not 0 <= start < size:
        raise ArgumentOutOfRangeException("startIndex", INDEX)
    if count < 0 or start - count + 1 < 0:
        raise ArgumentOutOfRangeException("count", COUNT)


def copy_into(items: list[Any], array: Any, index: int, parameter: str = "arrayIndex") -> None:
    """`CopyTo`: put the items into an array from an index on."""
    require(array, "array")
    if isinstance(array, RectangularArray):
        raise ArgumentException("Only single dimensional arrays are supported for the requested action.", "array")
    check_non_negative(index, parameter)
    if len(array) - index < len(items):
        raise ArgumentException(
            "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.",
            "destinationArray",
        )
    array[index : index + len(items)] = items


# Searching in lists and arrays: what `System.Array` and `List<T>` share.


def check_count(start: int, count: int | None, size: int) -> None:
    if count is not None and not 0 <= count <= size - start:
        raise ArgumentOutOfRangeException("count", COUNT)


def index_of(items: Sequence[Any], item: Any, start: int, count: int | None, key: Key | None) -> int:
    """The first index of an equal element in `count` elements from `start` on, or -1; the range is already checked."""
    stop = len(items) if count is None else start + count
    environment().step(stop - start)
    wanted = item if key is None else key(item)
    for index in range(start, stop):
        if (items[index] if key is None else key(items[index])) == wanted:
            return index
    return -1


def last_index_of(
    items: Sequence[Any], item: Any, start: int | None, count: int | None, key: Key | None, parameter: str
) -> int:
    """Return the last index of an equal element in `count` elements downward from `start`, or -1."""
    size = len(items)
    if size == 0:
        return -1
    if start is None:
        start = size - 1
    check_range(0 <= start < size, parameter, INDEX)
    if count is None:
        count = start + 1
    check_range(count >= 0 and start - count + 1 >= 0, "count", COUNT)
    environment().step(count)
    wanted = item if key is None else key(item)
    for index in range(start, start - count, -1):
        if (items[index] if key is None else key(items[index])) == wanted:
            return index
    return -1


def find_index(items: Sequence[Any], match: Callable[[Any], bool], start: int = 0, count: int | None = None) -> int:
    if count is None:
        count = len(items) - start if 0 <= start <= len(items) else 0
    check_search(start, count, len(items))
    require(match, "match")
    for index in range(start, start + count):
        environment().step()
        if match(items[index]):
            return index
    return -1


def find_last_index(
    items: Sequence[Any], match: Callable[[Any], bool], start: int | None = None, count: int | None = None
) -> int:
    require(match, "match")
    if start is None:
        start = len(items) - 1
    if count is None:
        count = start + 1
    check_backward_search(start, count, len(items))
    for index in range(start, start - count, -1):
        environment().step()
        if match(items[index]):
            return index
    return -1


def binary_search(items: Sequence[Any], start: int, count: int, item: Any, compare: Comparison) -> int:
    """.NET's binary search: the complement of the insertion point when there is no equal element."""
    low, high = start, start + count - 1
    try:
        while low <= high:
            middle = low + (high - low >> 1)
            order = compare(items[middle], item)
            if order == 0:
                return middle
            if order < 0:
                low = middle + 1
            else:
                high = middle - 1
    except DotnetException as exception:
        raise InvalidOperationException("Failed to compare two elements in the array.", exception) from exception
    return ~low


_DEFAULTS: dict[Type, Any] = {BOOL: False, CHAR: "\0", FLOAT: 0.0, DOUBLE: 0.0, DECIMAL: Decimal(0)}
_ZERO_FIELDS = {
    "System.DateTime": "static readonly System.DateTime MinValue;",
    "System.DateTimeOffset": "static readonly System.DateTimeOffset MinValue;",
    "System.Guid": "static readonly System.Guid Empty;",
    "System.TimeSpan": "static readonly System.TimeSpan Zero;",
}
"""The member that gives the value of a structure with all bits zero."""


def default_value(type_: Type) -> Any:
    """`default(T)`; raises NotSimulatedError for a structure that is not simulated."""
    if not type_.is_value_type or not isinstance(type_, NamedType) or type_.underlying is not None:
        return None
    if type_ in _DEFAULTS:
        return _DEFAULTS[type_]
    name = type_.name
    if type_.kind == "enum" or "." not in name:
        return 0
    if type_.definition.is_tuple:
        return tuple(default_value(element) for element in type_.arguments)
    if name == "System.Collections.Generic.KeyValuePair":
        return KeyValuePair(type_.arguments, *(default_value(part) for part in type_.arguments))
    field = _ZERO_FIELDS.get(name)
    implementation = find_implementation(type_.definition, field) if field else None
    if implementation is None:
        raise NotSimulatedError(name, "default value")
    if implementation.types:
        return implementation.target(type_.arguments)
    value = implementation.target()
    _DEFAULTS[type_] = value
    return value


def new_array(element: Type, length: int) -> Array:
    """`new T[length]`. A negative length raises OverflowException, as the runtime does."""
    if length < 0:
        raise OverflowException
    environment().new_elements(length)
    return Array(element, [default_value(element)] * length)


def new_rectangular_array(element: Type, lengths: tuple[int, ...]) -> RectangularArray:
    """`new T[a, b]` with default values."""
    count = 1
    for length in lengths:
        if length < 0:
            raise OverflowException
        count *= length
    environment().new_elements(count)
    return RectangularArray(element, lengths, [default_value(element)] * count)


def array_get(array: Any, index: int) -> Any:
    """`array[index]`; the array may be null."""
    try:
        if index >= 0:
            return array[index]
    except IndexError:
        raise IndexOutOfRangeException from None
    except TypeError:
        if array is not None:
            raise
    if array is None:
        raise NullReferenceException
    raise IndexOutOfRangeException


def array_set(array: Any, index: int, value: Any) -> Any:
    """`array[index] = value`, giving the value. Raises ArrayTypeMismatchException for what the array cannot hold."""
    if array is None:
        raise NullReferenceException
    if not 0 <= index < len(array):
        raise IndexOutOfRangeException
    _check_store(array.element, value)
    array[index] = value
    return value


def _check_store(element: Type, value: Any) -> None:
    """An array of a reference type may be seen as an array of a base type, so that a store can be wrong."""
    if value is None or element is OBJECT or element.is_value_type:
        return
    if element is STRING:
        if type(value) is not str:
            raise ArrayTypeMismatchException
    elif (
        (isinstance(element, ArrayType) or (isinstance(element, NamedType) and element.kind == "class"))
        # Lambdas, anonymous objects and lazy sequences do not all know their type; the compiler has checked them.
        and (hasattr(value, "dotnet_type") or hasattr(value, "dotnet_type_name"))
        and not is_instance(value, element)
    ):
        raise ArrayTypeMismatchException


def _offset(array: RectangularArray | None, indexes: tuple[int, ...]) -> int:
    if array is None:
        raise NullReferenceException
    offset = 0
    for index, length in zip(indexes, array.lengths, strict=True):
        if not 0 <= index < length:
            raise IndexOutOfRangeException
        offset = offset * length + index
    return offset


def rectangular_get(array: RectangularArray | None, indexes: tuple[int, ...]) -> Any:
    """`array[a, b]`; the array may be null."""
    offset = _offset(array, indexes)
    return array.items[offset]  # type: ignore[union-attr]  # _offset has refused null


def rectangular_set(array: RectangularArray | None, indexes: tuple[int, ...], value: Any) -> Any:
    """`array[a, b] = value`, giving the value."""
    offset = _offset(array, indexes)
    _check_store(array.element, value)  # type: ignore[union-attr]
    array.items[offset] = value  # type: ignore[union-attr]
    return value


def element_type(value: Any) -> Type | None:
    """Return the static element type of a collection, as far as the collection knows it."""
    if isinstance(value, str):
        return CHAR
    type_ = getattr(value, "dotnet_type", None)
    if isinstance(type_, ArrayType):
        return type_.element
    if isinstance(type_, NamedType):
        for candidate in type_.supertypes:
            if candidate.name == "System.Collections.Generic.IEnumerable":
                return candidate.arguments[0]
    return None


def iterate_boxed(value: Any) -> Iterator[Any]:
    """Return the elements as the non-generic `IEnumerable` yields them: boxed."""
    element = element_type(value)
    if element is None or not element.is_value_type:
        return iter(value)
    return (box(element, item) for item in value)


# `Array.CreateInstance`: arrays of an element type that is known at run time only

_ARRAY = "System.Array"


def create(element: TypeObject | None, lengths: tuple[int, ...], names: tuple[str, ...]) -> Any:
    """Return an array with default values; `names` are those of the lengths' parameters."""
    type_ = require(element, "elementType").type
    for length, name in zip(lengths, names, strict=True):
        check_non_negative(length, name)
    if type_ is VOID:
        raise NotSupportedException("Arrays of System.Void are not supported.")
    return new_array(type_, lengths[0]) if len(lengths) == 1 else new_rectangular_array(type_, lengths)


@implements(_ARRAY, "CreateInstance(Type, int, int)", "CreateInstance(Type, int, int, int)")
def create_rectangular(element: TypeObject | None, *lengths: int) -> Any:
    return create(element, lengths, tuple(f"length{number + 1}" for number in range(len(lengths))))


@implements(_ARRAY, "CreateInstance(Type, int[])", "CreateInstance(Type, long[])")
def create_of_lengths(element: TypeObject | None, lengths: Any) -> Any:
    require(element, "elementType")
    if not require(lengths, "lengths"):
        raise ArgumentException("Must provide at least one rank.")
    if any(length >= 1 << 31 for length in lengths):
        raise ArgumentOutOfRangeException("len", "Arrays larger than 2GB are not supported.")
    return create(element, tuple(lengths), tuple(f"lengths[{index}]" for index in range(len(lengths))))


@implements(_ARRAY, "Initialize")
def initialize(array: Any) -> None:
    """Call the constructors of the elements; the structures of C# have none."""


declines(_ARRAY, "CreateInstance(Type, int[], int[])", reason="arrays whose first index is not 0 are not simulated")


implements_all(_ARRAY, {"CreateInstance(Type, int)": lambda element, length: create(element, (length,), ("length",))})
