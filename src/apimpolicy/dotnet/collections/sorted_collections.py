"""`SortedDictionary<TKey, TValue>` and `SortedSet<T>`, which Azure refuses: filled and walked over, in order.

A key has its place by the default comparison, and two keys that it takes for equal are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.comparers import comparison, text
from apimpolicy.dotnet.collections.dictionary import key_not_found
from apimpolicy.dotnet.collections.generic import GenericCollection
from apimpolicy.dotnet.collections.pairs import KeyValuePair
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, require
from apimpolicy.dotnet.registry import dotnet_class, implements_all, member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.types import Type


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
