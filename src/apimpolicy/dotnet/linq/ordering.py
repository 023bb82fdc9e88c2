"""OrderBy and ThenBy: a stable sort by one key after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.comparers import sort, sort_key
from apimpolicy.dotnet.linq.sequences import Sequence, not_null, operator, take_all
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


def _register(name: str, descending: bool) -> None:
    parameters = "source, Func<TSource, TKey> keySelector"
    generics = "<TSource, TKey>"
    comparer_parameter = ", IComparer<TKey> comparer)"
    result = "IOrderedEnumerable<TSource>"

    @operator(f"{result} OrderBy{name}{generics}(this IEnumerable<TSource> {parameters})")
    @operator(f"{result} OrderBy{name}{generics}(this IEnumerable<TSource> {parameters}{comparer_parameter}")
    def order_by(types: Types, source: Any, selector: Selector, comparer: Any = None) -> OrderedSequence:
        not_null(source, "source")
        not_null(selector, "keySelector")
        return OrderedSequence(types[0], source, (Level(selector, types[1], comparer, descending),))

    @operator(f"{result} ThenBy{name}{generics}(this {result} {parameters})")
    @operator(f"{result} ThenBy{name}{generics}(this {result} {parameters}{comparer_parameter}")
    def then_by(types: Types, source: Any, selector: Selector, comparer: Any = None) -> OrderedSequence:
        not_null(source, "source")
        not_null(selector, "keySelector")
        return OrderedSequence(
            types[0], source.source, (*source.levels, Level(selector, types[1], comparer, descending))
        )


_register("", False)
_register("Descending", True)


@implements(
    "System.Linq.IOrderedEnumerable<TElement>",
    "System.Linq.IOrderedEnumerable<TElement> CreateOrderedEnumerable<TKey>(System.Func<TElement, TKey> keySelector,"
    " System.Collections.Generic.IComparer<TKey> comparer, bool descending)",
    types=True,
)
def create_ordered(
    types: Types, source: OrderedSequence, selector: Selector, comparer: Any, descending: bool
) -> OrderedSequence:
    not_null(selector, "keySelector")
    return OrderedSequence(types[0], source.source, (*source.levels, Level(selector, types[1], comparer, descending)))
