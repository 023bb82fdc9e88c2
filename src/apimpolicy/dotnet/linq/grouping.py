"""GroupBy, ToLookup, Join and GroupJoin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.comparers import equality_key
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.linq.sequences import Sequence, deferred, operator
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.values import Array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from apimpolicy.dotnet.linq.sequences import Types
    from apimpolicy.dotnet.types import Type

    Selector = Callable[[Any], Any]
    Result = Callable[[Any, Any], Any]

_KEYED = "IEnumerable<TSource>, Func<TSource, TKey>"
_MAPPED = f"{_KEYED}, Func<TSource, TElement>"
_COMPARED = "IEqualityComparer<TKey>"
_SOURCES, _ELEMENTS = (f"Func<TKey, IEnumerable<{name}>, TResult>" for name in ("TSource", "TElement"))


class Grouping:
    """An `IGrouping<TKey, TElement>`: a key and the elements that have it."""

    __slots__ = ("items", "key", "types")

    is_read_only = True

    def __init__(self, types: tuple[Type, Type], key: Any) -> None:
        self.types = types
        self.key = key
        self.items: list[Any] = []

    @property
    def dotnet_type(self) -> Type:
        return named("System.Linq.IGrouping", *self.types)

    @property
    def count(self) -> int:
        return len(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Lookup:
    """An `ILookup<TKey, TElement>`: groups in the order in which their keys first came up."""

    __slots__ = ("_groups", "_key", "types")

    def __init__(self, types: tuple[Type, Type], comparer: Any) -> None:
        self.types = types
        self._key = equality_key(types[0], comparer)
        self._groups: dict[Any, Grouping] = {}

    @property
    def dotnet_type(self) -> Type:
        return named("System.Linq.ILookup", *self.types)

    @property
    def count(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Grouping]:
        return iter(self._groups.values())

    def _hashed(self, key: Any) -> Any:
        return key if self._key is None else self._key(key)

    def group(self, key: Any) -> Grouping:
        """Return the group of this key, made when it is missing."""
        hashed = self._hashed(key)
        found = self._groups.get(hashed)
        if found is None:
            found = self._groups[hashed] = Grouping(self.types, key)
        return found

    def get_item(self, key: Any) -> Any:
        """Return the group of this key, or an empty array."""
        found = self._groups.get(self._hashed(key))
        return Array(self.types[1]) if found is None else found

    def contains(self, key: Any) -> bool:
        return self._hashed(key) in self._groups


def make_lookup(
    types: tuple[Type, Type],
    source: Iterable[Any],
    key_selector: Selector,
    element_selector: Selector | None = None,
    comparer: Any = None,
    *,
    skip_null: bool = False,
) -> Lookup:
    """Group a sequence; `skip_null` leaves out what has a null key, as joins do."""
    lookup = Lookup(types, comparer)
    step = environment().step
    for item in source:
        step()
        key = key_selector(item)
        if key is None and skip_null:
            continue
        lookup.group(key).items.append(item if element_selector is None else element_selector(item))
    return lookup


@operator(f"ToLookup({_KEYED})", f"ToLookup({_KEYED}, {_COMPARED})")
def to_lookup(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> Lookup:
    return make_lookup((types[1], types[0]), source, key_selector, None, comparer)


@operator(f"ToLookup({_MAPPED})", f"ToLookup({_MAPPED}, {_COMPARED})")
def to_lookup_of_elements(
    types: Types, source: Any, key_selector: Selector, element_selector: Selector, comparer: Any = None
) -> Lookup:
    return make_lookup((types[1], types[2]), source, key_selector, element_selector, comparer)


@operator(f"GroupBy({_KEYED})", f"GroupBy({_KEYED}, {_COMPARED})")
def group_by(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> Sequence:
    return _groups((types[1], types[0]), source, key_selector, None, comparer)


@operator(f"GroupBy({_MAPPED})", f"GroupBy({_MAPPED}, {_COMPARED})")
def group_elements_by(
    types: Types, source: Any, key_selector: Selector, element_selector: Selector, comparer: Any = None
) -> Sequence:
    return _groups((types[1], types[2]), source, key_selector, element_selector, comparer)


def _groups(
    pair: tuple[Type, Type], source: Any, key_selector: Selector, element_selector: Selector | None, comparer: Any
) -> Sequence:
    def start(source: Any) -> Iterator[Any]:
        return iter(make_lookup(pair, source, key_selector, element_selector, comparer))

    return Sequence(start, named("System.Linq.IGrouping", *pair), source)


@deferred(f"GroupBy({_KEYED}, {_SOURCES})", f"GroupBy({_KEYED}, {_SOURCES}, {_COMPARED})", element=2, with_types=True)
def _group_results(
    types: Types, source: Any, key_selector: Selector, result_selector: Result, comparer: Any = None
) -> Iterator[Any]:
    for group in make_lookup((types[1], types[0]), source, key_selector, None, comparer):
        yield result_selector(group.key, group)


@deferred(
    f"GroupBy({_MAPPED}, {_ELEMENTS})", f"GroupBy({_MAPPED}, {_ELEMENTS}, {_COMPARED})", element=3, with_types=True
)
def _group_element_results(
    types: Types,
    source: Any,
    key_selector: Selector,
    element_selector: Selector,
    result_selector: Result,
    comparer: Any = None,
) -> Iterator[Any]:
    for group in make_lookup((types[1], types[2]), source, key_selector, element_selector, comparer):
        yield result_selector(group.key, group)


@deferred("GroupJoin", element=3, with_types=True)
def _group_join(
    types: Types,
    outer: Any,
    inner: Any,
    outer_key_selector: Selector,
    inner_key_selector: Selector,
    result_selector: Result,
    comparer: Any = None,
) -> Iterator[Any]:
    step = environment().step
    lookup: Lookup | None = None
    for item in outer:
        step()
        if lookup is None:
            lookup = make_lookup((types[2], types[1]), inner, inner_key_selector, None, comparer, skip_null=True)
        yield result_selector(item, lookup.get_item(outer_key_selector(item)))


@deferred("Join", element=3, with_types=True)
def _join(
    types: Types,
    outer: Any,
    inner: Any,
    outer_key_selector: Selector,
    inner_key_selector: Selector,
    result_selector: Result,
    comparer: Any = None,
) -> Iterator[Any]:
    step = environment().step
    groups = _group_join(types, outer, inner, outer_key_selector, inner_key_selector, lambda *pair: pair, comparer)
    for item, matches in groups:
        for match in matches:
            step()
            yield result_selector(item, match)
