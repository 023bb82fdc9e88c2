"""`System.Collections.Generic.List<T>`, and `ReadOnlyCollection<T>`, which wraps a list."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections import arrays, interfaces
from apimpolicy.csharp.dotnet.collections.arrays import INDEX, OFFSETS, check_index, check_part, copy_into
from apimpolicy.csharp.dotnet.collections.comparers import comparison_of, equality_key, sort, sort_key
from apimpolicy.csharp.dotnet.collections.generic import (
    MODIFIED,
    Enumerator,
    GenericCollection,
    ReadOnlyView,
    check_capacity,
)
from apimpolicy.csharp.dotnet.costs import FREE
from apimpolicy.csharp.dotnet.environment import environment, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    InvalidOperationException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array

if TYPE_CHECKING:
    Predicate = Callable[[Any], bool]


@dotnet_class("System.Collections.ObjectModel.ReadOnlyCollection<T>")
class ReadOnlyCollection(ReadOnlyView):
    """A list seen through a wrapper that cannot change it."""

    __slots__ = ("_list", "types")

    def __init__(self, types: tuple[Type, ...], wrapped: Any) -> None:
        self.types = types
        self._list = wrapped

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.ObjectModel.ReadOnlyCollection", *self.types)

    @property
    def count(self) -> int:
        return interfaces.get_count(self._list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list)

    @member("Item")
    def get_item(self, index: int) -> Any:
        return interfaces.get_item(self._list, index)

    def contains(self, value: Any) -> bool:
        return interfaces.contains(self._list, value)

    def index_of(self, value: Any) -> int:
        return interfaces.index_of(self._list, value)

    def copy_to(self, array: Any, index: int) -> None:
        interfaces.copy_to(self._list, array, index)

    def get_enumerator(self) -> Enumerator:
        return Enumerator(self)


_MOVED_TOGETHER = 5
"""Logarithm: elements that move together at the price of one that is looked at."""
_TOO_SMALL = "capacity was less than the current size."
_INSERT = "Index must be within the bounds of the List."


@dotnet_class("System.Collections.Generic.List<T>")
class List(GenericCollection):
    """A list over a Python list, `items`; emitted code may read `items`, and changes through the methods only."""

    __slots__ = ("_capacity", "items")

    definition_name = "System.Collections.Generic.List"

    def __init__(self, types: tuple[Type, ...], items: Iterable[Any] | None = None) -> None:
        self.types = types
        self.version = self._capacity = 0
        self.items: list[Any] = []
        if items is not None:
            self.items.extend(items)
            self._capacity = len(self.items)

    @staticmethod
    @member("new(int)", types=True)
    def with_capacity(types: tuple[Type, ...], capacity: int) -> List:
        check_capacity(capacity)
        made = List(types)
        made._capacity = capacity
        return made

    @staticmethod
    @member("new(IEnumerable<T>)", types=True)
    def from_collection(types: tuple[Type, ...], collection: Any) -> List:
        return List(types, require(collection, "collection"))

    @staticmethod
    def of_items(types: tuple[Type, ...], items: list[Any]) -> List:
        """Return a list that these were added to; they are its own from now on."""
        made = List(types)
        made.items = items
        made.version = len(items)
        return made

    @property
    def count(self) -> int:
        return len(self.items)

    @property
    def capacity(self) -> int:
        """Grows as .NET's: 4, then doubling."""
        size = len(self.items)
        while self._capacity < size:
            self._capacity = max(4, self._capacity * 2)
        return self._capacity

    @capacity.setter
    def capacity(self, value: int) -> None:
        check_range(value >= len(self.items), "value", _TOO_SMALL)
        environment().check_elements(value)
        self._capacity = value

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        version = self.version
        for item in self.items:
            yield item
            if self.version != version:
                raise InvalidOperationException(MODIFIED)

    @member("Item")
    def get_item(self, index: int) -> Any:
        if 0 <= index < len(self.items):
            return self.items[index]
        raise ArgumentOutOfRangeException("index", INDEX)

    @member("Item", setter=True)
    def set_item(self, index: int, value: Any) -> None:
        check_index(index, len(self.items))
        self.items[index] = value
        self.version += 1

    @member("Add", cost=FREE)
    def add(self, item: Any) -> None:
        self.items.append(item)
        self.version = version = self.version + 1
        if not version & 1023:
            self.check_growth(len(self.items))

    def add_range(self, collection: Any) -> None:
        if hasattr(require(collection, "collection"), "__len__"):
            self.insert_range(len(self.items), collection)
            return
        self._insert_each(len(self.items), collection)

    @counts_itself
    def insert(self, index: int, item: Any) -> None:
        check_range(0 <= index <= len(self.items), "index", _INSERT)
        work_through(len(self.items) - index >> _MOVED_TOGETHER)
        self.items.insert(index, item)
        self.version += 1
        self.check_room(len(self.items))

    @counts_itself
    def insert_range(self, index: int, collection: Any) -> None:
        require(collection, "collection")
        check_range(0 <= index <= len(self.items), "index", INDEX)
        if not hasattr(collection, "__len__"):
            self._insert_each(index, collection)
            return
        added = list(collection)
        environment().check_elements(len(self.items) + len(added))
        environment().step(len(added))
        self.items[index:index] = added
        self.version += 1

    def _insert_each(self, index: int, collection: Any) -> None:
        """Insert what a query yields one by one, so that a query over this list notices."""
        for place, item in enumerate(collection, index):
            environment().step()
            self.insert(place, item)

    def clear(self) -> None:
        self.items.clear()
        self.version += 1

    def remove(self, item: Any) -> bool:
        index = self.index_of(item)
        if index < 0:
            return False
        del self.items[index]
        self.version += 1
        return True

    @counts_itself
    def remove_at(self, index: int) -> None:
        check_index(index, len(self.items))
        work_through(len(self.items) - index >> _MOVED_TOGETHER)
        del self.items[index]
        self.version += 1

    @counts_itself
    def remove_range(self, index: int, count: int) -> None:
        check_part(index, count, len(self.items))
        if count:
            work_through(len(self.items) - index >> _MOVED_TOGETHER)
            del self.items[index : index + count]
            self.version += 1

    @counts_itself
    def remove_all(self, match: Predicate) -> int:
        require(match, "match")
        environment().step(len(self.items))
        kept = [item for item in self.items if not match(item)]
        removed = len(self.items) - len(kept)
        if removed:
            self.items[:] = kept
            self.version += 1
        return removed

    def contains(self, item: Any) -> bool:
        return self.index_of(item) >= 0

    def index_of(self, item: Any, index: int = 0, count: int | None = None) -> int:
        size = len(self.items)
        check_range(0 <= index <= size, "index", INDEX)
        arrays.check_count(index, count, size)
        return arrays.index_of(self.items, item, index, count, equality_key(self.types[0]))

    def last_index_of(self, item: Any, index: int | None = None, count: int | None = None) -> int:
        return arrays.last_index_of(self.items, item, index, count, equality_key(self.types[0]), "index")

    @counts_itself
    def get_range(self, index: int, count: int) -> List:
        check_part(index, count, len(self.items))
        work_through(count)
        return List(self.types, self.items[index : index + count])

    @member("Reverse()")
    @counts_itself
    def reverse(self) -> None:
        work_through(len(self.items))
        self.items.reverse()
        self.version += 1

    @member("Reverse(int, int)")
    @counts_itself
    def reverse_part(self, index: int, count: int) -> None:
        check_part(index, count, len(self.items))
        work_through(count)
        self.items[index : index + count] = self.items[index : index + count][::-1]
        self.version += 1

    @member("Sort()", "Sort(IComparer<T>)")
    def sort(self, comparer: Any = None) -> None:
        self.sort_part(0, len(self.items), comparer)

    @member("Sort(int, int, IComparer<T>)")
    @counts_itself
    def sort_part(self, index: int, count: int, comparer: Any) -> None:
        check_part(index, count, len(self.items))
        environment().step(count)
        part = self.items[index : index + count]
        sort(part, sort_key(self.types[0], comparer))
        self.items[index : index + count] = part
        self.version += 1

    @member("Sort(Comparison<T>)")
    @counts_itself
    def sort_by(self, comparison: Callable[[Any, Any], int]) -> None:
        require(comparison, "comparison")
        environment().step(len(self.items))
        part = list(self.items)
        sort(part, functools.cmp_to_key(comparison))
        self.items[:] = part
        self.version += 1

    @member("BinarySearch(T)", "BinarySearch(T, IComparer<T>)")
    def binary_search(self, item: Any, comparer: Any = None) -> int:
        return self.binary_search_part(0, len(self.items), item, comparer)

    @member("BinarySearch(int, int, T, IComparer<T>)")
    def binary_search_part(self, index: int, count: int, item: Any, comparer: Any) -> int:
        check_part(index, count, len(self.items))
        return arrays.binary_search(self.items, index, count, item, comparison_of(self.types[0], comparer))

    @counts_itself
    def to_array(self) -> Array:
        work_through(len(self.items))
        return Array(self.types[0], self.items)

    @member("CopyTo(T[])", "CopyTo(T[], int)")
    def copy_to(self, array: Any, index: int = 0) -> None:
        copy_into(self.items, array, index)

    @member("CopyTo(int, T[], int, int)")
    def copy_part_to(self, index: int, array: Any, array_index: int, count: int) -> None:
        if len(self.items) - index < count:
            raise ArgumentException(OFFSETS)
        copy_into(self.items[index : index + count], array, array_index)

    def trim_excess(self) -> None:
        self._capacity = len(self.items)

    def as_read_only(self) -> Any:
        return ReadOnlyCollection(self.types, self)


implements_all("System.Collections.Generic.List<T>", {"new()": List}, types=True)
