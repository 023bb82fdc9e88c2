"""Base of the generic collections, their storage, and walking a sequence by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import (
    NON_NEGATIVE,
    check_non_negative,
    default_value,
    element_type,
    iterate_boxed,
)
from apimpolicy.csharp.dotnet.collections.comparers import DefaultEqualityComparer, default_key, equality_key
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException, NotSupportedException
from apimpolicy.csharp.dotnet.metadata import look_up, named
from apimpolicy.csharp.dotnet.registry import implements, implements_all, interface_members
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import OBJECT, box

_STEPS_PER_THOUSAND = 4096
MODIFIED = "Collection was modified; enumeration operation may not execute."


def check_capacity(capacity: int, message: str | None = NON_NEGATIVE) -> None:
    """Raise ArgumentOutOfRangeException for a negative capacity, LimitExceededError for one that is too large."""
    check_non_negative(capacity, "capacity", message)
    environment().check_elements(capacity)


class GenericCollection:
    """`types` are the type arguments; `version` counts the changes that an enumeration does not survive."""

    __slots__ = ("types", "version")

    definition_name = ""
    is_read_only = False

    def __init__(self, types: tuple[Type, ...]) -> None:
        self.types = types
        self.version = 0

    @property
    def dotnet_type(self) -> NamedType:
        return named(self.definition_name, *self.types)

    def guard(self, items: Iterable[Any]) -> Iterator[Any]:
        """Walk over the items; a change of the collection raises InvalidOperationException at the next one."""
        version = self.version
        for item in items:
            yield item
            if self.version != version:
                raise InvalidOperationException(MODIFIED)

    def check_room(self, count: int) -> None:
        """Now and then, while the collection grows to this many elements: burn steps, raise LimitExceededError."""
        if count & 1023 == 0:
            self.check_growth(count)

    @staticmethod
    def check_growth(count: int) -> None:
        """After a thousand more elements: burn steps, raise LimitExceededError."""
        environment().check_elements(count)
        environment().step(_STEPS_PER_THOUSAND)


class ReadOnlyView:
    """A collection that is seen through another one: keys, values, a list. Changes raise NotSupportedException."""

    __slots__ = ()

    is_read_only = True
    refusal = "Collection is read-only."

    def add(self, *_: Any) -> Any:
        raise NotSupportedException(self.refusal)

    clear = insert = remove = remove_at = set_item = add


# The storage of `Dictionary` and `HashSet`: entries in slots, a freed slot is taken again first, as in .NET.
# So the order of enumeration is .NET's own: that of insertion until something was removed, and then not quite.

EMPTY = object()
"""Mark of a freed slot."""


class HashedCollection(GenericCollection):
    """Entries in slots, found by the hashable stand-ins of their keys.

    `_key` makes the stand-in of a value, and is None where the value is its own.
    """

    __slots__ = ("_comparer", "_free", "_index", "_key", "_slots")

    def __init__(self, types: tuple[Type, ...], comparer: Any = None) -> None:
        self.types = types
        self.version = 0
        self._comparer = comparer
        self._key = default_key(types[0]) if comparer is None else equality_key(types[0], comparer)
        self._index: dict[Any, int] = {}
        self._slots: list[Any] = []
        self._free: list[int] | None = None

    @property
    def comparer(self) -> Any:
        return self._comparer or DefaultEqualityComparer(self.types[0])

    @property
    def count(self) -> int:
        return len(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Any]:
        version = self.version
        for entry in self._slots:
            if entry is not EMPTY:
                yield entry
                if self.version != version:
                    raise InvalidOperationException(MODIFIED)

    def entries(self) -> list[Any]:
        return [entry for entry in self._slots if entry is not EMPTY] if self._free else list(self._slots)

    def ensure_capacity(self, capacity: int) -> int:
        """Return the capacity that .NET reaches: the next prime of its table."""
        check_capacity(capacity, None)
        return _capacity_for(max(capacity, len(self._slots)))

    def _insert(self, hashed: Any, entry: Any) -> None:
        if self._free:
            slot = self._free.pop()
            self._slots[slot] = entry
        else:
            slot = len(self._slots)
            self._slots.append(entry)
        self._index[hashed] = slot
        self.version += 1
        if slot & 1023 == 1023:
            self.check_room(slot + 1)

    def _delete(self, hashed: Any) -> Any:
        """Remove and return the entry, or EMPTY."""
        slot = self._index.pop(hashed, None)
        if slot is None:
            return EMPTY
        entry = self._slots[slot]
        self._slots[slot] = EMPTY
        if self._free is None:
            self._free = []
        self._free.append(slot)
        return entry

    def _forget(self) -> None:
        self._index.clear()
        self._slots.clear()
        self._free = None


_PRIMES = (3, 7, 11, 17, 23, 29, 37, 47, 59, 71, 89, 107, 131, 163, 197, 239, 293, 353, 431, 521, 631, 761, 919, 1103)


def _capacity_for(count: int) -> int:
    """Return the smallest size of a hash table of .NET that holds this many entries; 0 for an empty one."""
    if count == 0:
        return 0
    for prime in _PRIMES:
        if prime >= count:
            return prime
    candidate = count | 1
    while (candidate - 1) % 101 == 0 or any(candidate % odd == 0 for odd in range(3, int(candidate**0.5) + 1, 2)):
        candidate += 2
    return candidate


@implements("System.Collections.Generic.Dictionary<TKey, TValue>", "OnDeserialization")
@implements("System.Collections.Generic.HashSet<T>", "OnDeserialization")
def _deserialized(_collection: object, _sender: object) -> None:
    """Do something only where GetObjectData was called before."""


# `IEnumerator<T>`: walking a sequence by hand

_GENERIC = "System.Collections.Generic."


class Enumerator:
    """An enumerator over any sequence; `current` is the default value before the start and after the end."""

    __slots__ = ("_iterator", "current", "element")

    def __init__(self, source: Any) -> None:
        self.element: Type = element_type(source) or OBJECT
        self._iterator = iter(source)
        self.current: Any = default_value(self.element)

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.IEnumerator", self.element)

    def move_next(self) -> bool:
        environment().step()
        for item in self._iterator:
            self.current = item
            return True
        self.current = default_value(self.element)
        return False

    def reset(self) -> None:
        raise NotSupportedException

    def dispose(self) -> None:
        """End the enumeration; a generator runs its `finally` clauses now."""
        close = getattr(self._iterator, "close", None)
        self._iterator = iter(())
        if close is not None:
            close()


class BoxedEnumerator(Enumerator):
    """The enumerator that the non-generic `IEnumerable.GetEnumerator` returns."""

    __slots__ = ()

    def __init__(self, source: Any) -> None:
        self.element = OBJECT
        self._iterator = iterate_boxed(source)
        self.current = None


@implements("System.Collections.Generic.IEnumerable<T>", "GetEnumerator")
def get_enumerator(source: Any) -> Enumerator:
    return Enumerator(source)


@implements("System.Collections.IEnumerable", "GetEnumerator")
@implements("System.Array", "GetEnumerator")
def get_boxed_enumerator(source: Any) -> Enumerator:
    return BoxedEnumerator(source)


@implements("System.Collections.IEnumerator", "Current")
def get_boxed_current(enumerator: Any) -> Any:
    element = getattr(enumerator, "element", OBJECT)
    return box(element, enumerator.current)


interface_members("System.Collections.Generic.IEnumerator<T>", "Current")
interface_members("System.Collections.IEnumerator", "MoveNext Reset")

_ENUMERATED = (
    "Dictionary<TKey, TValue>",
    "Dictionary<TKey, TValue>.KeyCollection",
    "Dictionary<TKey, TValue>.ValueCollection",
    "HashSet<T>",
    "List<T>",
    "Queue<T>",
    "Stack<T>",
)
for _name in _ENUMERATED:
    _enumerator = f"{_GENERIC}{_name}.Enumerator"
    implements(_GENERIC + _name, f"{_enumerator} GetEnumerator()")(get_enumerator)
    if look_up(_enumerator.replace("<TKey, TValue>", "").replace("<T>", ""), 2 if "TKey" in _name else 1) is not None:
        interface_members(
            _enumerator, {"Current": "current", "bool MoveNext()": "move_next", "void Dispose()": "dispose"}
        )

interface_members("System.CharEnumerator", "Current MoveNext Reset Dispose")

implements_all("string", {"GetEnumerator": get_enumerator})
