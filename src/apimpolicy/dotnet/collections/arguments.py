"""Checks of arguments, and searching in lists and arrays, that collections share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    DotnetException,
    InvalidOperationException,
    check_range,
    require,
)
from apimpolicy.dotnet.values import RectangularArray

if TYPE_CHECKING:
    from apimpolicy.dotnet.collections.comparers import Comparison, Key


# Checks of arguments that many collections share, and the place of a node among its siblings.

# Checks of arguments that many collections share, with .NET's exceptions

INDEX = "Index was out of range. Must be non-negative and less than the size of the collection."
COUNT = "Count must be positive and count must refer to a location within the string/array/collection."
OFFSETS = (
    "Offset and length were out of bounds for the array or count is greater than the number of elements from index to "
    "the end of the source collection."
)
NON_NEGATIVE = "Non-negative number required."


def check_index(index: int, size: int, parameter: str = "index") -> None:
    """Raise ArgumentOutOfRangeException unless there is an element at this index."""
    if not 0 <= index < size:
        raise ArgumentOutOfRangeException(parameter, INDEX)


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
    """Check the `count` of a forward search."""
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
    """Return the first index whose element matches, or -1."""
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
    """Return the last index whose element matches, or -1."""
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
