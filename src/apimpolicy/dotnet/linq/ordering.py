"""OrderBy and ThenBy: a stable sort by one key after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.comparers import comparison_of, sort, sort_key
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.linq.sequences import COUNTABLE, Sequence, operator, take_all
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import implements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.dotnet.linq.sequences import Types
    from apimpolicy.dotnet.types import Type

    Selector = Callable[[Any], Any]


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
        """Return the last element in order, or `absent`."""
        return self._best(predicate, absent, lambda order: order >= 0)

    def _best(self, predicate: Callable[[Any], bool] | None, absent: object, is_better: Callable[[int], bool]) -> Any:
        step = environment().step
        comparisons = [comparison_of(level.type, level.comparer) for level in self.levels]
        best, best_keys = absent, [None] * len(self.levels)
        for item in self.source:
            step()
            if predicate is not None and not predicate(item):
                continue
            keys = [level.selector(item) for level in self.levels]
            if best is absent or is_better(self._order(comparisons, keys, best_keys)):
                best, best_keys = item, keys
        return best

    def _order(self, comparisons: list[Callable[[Any, Any], int]], keys: list[Any], others: list[Any]) -> int:
        """Compare the keys of two elements, the most significant first."""
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
