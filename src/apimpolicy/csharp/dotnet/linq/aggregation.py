"""Operators that fold a sequence into one value, or fill a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.comparers import comparison
from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.collections.lists import List
from apimpolicy.csharp.dotnet.collections.sets import HashSet
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException, OverflowException
from apimpolicy.csharp.dotnet.linq.sequences import BURNING, STEPS_AT_ONCE, Sequence, operator, stepping, take_all
from apimpolicy.csharp.dotnet.system.decimals import add, divide
from apimpolicy.csharp.dotnet.values import Array, to_single

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.linq.sequences import Types
    from apimpolicy.csharp.dotnet.types import Type

    Selector = Callable[[Any], Any]
    Fold = Callable[[Iterator[Any], "Summation"], Any]


_NO_ELEMENTS = "Sequence contains no elements"
_ABSENT = object()


@operator("Aggregate(IEnumerable<TSource>, Func<TSource, TSource, TSource>)")
def aggregate(types: Types, source: Any, func: Callable[[Any, Any], Any]) -> Any:
    items = iter(source)
    result = next(items, _ABSENT)
    if result is _ABSENT:
        raise InvalidOperationException(_NO_ELEMENTS)
    for item in stepping(items):
        result = func(result, item)
    return result


@operator("Aggregate(IEnumerable<TSource>, TAccumulate, Func<TAccumulate, TSource, TAccumulate>)")
def aggregate_from(types: Types, source: Any, seed: Any, func: Callable[[Any, Any], Any]) -> Any:
    for item in stepping(source):
        seed = func(seed, item)
    return seed


@operator(
    "Aggregate(IEnumerable<TSource>, TAccumulate, Func<TAccumulate, TSource, TAccumulate>, Func<TAccumulate, TResult>)"
)
def aggregate_to(
    types: Types, source: Any, seed: Any, func: Callable[[Any, Any], Any], result_selector: Callable[[Any], Any]
) -> Any:
    return result_selector(aggregate_from(types, source, seed, func))


class Summation:
    """One of the numeric types that Sum, Average, Min and Max have overloads for.

    `smallest` and `largest` bound a checked sum; `average` is the C# type of the average.
    """

    __slots__ = ("average", "largest", "name", "smallest")

    def __init__(self, name: str, average: str, bits: int = 0) -> None:
        self.name = name
        self.average = average
        self.largest = (1 << bits - 1) - 1 if bits else None
        self.smallest = -(1 << bits - 1) if bits else None

    def sum(self, values: Iterable[Any], bits: int = 0) -> Any:
        """Checked for integers and decimals; `float` adds up in double precision."""
        if self.name == "decimal":
            return _sum_decimals(values)
        if self.largest is None:
            total = 0.0
            for value in values:
                total += value
            return to_single(total) if self.name == "float" else total
        largest = (1 << bits - 1) - 1 if bits else self.largest
        smallest = -largest - 1
        whole = 0
        for value in values:
            whole += value
            if not smallest <= whole <= largest:
                raise OverflowException
        return whole

    def divide(self, values: list[Any]) -> Any:
        """Return the average of at least one value: integers add up as `long`, `float` as `double`."""
        if self.name == "decimal":
            return divide(_sum_decimals(values), Decimal(len(values)))
        if self.largest is not None:
            return float(self.sum(values, 64)) / len(values)
        total = 0.0
        for value in values:
            total += value
        return to_single(total / len(values)) if self.name == "float" else total / len(values)


NUMBERS = (
    Summation("int", "double", 32),
    Summation("long", "double", 64),
    Summation("float", "float"),
    Summation("double", "double"),
    Summation("decimal", "decimal"),
)


def _sum_decimals(values: Iterable[Any]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = add(total, value)
    return total


def _walk(source: Any, selector: Selector | None) -> Iterator[Any]:
    if selector is None and type(source) is Sequence and source.start in BURNING:
        return iter(source)
    return _each(source, selector)


def _each(source: Any, selector: Selector | None) -> Iterator[Any]:
    step = environment().step
    walked = 0
    for item in source:
        walked += 1
        if walked == STEPS_AT_ONCE:
            walked = 0
            step(STEPS_AT_ONCE)
        yield item if selector is None else selector(item)
    step(walked)


def _not_null_values(values: Iterator[Any]) -> Iterator[Any]:
    return (value for value in values if value is not None)


def _sum(values: Iterator[Any], number: Summation) -> Any:
    return number.sum(values)


def _average_nullable(values: Iterator[Any], number: Summation) -> Any:
    present = list(_not_null_values(values))
    return number.divide(present) if present else None


def _minimum_nullable(values: Iterator[Any], number: Summation) -> Any:
    """NaN is less than every number."""
    least = None
    for value in values:
        if value is not None:
            if value != value:
                return value
            if least is None or value < least:
                least = value
    return least


def _maximum_nullable(values: Iterator[Any], number: Summation) -> Any:
    greatest = None
    for value in values:
        if value is not None and (greatest is None or value > greatest or greatest != greatest):
            greatest = value
    return greatest


def _required(fold: Fold) -> Fold:
    """Return the variant without nulls: an empty sequence is an error."""

    def fold_values(values: Iterator[Any], number: Summation) -> Any:
        result = fold(values, number)
        if result is None:
            raise InvalidOperationException(_NO_ELEMENTS)
        return result

    return fold_values


_FOLDS: dict[tuple[str, str], Callable[[Iterable[Any]], Any]] = {}


def _register_numeric(name: str, value_fold: Fold, nullable_fold: Fold) -> None:
    for number in NUMBERS:
        result = number.average if name == "Average" else number.name
        for suffix, fold in (("", value_fold), ("?", nullable_fold)):
            if name != "Average":
                own = number.sum if fold is _sum else lambda values, fold=fold, number=number: fold(values, number)
                _FOLDS[name, result + suffix] = own

            @operator(f"{name}(IEnumerable<{number.name}{suffix}>)")
            def of_values(types: Types, source: Any, fold: Fold = fold, number: Summation = number) -> Any:
                return fold(_walk(source, None), number)

            @operator(f"{name}(IEnumerable<TSource>, Func<TSource, {number.name}{suffix}>)")
            def of_selected(
                types: Types, source: Any, selector: Selector, fold: Fold = fold, number: Summation = number
            ) -> Any:
                return fold(_walk(source, selector), number)


def fold_of(name: str, result: str) -> Callable[[Iterable[Any]], Any] | None:
    """Return the fold of `Sum`, `Average`, `Min` or `Max`, by the C# type of its result; None for other types."""
    return _FOLDS.get((name, result))


_register_numeric("Sum", _sum, lambda values, number: number.sum(_not_null_values(values)))
_register_numeric("Average", _required(_average_nullable), _average_nullable)
_register_numeric("Min", _required(_minimum_nullable), _minimum_nullable)
_register_numeric("Max", _required(_maximum_nullable), _maximum_nullable)


def _extreme(type_: Type, values: Iterator[Any], sign: int) -> Any:
    """Return the least (sign -1) or greatest (sign 1) value by the default comparer; nulls do not count."""
    compare = comparison(type_)
    best = None
    for value in values:
        if value is not None and (best is None or compare(value, best) * sign > 0):
            best = value
    if best is None and type_.is_value_type and type_.underlying is None:
        raise InvalidOperationException(_NO_ELEMENTS)
    return best


def _register_generic(name: str, sign: int) -> None:
    @operator(f"{name}(IEnumerable<TSource>)")
    def of_values(types: Types, source: Any) -> Any:
        return _extreme(types[0], _walk(source, None), sign)

    @operator(f"{name}(IEnumerable<TSource>, Func<TSource, TResult>)")
    def of_selected(types: Types, source: Any, selector: Selector) -> Any:
        return _extreme(types[1], _walk(source, selector), sign)


_register_generic("Min", -1)
_register_generic("Max", 1)


# Operators that fill a collection: ToArray, ToList, ToHashSet, ToDictionary


@operator("ToArray")
def to_array(types: Types, source: Any) -> Array:
    return Array(types[0], take_all(source))


@operator("ToList")
def to_list(types: Types, source: Any) -> List:
    return List(types, take_all(source))


@operator("ToHashSet")
def to_hash_set(types: Types, source: Any, comparer: Any = None) -> HashSet:
    return HashSet.from_collection(types, source, comparer)


@operator(
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>)",
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>, IEqualityComparer<TKey>)",
)
def to_dictionary(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> Dictionary:
    return _filled(Dictionary((types[1], types[0]), comparer), source, key_selector, None)


@operator(
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>, Func<TSource, TElement>)",
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>, Func<TSource, TElement>, IEqualityComparer<TKey>)",
)
def to_dictionary_of_elements(
    types: Types, source: Any, key_selector: Selector, element_selector: Selector, comparer: Any = None
) -> Dictionary:
    return _filled(Dictionary((types[1], types[2]), comparer), source, key_selector, element_selector)


def _filled(made: Dictionary, source: Any, key_selector: Selector, element_selector: Selector | None) -> Dictionary:
    for item in stepping(source):
        made.add(key_selector(item), item if element_selector is None else element_selector(item))
    return made
