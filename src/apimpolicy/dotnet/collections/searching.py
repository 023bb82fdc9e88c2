"""Searching in lists and arrays: what `System.Array` and `List<T>` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import COUNT, INDEX, check_backward_search, check_search
from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import (
    ArgumentOutOfRangeException,
    DotnetException,
    InvalidOperationException,
    check_range,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.dotnet.collections.comparers import Comparison, Key
    from apimpolicy.dotnet.types import Type


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


def item_or_default(items: Sequence[Any], index: int, type_: Type) -> Any:
    return items[index] if index >= 0 else default_value(type_)


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
