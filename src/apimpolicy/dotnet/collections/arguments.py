"""Checks of arguments that many collections share, and the place of a node among its siblings."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, require
from apimpolicy.dotnet.values import RectangularArray

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
