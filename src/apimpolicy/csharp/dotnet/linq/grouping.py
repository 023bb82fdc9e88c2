"""Operators that sort, group and join: OrderBy, ThenBy, GroupBy, ToLookup, Join and GroupJoin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.comparers import comparison_of, equality_key, sort, sort_key
from apimpolicy.csharp.dotnet.exceptions import require
from apimpolicy.csharp.dotnet.linq.sequences import COUNTABLE, Sequence, deferred, operator, stepping, take_all
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.values import Array

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.linq.sequences import Types
    from apimpolicy.csharp.dotnet.types import Type

    Selector = Callable[[Any], Any]

    Result = Callable[[Any, Any], Any]


class Level:
    """One sort key: how it is made, in which order, and whether downward."""

    __slots__ = ("comparer", "descending", "selector", "type")

    def __init__(self, selector: Selector, type_: Type, comparer: Any, descending: bool) -> None:
        self.selector = selector
        self.type = type_
        self.comparer = comparer
        self.descending = descending


class OrderedSequence(Sequence):
    """An `IOrderedEnumerable<T>`: the source and the levels of order, the most significant first."""

    __slots__ = ("levels", "source")

    def __init__(self, element: Type, source: Any, levels: tuple[Level, ...]) -> None:
        super().__init__(self._sorted, element, source)
        self.source = source
        self.levels = levels

    @property
    def dotnet_type(self) -> Type:
        return named("System.Linq.IOrderedEnumerable", self.element)

    def _sorted(self, source: Any) -> Iterator[Any]:
        """Sorts positions by the last level first: each sort keeps the order of what it finds equal."""
        items = take_all(source)
        keys = [[level.selector(item) for item in items] for level in self.levels]
        positions = list(range(len(items)))
        for level, values in zip(reversed(self.levels), reversed(keys), strict=True):
            key = sort_key(level.type, level.comparer)
            if key is None:
                sort(positions, values.__getitem__, reverse=level.descending)
            else:
                wrapped = [key(value) for value in values]
                sort(positions, wrapped.__getitem__, reverse=level.descending)
        return (items[position] for position in positions)

    def first(self, predicate: Callable[[Any], bool] | None, absent: object) -> Any:
        """Return the first element in order, or `absent`. Nothing is sorted: a failed comparison is not wrapped."""
        return self._best(predicate, absent, lambda order: order < 0)

    def last(self, predicate: Callable[[Any], bool] | None, absent: object) -> Any:
        return self._best(predicate, absent, lambda order: order >= 0)

    def _best(self, predicate: Callable[[Any], bool] | None, absent: object, is_better: Callable[[int], bool]) -> Any:
        comparisons = [comparison_of(level.type, level.comparer) for level in self.levels]
        best, best_keys = absent, [None] * len(self.levels)
        for item in stepping(self.source):
            if predicate is not None and not predicate(item):
                continue
            keys = [level.selector(item) for level in self.levels]
            if best is absent or is_better(self._order(comparisons, keys, best_keys)):
                best, best_keys = item, keys
        return best

    def _order(self, comparisons: list[Callable[[Any, Any], int]], keys: list[Any], others: list[Any]) -> int:
        for level, compare, key, other in zip(self.levels, comparisons, keys, others, strict=True):
            if order := compare(key, other):
                return -order if level.descending else order
        return 0


def without_order(source: Any) -> Any:
    """Return an unsorted sequence of as many elements as a source: .NET counts ordered sequences like this."""
    if isinstance(source, OrderedSequence):
        return source.source
    if type(source) is Sequence and source.start in COUNTABLE and isinstance(source.arguments[0], OrderedSequence):
        ordered, *arguments = source.arguments
        return Sequence(source.start, source.element, ordered.source, *arguments)
    return source


def _register(name: str, descending: bool) -> None:
    @operator(f"OrderBy{name}")
    def order_by(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> OrderedSequence:
        return OrderedSequence(types[0], source, (Level(key_selector, types[1], comparer, descending),))

    @operator(f"ThenBy{name}")
    def then_by(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> OrderedSequence:
        return OrderedSequence(
            types[0], source.source, (*source.levels, Level(key_selector, types[1], comparer, descending))
        )


_register("", False)
_register("Descending", True)


@implements("System.Linq.IOrderedEnumerable<TElement>", "CreateOrderedEnumerable", types=True)
def create_ordered(
    types: Types, source: OrderedSequence, selector: Selector, comparer: Any, descending: bool
) -> OrderedSequence:
    require(selector, "keySelector")
    return OrderedSequence(types[0], source.source, (*source.levels, Level(selector, types[1], comparer, descending)))


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
    for item in stepping(source):
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
    lookup: Lookup | None = None
    for item in stepping(outer):
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
    groups = _group_join(types, outer, inner, outer_key_selector, inner_key_selector, lambda *pair: pair, comparer)
    for item, matches in groups:
        for match in stepping(matches):
            yield result_selector(item, match)
