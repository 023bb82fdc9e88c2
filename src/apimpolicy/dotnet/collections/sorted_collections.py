"""`System.Collections.Generic.SortedDictionary<TKey, TValue>` and `SortedSet<T>`, over sorted lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import check_non_negative, copy_into
from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.collections.comparers import DefaultComparer, comparison_of, equal, text
from apimpolicy.dotnet.collections.dictionary import DictionaryView, key_not_found
from apimpolicy.dotnet.collections.generic import GenericCollection
from apimpolicy.dotnet.collections.pairs import KeyValuePair
from apimpolicy.dotnet.collections.sets import SetOperations
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, require
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import counts_itself, dotnet_class, member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.types import NamedType, Type

_DICTIONARY = "System.Collections.Generic.SortedDictionary"


_STEPS_PER_LOOK = 4


class SortedCollection(GenericCollection):
    """Keys in a sorted list, found by halving."""

    __slots__ = ("_compare", "_comparer", "_keys")

    def __init__(self, types: tuple[Type, ...], comparer: Any = None) -> None:
        super().__init__(types)
        self._comparer = comparer
        self._compare = comparison_of(types[0], comparer)
        self._keys: list[Any] = []

    @property
    def comparer(self) -> Any:
        return self._comparer or DefaultComparer(self.types[0])

    @property
    def count(self) -> int:
        return len(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def _place(self, key: Any) -> tuple[int, bool]:
        """Return where the key is or would stand, and whether it is there."""
        environment().step(_STEPS_PER_LOOK * len(self._keys).bit_length())
        low, high = 0, len(self._keys)
        while low < high:
            middle = (low + high) // 2
            order = self._compare(key, self._keys[middle])
            if order == 0:
                return middle, True
            if order < 0:
                high = middle
            else:
                low = middle + 1
        return low, False


@dotnet_class(f"{_DICTIONARY}<TKey, TValue>")
class SortedDictionary(SortedCollection):
    """A dictionary in the order of its keys."""

    __slots__ = ("_pairs",)

    definition_name = _DICTIONARY

    def __init__(self, types: tuple[Type, ...], comparer: Any = None) -> None:
        super().__init__(types, comparer)
        self._pairs: list[KeyValuePair] = []

    @staticmethod
    @member("new()", "new(IComparer<TKey>)", types=True)
    def create(types: tuple[Type, ...], comparer: Any = None) -> SortedDictionary:
        return SortedDictionary(types, comparer)

    @staticmethod
    @member("new(IDictionary<TKey, TValue>)", "new(IDictionary<TKey, TValue>, IComparer<TKey>)", types=True)
    def from_dictionary(types: tuple[Type, ...], dictionary: Any, comparer: Any = None) -> SortedDictionary:
        made = SortedDictionary(types, comparer)
        for pair in require(dictionary, "dictionary"):
            made.add(pair.key, pair.value)
        return made

    def __iter__(self) -> Iterator[Any]:
        return self.guard(self._pairs)

    def _find(self, key: Any) -> tuple[int, bool]:
        key = require(key, "key")
        return self._place(key)

    def _insert(self, place: int, key: Any, value: Any) -> None:
        self._keys.insert(place, key)
        self._pairs.insert(place, KeyValuePair(self.types, key, value))
        self.version += 1
        self.check_room(len(self._keys))

    @property
    def keys(self) -> SortedKeyCollection:
        return SortedKeyCollection(self)

    @property
    def values(self) -> SortedValueCollection:
        return SortedValueCollection(self)

    @member("Item")
    def get_item(self, key: Any) -> Any:
        place, found = self._find(key)
        if not found:
            raise key_not_found(self.types[0], key)
        return self._pairs[place].value

    @member("Item", setter=True)
    def set_item(self, key: Any, value: Any) -> None:
        place, found = self._find(key)
        if found:
            self._pairs[place] = KeyValuePair(self.types, self._keys[place], value)
            self.version += 1
        else:
            self._insert(place, key, value)

    def add(self, key: Any, value: Any) -> None:
        place, found = self._find(key)
        if found:
            raise ArgumentException(
                f"An item with the same key has already been added. Key: {text(self.types[0], key)}", "key"
            )
        self._insert(place, key, value)

    def contains_key(self, key: Any) -> bool:
        return self._find(key)[1]

    @counts_itself
    def contains_value(self, value: Any) -> bool:
        environment().step(len(self._keys))
        return any(equal(self.types[1], pair.value, value) for pair in self._pairs)

    def try_get_value(self, key: Any) -> tuple[bool, Any]:
        place, found = self._find(key)
        return (True, self._pairs[place].value) if found else (False, default_value(self.types[1]))

    def remove(self, key: Any) -> bool:
        place, found = self._find(key)
        if found:
            del self._keys[place], self._pairs[place]
            self.version += 1
        return found

    def clear(self) -> None:
        self._keys.clear()
        self._pairs.clear()
        self.version += 1

    def copy_to(self, array: Any, index: int) -> None:
        copy_into(list(self._pairs), array, index, "index")


@dotnet_class(f"{_DICTIONARY}<TKey, TValue>.KeyCollection")
class SortedKeyCollection(DictionaryView):
    __slots__ = ()

    part = "key"

    @staticmethod
    @member("new")
    def create(dictionary: Any) -> SortedKeyCollection:
        return SortedKeyCollection(require(dictionary, "dictionary"))

    @property
    def dotnet_type(self) -> NamedType:
        return named(f"{_DICTIONARY}.KeyCollection", *self.dictionary.types)


@dotnet_class(f"{_DICTIONARY}<TKey, TValue>.ValueCollection")
class SortedValueCollection(DictionaryView):
    __slots__ = ()

    part = "value"
    position = 1

    @staticmethod
    @member("new")
    def create(dictionary: Any) -> SortedValueCollection:
        return SortedValueCollection(require(dictionary, "dictionary"))

    @property
    def dotnet_type(self) -> NamedType:
        return named(f"{_DICTIONARY}.ValueCollection", *self.dictionary.types)


@dotnet_class("System.Collections.Generic.SortedSet<T>", members="Min=minimum Max=maximum")
class SortedSet(SetOperations, SortedCollection):
    """A set in order."""

    __slots__ = ()

    definition_name = "System.Collections.Generic.SortedSet"

    @staticmethod
    @member("new()", "new(IComparer<T>)", types=True)
    def create(types: tuple[Type, ...], comparer: Any = None) -> SortedSet:
        return SortedSet(types, comparer)

    @staticmethod
    @member("new(IEnumerable<T>)", "new(IEnumerable<T>, IComparer<T>)", types=True)
    @counts_itself
    def from_collection(types: tuple[Type, ...], collection: Any, comparer: Any = None) -> SortedSet:
        made = SortedSet(types, comparer)
        for item in require(collection, "collection"):
            environment().step()
            made.add(item)
        return made

    def __iter__(self) -> Iterator[Any]:
        return self.guard(self._keys)

    def entries(self) -> list[Any]:
        return list(self._keys)

    def stand_ins(self, items: Any) -> dict[Any, Any]:
        """Return the place of an item of this set; other items get negative numbers."""
        strangers = SortedCollection(self.types, self._comparer)
        found: dict[Any, Any] = {}
        for item in items:
            place, there = self._place(item)
            if there:
                found.setdefault(place, item)
                continue
            place, there = strangers._place(item)
            if not there:
                strangers._keys.insert(place, item)
                found[-1 - len(found)] = item
        return found

    @property
    def minimum(self) -> Any:
        return self._keys[0] if self._keys else default_value(self.types[0])

    @property
    def maximum(self) -> Any:
        return self._keys[-1] if self._keys else default_value(self.types[0])

    def add(self, item: Any) -> bool:
        place, found = self._place(item)
        if not found:
            self._keys.insert(place, item)
            self.version += 1
            self.check_room(len(self._keys))
        return not found

    def remove(self, item: Any) -> bool:
        place, found = self._place(item)
        if found:
            del self._keys[place]
            self.version += 1
        return found

    def clear(self) -> None:
        self._keys.clear()
        self.version += 1

    def contains(self, item: Any) -> bool:
        return self._place(item)[1]

    def try_get_value(self, item: Any) -> tuple[bool, Any]:
        place, found = self._place(item)
        return (True, self._keys[place]) if found else (False, default_value(self.types[0]))

    def copy_to(self, array: Any, index: int = 0, count: int | None = None) -> None:
        check_non_negative(count or 0, "count")
        copy_into(self._keys[:count], array, index, "index")

    def reverse(self) -> Any:
        from apimpolicy.dotnet.linq.sequences import Sequence

        return Sequence(lambda: self.guard(self._keys[::-1]), self.types[0])
