"""`System.Collections.Generic.Dictionary<TKey, TValue>` with its views of keys and values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import check_non_negative, copy_into, default_value
from apimpolicy.csharp.dotnet.collections.comparers import default_key, text
from apimpolicy.csharp.dotnet.collections.generic import EMPTY, HashedCollection, ReadOnlyView, check_capacity
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, KeyNotFoundException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.types import NamedType, Type

_NAME = "System.Collections.Generic.Dictionary"


def key_not_found(type_: Type, key: Any) -> KeyNotFoundException:
    return KeyNotFoundException(f"The given key '{text(type_, key)}' was not present in the dictionary.")


@dotnet_class(f"{_NAME}<TKey, TValue>")
class Dictionary(HashedCollection):
    """A dictionary; its slots hold keys with their values, and iteration yields `KeyValuePair`s."""

    __slots__ = ()

    definition_name = _NAME

    @staticmethod
    @member("new(IEqualityComparer<TKey>)", types=True)
    def create(types: tuple[Type, ...], comparer: Any = None) -> Dictionary:
        return Dictionary(types, comparer)

    @staticmethod
    @member("new(int)", "new(int, IEqualityComparer<TKey>)", types=True)
    def with_capacity(types: tuple[Type, ...], capacity: int, comparer: Any = None) -> Dictionary:
        check_capacity(capacity, None)
        return Dictionary(types, comparer)

    @staticmethod
    @member("new(IDictionary<TKey, TValue>)", "new(IDictionary<TKey, TValue>, IEqualityComparer<TKey>)", types=True)
    def from_dictionary(types: tuple[Type, ...], dictionary: Any, comparer: Any = None) -> Dictionary:
        return _filled(types, require(dictionary, "dictionary"), comparer)

    @staticmethod
    @member(
        "new(IEnumerable<KeyValuePair<TKey, TValue>>)",
        "new(IEnumerable<KeyValuePair<TKey, TValue>>, IEqualityComparer<TKey>)",
        types=True,
    )
    def from_pairs(types: tuple[Type, ...], collection: Any, comparer: Any = None) -> Dictionary:
        return _filled(types, require(collection, "collection"), comparer)

    @staticmethod
    def of_entries(types: tuple[Type, ...], places: dict[Any, int], entries: list[tuple[Any, Any]]) -> Dictionary:
        """Return a dictionary of strings or integers that these were added to, with the place of each by its key."""
        made = Dictionary(types)
        made._index = places.copy()
        made._slots = entries
        made.version = len(entries)
        return made

    def _hashed(self, key: Any) -> Any:
        key = require(key, "key")
        return key if self._key is None else self._key(key)

    def __iter__(self) -> Iterator[KeyValuePair]:
        types = self.types
        for key, value in super().__iter__():
            yield KeyValuePair(types, key, value)

    def pairs(self) -> list[KeyValuePair]:
        """Return the entries as they are now."""
        return [KeyValuePair(self.types, key, value) for key, value in self.entries()]

    @property
    def keys(self) -> KeyCollection:
        return KeyCollection(self)

    @property
    def values(self) -> ValueCollection:
        return ValueCollection(self)

    @member("Item")
    def get_item(self, key: Any) -> Any:
        try:
            return self._slots[self._index[key if self._key is None else self._hashed(key)]][1]
        except KeyError:
            self._hashed(key)
            raise key_not_found(self.types[0], key) from None

    @member("Item", setter=True)
    def set_item(self, key: Any, value: Any) -> None:
        hashed = self._hashed(key)
        slot = self._index.get(hashed)
        if slot is None:
            self._insert(hashed, (key, value))
        else:
            self._slots[slot] = self._slots[slot][0], value
            self.version += 1

    def add(self, key: Any, value: Any) -> None:
        hashed = key if self._key is None and key is not None else self._hashed(key)
        index = self._index
        if hashed in index:
            raise ArgumentException(
                f"An item with the same key has already been added. Key: {text(self.types[0], key)}"
            )
        if self._free:
            self._insert(hashed, (key, value))
            return
        slots = self._slots
        index[hashed] = slot = len(slots)
        slots.append((key, value))
        self.version += 1
        if slot & 1023 == 1023:
            self.check_room(slot + 1)

    def try_add(self, key: Any, value: Any) -> bool:
        hashed = self._hashed(key)
        if hashed in self._index:
            return False
        self._insert(hashed, (key, value))
        return True

    def contains_key(self, key: Any) -> bool:
        return (key if self._key is None and key is not None else self._hashed(key)) in self._index

    @counts_itself
    def contains_value(self, value: Any) -> bool:
        environment().step(len(self._index))
        key = default_key(self.types[1])
        if key is None:
            return any(held == value for _, held in self.entries())
        wanted = key(value)
        return any(key(held) == wanted for _, held in self.entries())

    def try_get_value(self, key: Any) -> tuple[bool, Any]:
        slot = self._index.get(key if self._key is None and key is not None else self._hashed(key))
        if slot is None:
            return False, default_value(self.types[1])
        return True, self._slots[slot][1]

    @member("Remove(TKey)")
    def remove(self, key: Any) -> bool:
        return self._delete(self._hashed(key)) is not EMPTY

    @member("Remove(TKey, out TValue)")
    def remove_and_get(self, key: Any) -> tuple[bool, Any]:
        entry = self._delete(self._hashed(key))
        return (False, default_value(self.types[1])) if entry is EMPTY else (True, entry[1])

    def clear(self) -> None:
        self._forget()

    @member("TrimExcess()")
    def trim_excess(self) -> None:
        self.trim_to(len(self._index))

    @member("TrimExcess(int)")
    def trim_to(self, capacity: int) -> None:
        if capacity < len(self._index):
            check_non_negative(-1, "capacity", None)
        entries = self.entries()
        self._forget()
        for entry in entries:
            self._insert(self._hashed(entry[0]), entry)

    def copy_to(self, array: Any, index: int) -> None:
        copy_into(self.pairs(), array, index, "index")


def _filled(types: tuple[Type, ...], pairs: Iterable[Any], comparer: Any) -> Dictionary:
    made = Dictionary(types, comparer)
    step = environment().step
    for pair in pairs:
        step()
        made.add(pair.key, pair.value)
    return made


class DictionaryView(ReadOnlyView):
    """The keys or the values of any dictionary of this package, live; `part` is the attribute of the pairs."""

    __slots__ = ("dictionary",)

    part = ""
    position = 0

    def __init__(self, dictionary: Any) -> None:
        self.dictionary = dictionary

    @property
    def dotnet_type(self) -> NamedType:
        return named(f"{self.dictionary.definition_name}.{type(self).__name__}", *self.dictionary.types)

    @property
    def count(self) -> int:
        return len(self.dictionary)

    def __len__(self) -> int:
        return len(self.dictionary)

    def __iter__(self) -> Iterator[Any]:
        part = self.part
        for pair in self.dictionary:
            yield getattr(pair, part)

    def contains(self, item: Any) -> bool:
        environment().step(len(self.dictionary))
        key = default_key(self.dictionary.types[self.position]) or (lambda value: value)
        wanted = key(item)
        return any(key(getattr(pair, self.part)) == wanted for pair in self.dictionary)

    def copy_to(self, array: Any, index: int) -> None:
        copy_into(list(self), array, index, "index")

    @property
    def refusal(self) -> str:  # type: ignore[override]
        return f"Mutating a {self.part} collection derived from a dictionary is not allowed."


@dotnet_class(f"{_NAME}<TKey, TValue>.KeyCollection")
class KeyCollection(DictionaryView):
    __slots__ = ()

    part = "key"

    def contains(self, item: Any) -> bool:
        return bool(self.dictionary.contains_key(item))


@dotnet_class(f"{_NAME}<TKey, TValue>.ValueCollection")
class ValueCollection(DictionaryView):
    __slots__ = ()

    part = "value"
    position = 1


implements_all("System.Collections.Generic.Dictionary<TKey, TValue>", {"new()": Dictionary}, types=True)
