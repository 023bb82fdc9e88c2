"""`System.Collections.Generic.HashSet<T>`, `Queue<T>` and `Stack<T>`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import check_non_negative, copy_into, default_value, index_of
from apimpolicy.csharp.dotnet.collections.comparers import equality_key
from apimpolicy.csharp.dotnet.collections.generic import EMPTY, GenericCollection, HashedCollection, check_capacity
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException, require
from apimpolicy.csharp.dotnet.registry import (
    counts_itself,
    dotnet_class,
    implements,
    implements_all,
    interface_members,
    member,
)
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array


@dotnet_class("System.Collections.Generic.HashSet<T>")
class HashSet(HashedCollection):
    """A set in the order of insertion."""

    __slots__ = ()

    definition_name = "System.Collections.Generic.HashSet"

    @staticmethod
    @member("new()", "new(IEqualityComparer<T>)", types=True)
    def create(types: tuple[Type, ...], comparer: Any = None) -> HashSet:
        return HashSet(types, comparer)

    @staticmethod
    @member("new(int)", "new(int, IEqualityComparer<T>)", types=True)
    def with_capacity(types: tuple[Type, ...], capacity: int, comparer: Any = None) -> HashSet:
        check_capacity(capacity, None)
        return HashSet(types, comparer)

    @staticmethod
    @member("new(IEnumerable<T>)", "new(IEnumerable<T>, IEqualityComparer<T>)", types=True)
    @counts_itself
    def from_collection(types: tuple[Type, ...], collection: Any, comparer: Any = None) -> HashSet:
        made = HashSet(types, comparer)
        step = environment().step
        for item in require(collection, "collection"):
            step()
            made.add(item)
        return made

    def stand_ins(self, items: Any) -> dict[Any, Any]:
        """Return the items without repetition, by the hashable stand-ins of this set's equality."""
        if self._key is None:
            return {item: item for item in items}
        found: dict[Any, Any] = {}
        for item in items:
            found.setdefault(self._key(item), item)
        return found

    def _others(self, other: Any) -> dict[Any, Any]:
        require(other, "other")
        items = list(other)
        environment().step(len(items))
        return self.stand_ins(items)

    def _own(self) -> dict[Any, Any]:
        items = self.entries()
        environment().step(len(items))
        return self.stand_ins(items)

    def union_with(self, other: Any) -> None:
        step = environment().step
        for item in require(other, "other"):  # one by one, so that a query over this set notices
            step()
            self.add(item)

    def intersect_with(self, other: Any) -> None:
        others = self._others(other)
        for stand_in, item in self._own().items():
            if stand_in not in others:
                self.remove(item)

    def except_with(self, other: Any) -> None:
        if require(other, "other") is self:
            self.clear()
        step = environment().step
        for item in other if self._index else ():
            step()
            self.remove(item)

    def symmetric_except_with(self, other: Any) -> None:
        for item in self._others(other).values():
            if not self.remove(item):
                self.add(item)

    def is_subset_of(self, other: Any) -> bool:
        return self._own().keys() <= self._others(other).keys()

    def is_proper_subset_of(self, other: Any) -> bool:
        return self._own().keys() < self._others(other).keys()

    def is_superset_of(self, other: Any) -> bool:
        return self._own().keys() >= self._others(other).keys()

    def is_proper_superset_of(self, other: Any) -> bool:
        return self._own().keys() > self._others(other).keys()

    def overlaps(self, other: Any) -> bool:
        return not self._own().keys().isdisjoint(self._others(other).keys())

    def set_equals(self, other: Any) -> bool:
        return self._own().keys() == self._others(other).keys()

    def remove_where(self, match: Callable[[Any], bool]) -> int:
        require(match, "match")
        return sum(bool(match(item)) and bool(self.remove(item)) for item in self._own().values())

    def _hashed(self, item: Any) -> Any:
        return item if self._key is None else self._key(item)

    def add(self, item: Any) -> bool:
        hashed = self._hashed(item)
        if hashed in self._index:
            return False
        self._insert(hashed, item)
        return True

    def remove(self, item: Any) -> bool:
        if self._delete(self._hashed(item)) is EMPTY:
            return False
        self.version += 1
        if not self._index:
            self._forget()
        return True

    def clear(self) -> None:
        self._forget()
        self.version += 1

    def contains(self, item: Any) -> bool:
        return self._hashed(item) in self._index

    def try_get_value(self, item: Any) -> tuple[bool, Any]:
        slot = self._index.get(self._hashed(item))
        return (False, default_value(self.types[0])) if slot is None else (True, self._slots[slot])

    def copy_to(self, array: Any, index: int = 0, count: int | None = None) -> None:
        check_non_negative(count or 0, "count")
        copy_into(self.entries()[:count], array, index)

    def trim_excess(self) -> None:
        items = self.entries()
        self._forget()
        for item in items:
            self.add(item)


interface_members(
    "System.Collections.Generic.ISet<T>",
    "UnionWith IntersectWith ExceptWith SymmetricExceptWith IsSubsetOf IsProperSubsetOf IsSupersetOf "
    "IsProperSupersetOf Overlaps SetEquals Add",
)


class SetComparer:
    """Sets are equal when they have equal elements by the default comparer."""

    __slots__ = ("_key", "types")

    def __init__(self, types: tuple[Type, ...]) -> None:
        self.types = types
        self._key = equality_key(types[0])

    def key(self, items: Any) -> Any:
        return frozenset(items if self._key is None else map(self._key, items))

    def equals(self, x: Any, y: Any) -> bool:
        return x is y or (x is not None and y is not None and bool(self.key(x) == self.key(y)))

    def get_hash_code(self, items: Any) -> int:
        return 0 if items is None else hash(self.key(items)) & 0x7FFFFFFF


implements(
    "System.Collections.Generic.HashSet<T>",
    "static System.Collections.Generic.IEqualityComparer<System.Collections.Generic.HashSet<T>> CreateSetComparer()",
    types=True,
)(SetComparer)


# `System.Collections.Generic.Queue<T>` and `Stack<T>`.


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

    def peek(self) -> Any:
        raise NotImplementedError

    def try_peek(self) -> tuple[bool, Any]:
        return (True, self.peek()) if len(self) else (False, default_value(self.types[0]))


@dotnet_class("System.Collections.Generic.Queue<T>")
class Queue(_Line):
    """First in, first out. The elements before `_head` are gone; they are dropped when they are the greater half."""

    __slots__ = ("_head",)

    definition_name = "System.Collections.Generic.Queue"

    def __init__(self, types: tuple[Type, ...], items: Iterable[Any] = ()) -> None:
        super().__init__(types, items)
        self._head = 0

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


@dotnet_class("System.Collections.Generic.Stack<T>")
class Stack(_Line):
    """Last in, first out; walked over from the top."""

    __slots__ = ()

    definition_name = "System.Collections.Generic.Stack"

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


def _register(name: str, made: type[_Line]) -> None:
    def with_capacity(types: tuple[Type, ...], capacity: int) -> _Line:
        check_capacity(capacity)
        return made(types)

    implements_all(
        f"System.Collections.Generic.{name}<T>",
        {
            "new()": made,
            "new(int)": with_capacity,
            "new(IEnumerable<T>)": lambda types, collection: made(types, require(collection, "collection")),
        },
        types=True,
    )


_register("Queue", Queue)
_register("Stack", Stack)
