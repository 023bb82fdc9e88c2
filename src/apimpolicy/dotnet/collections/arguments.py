"""Checks of arguments that many collections share, and the place of a node among its siblings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, require
from apimpolicy.dotnet.values import RectangularArray

if TYPE_CHECKING:
    from collections.abc import Sequence


# Checks of arguments that many collections share, with .NET's exceptions

INDEX = "Index was out of range. Must be non-negative and less than the size of the collection."
_COUNT = "Count must be positive and count must refer to a location within the string/array/collection."
OFFSETS = (
    "Offset and length were out of bounds for the array or count is greater than the number of elements from index to "
    "the end of the source collection."
)
_NON_NEGATIVE = "Non-negative number required."


def check_index(index: int, size: int, parameter: str = "index") -> None:
    """Raise ArgumentOutOfRangeException unless there is an element at this index."""
    if not 0 <= index < size:
        raise ArgumentOutOfRangeException(parameter, INDEX)


def check_non_negative(value: int, parameter: str, message: str | None = _NON_NEGATIVE) -> None:
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
        raise ArgumentOutOfRangeException("count", _COUNT)


def check_backward_search(start: int, count: int, size: int) -> None:
    """Check a part of a list as `FindLastIndex` and `LastIndexOf` do, which counts downward from `start`."""
    if size == 0:
        if start != -1:
            raise ArgumentOutOfRangeException("startIndex", INDEX)
    elif not 0 <= start < size:
        raise ArgumentOutOfRangeException("startIndex", INDEX)
    if count < 0 or start - count + 1 < 0:
        raise ArgumentOutOfRangeException("count", _COUNT)


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


# The position of a node among the children of its parent.
# Trees keep their children in lists, .NET links them to each other. A node remembers where it was found; the search
# begins there, so that a walk from sibling to sibling takes one look for each, as it does along links.


def position_of(children: Sequence[Any], node: Any, near: int) -> int:
    """Return the position of this very node, looked for outward from `near`; -1 when it is not there.

    >>> a, b = [1], [1]
    >>> position_of([a, b], b, 0), position_of([a, b], [1], 5)
    (1, -1)
    """
    size = len(children)
    if near < size and children[near] is node:
        return near
    below, above = min(near, size) - 1, near + 1
    looks = 0
    while below >= 0 or above < size:
        looks += 1
        if above < size and children[above] is node:
            environment().step(looks >> 3)
            return above
        if below >= 0 and children[below] is node:
            environment().step(looks >> 3)
            return below
        below -= 1
        above += 1
    environment().step(looks >> 3)
    return -1
