"""Queues, stacks, sorted collections, and `Span<T>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import check_non_negative, copy_into
from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.collections.comparers import comparison, equality_key, text
from apimpolicy.dotnet.collections.dictionary import key_not_found
from apimpolicy.dotnet.collections.generic import GenericCollection
from apimpolicy.dotnet.collections.searching import index_of
from apimpolicy.dotnet.collections.tuples import KeyValuePair
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, InvalidOperationException, require
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import dotnet_class, implements_all, member
from apimpolicy.dotnet.values import Array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.dotnet.types import Type


# `System.Collections.Generic.Queue<T>` and `Stack<T>`


class _Line(GenericCollection):
    """Elements in order of arrival; `in_order` gives them in the order of enumeration."""

    __slots__ = ("_items",)

    def __init__(self, types: tuple[Type, ...], items: Iterable[Any] = ()) -> None:
        super().__init__(types)
        self._items = list(items)

    @property
    def count(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def in_order(self) -> list[Any]:
        return list(self._items)

    def __iter__(self) -> Iterator[Any]:
        return self.guard(self.in_order())

    def clear(self) -> None:
        self._items.clear()
        self.version += 1

    def contains(self, item: Any) -> bool:
        return index_of(self._items, item, 0, None, equality_key(self.types[0])) >= 0

    def copy_to(self, array: Any, index: int) -> None:
        copy_into(self.in_order(), array, index)

    def to_array(self) -> Array:
        return Array(self.types[0], self.in_order())

    def trim_excess(self) -> None:
        self.version += 1


def _check_capacity(capacity: int) -> None:
    check_non_negative(capacity, "capacity")
    environment().check_elements(capacity)


_SHARED = {
    "void Clear()": "clear",
    "bool Contains(T item)": "contains",
    "void CopyTo(T[] array, int arrayIndex)": "copy_to",
    "T[] ToArray()": "to_array",
    "void TrimExcess()": "trim_excess",
    "Count": "count",
}


@dotnet_class("System.Collections.Generic.Queue<T>", members=_SHARED)
class Queue(_Line):
    """First in, first out. The elements before `_head` are gone; they are dropped when they are the greater half."""

    __slots__ = ("_head",)

    definition_name = "System.Collections.Generic.Queue"

    def __init__(self, types: tuple[Type, ...], items: Iterable[Any] = ()) -> None:
        super().__init__(types, items)
        self._head = 0

    @staticmethod
    @member("new(int)", types=True)
    def with_capacity(types: tuple[Type, ...], capacity: int) -> Queue:
        _check_capacity(capacity)
        return Queue(types)

    @property
    def count(self) -> int:
        return len(self._items) - self._head

    def __len__(self) -> int:
        return len(self._items) - self._head

    def in_order(self) -> list[Any]:
        return self._items[self._head :]

    def clear(self) -> None:
        self._head = 0
        super().clear()

    def contains(self, item: Any) -> bool:
        return index_of(self._items, item, self._head, len(self), equality_key(self.types[0])) >= 0

    def enqueue(self, item: Any) -> None:
        self._items.append(item)
        self.version += 1
        self.check_room(len(self._items))

    def dequeue(self) -> Any:
        item = self.peek()
        self._head += 1
        if self._head > 32 and self._head * 2 > len(self._items):
            del self._items[: self._head]
            self._head = 0
        self.version += 1
        return item

    def try_dequeue(self) -> tuple[bool, Any]:
        return (True, self.dequeue()) if len(self) else (False, default_value(self.types[0]))

    def peek(self) -> Any:
        if not len(self):
            raise InvalidOperationException("Queue empty.")
        return self._items[self._head]

    def try_peek(self) -> tuple[bool, Any]:
        return (True, self.peek()) if len(self) else (False, default_value(self.types[0]))


@dotnet_class("System.Collections.Generic.Stack<T>", members=_SHARED)
class Stack(_Line):
    """Last in, first out; walked over from the top."""

    __slots__ = ()

    definition_name = "System.Collections.Generic.Stack"

    @staticmethod
    @member("new(int)", types=True)
    def with_capacity(types: tuple[Type, ...], capacity: int) -> Stack:
        _check_capacity(capacity)
        return Stack(types)

    def in_order(self) -> list[Any]:
        return self._items[::-1]

    def push(self, item: Any) -> None:
        self._items.append(item)
        self.version += 1
        self.check_room(len(self._items))

    def pop(self) -> Any:
        item = self.peek()
        del self._items[-1]
        self.version += 1
        return item

    def try_pop(self) -> tuple[bool, Any]:
        return (True, self.pop()) if self._items else (False, default_value(self.types[0]))

    def peek(self) -> Any:
        if not self._items:
            raise InvalidOperationException("Stack empty.")
        return self._items[-1]

    def try_peek(self) -> tuple[bool, Any]:
        return (True, self._items[-1]) if self._items else (False, default_value(self.types[0]))


implements_all(
    "System.Collections.Generic.Queue<T>",
    {
        "new()": Queue,
        "new(IEnumerable<T>)": lambda types, collection: Queue(types, require(collection, "collection")),
    },
    types=True,
)
implements_all(
    "System.Collections.Generic.Stack<T>",
    {
        "new()": Stack,
        "new(IEnumerable<T>)": lambda types, collection: Stack(types, require(collection, "collection")),
    },
    types=True,
)


# `System.Span<T>`, which Azure refuses: an array converted to one, and its length


class Span:
    __slots__ = ("dotnet_type", "length")

    def __init__(self, types: tuple[Type, ...], items: Array | None) -> None:
        self.dotnet_type = named("System.Span", *types)
        self.length = 0 if items is None else len(items)


implements_all("System.Span<T>", {"static System.Span<T> op_Implicit(T[] array)": Span}, types=True)
implements_all("System.Span<T>", {"Length": lambda span: span.length})


# `SortedDictionary<TKey, TValue>` and `SortedSet<T>`, which Azure refuses: filled and walked over, in order.
# A key has its place by the default comparison, and two keys that it takes for equal are one.


class SortedCollection(GenericCollection):
    """Keys in a sorted list, found by halving, with an entry for each."""

    __slots__ = ("_compare", "_entries", "_keys")

    def __init__(self, types: tuple[Type, ...]) -> None:
        super().__init__(types)
        self._compare = comparison(types[0])
        self._keys: list[Any] = []
        self._entries: list[Any] = []

    @property
    def count(self) -> int:
        return len(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Any]:
        return self.guard(self._entries)

    def _place(self, key: Any) -> tuple[int, bool]:
        """Return where the key is or would be, and whether it is there."""
        low, high = 0, len(self._keys)
        while low < high:
            environment().step()
            middle = (low + high) // 2
            order = self._compare(key, self._keys[middle])
            if order == 0:
                return middle, True
            low, high = (low, middle) if order < 0 else (middle + 1, high)
        return low, False

    def _put(self, place: int, found: bool, key: Any, entry: Any) -> None:
        self._keys[place : place + found] = [key]
        self._entries[place : place + found] = [entry]
        self.version += 1
        self.check_room(len(self._keys))


@dotnet_class("System.Collections.Generic.SortedDictionary<TKey, TValue>")
class SortedDictionary(SortedCollection):
    __slots__ = ()

    definition_name = "System.Collections.Generic.SortedDictionary"

    @member("Item")
    def get_item(self, key: Any) -> Any:
        place, found = self._place(require(key, "key"))
        if not found:
            raise key_not_found(self.types[0], key)
        return self._entries[place].value

    @member("Item", setter=True)
    def set_item(self, key: Any, value: Any) -> None:
        self._put(*self._place(require(key, "key")), key, KeyValuePair(self.types, key, value))

    def add(self, key: Any, value: Any) -> None:
        place, found = self._place(require(key, "key"))
        if found:
            raise ArgumentException(
                f"An item with the same key has already been added. Key: {text(self.types[0], key)}", "key"
            )
        self._put(place, found, key, KeyValuePair(self.types, key, value))

    def contains_key(self, key: Any) -> bool:
        return self._place(require(key, "key"))[1]


@dotnet_class("System.Collections.Generic.SortedSet<T>")
class SortedSet(SortedCollection):
    __slots__ = ()

    definition_name = "System.Collections.Generic.SortedSet"

    def add(self, item: Any) -> bool:
        place, found = self._place(item)
        if not found:
            self._put(place, found, item, item)
        return not found


implements_all("System.Collections.Generic.SortedDictionary<TKey, TValue>", {"new()": SortedDictionary}, types=True)
implements_all("System.Collections.Generic.SortedSet<T>", {"new()": SortedSet}, types=True)
