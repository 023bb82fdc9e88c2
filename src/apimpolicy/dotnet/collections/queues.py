"""`System.Collections.Generic.Queue<T>` and `Stack<T>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import copy_into
from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.collections.comparers import equality_key
from apimpolicy.dotnet.collections.generic import GenericCollection, check_capacity
from apimpolicy.dotnet.collections.searching import index_of
from apimpolicy.dotnet.exceptions import InvalidOperationException, require
from apimpolicy.dotnet.registry import dotnet_class, implements_all
from apimpolicy.dotnet.values import Array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.dotnet.types import Type


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
