"""Operators that make new elements or sequences: Select, SelectMany, Zip, Concat, Range, Cast and their like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count as counting
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import cast, is_reference_convertible
from apimpolicy.dotnet.collections.arrays import default_value, element_type, iterate_boxed
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import NullReferenceException, check_range
from apimpolicy.dotnet.linq import sequences
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.values import INT

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

    Selector = Callable[..., Any]


@sequences.deferred("Select(IEnumerable<TSource>, Func<TSource, TResult>)", element=1)
def _select(source: Iterable[Any], selector: Selector) -> Iterator[Any]:
    step = environment().step
    walked = 0
    for item in source:
        walked += 1
        if walked == sequences.STEPS_AT_ONCE:
            walked = 0
            step(sequences.STEPS_AT_ONCE)
        yield selector(item)
    step(walked)


sequences.BURNING.add(_select)


@sequences.deferred("Select(IEnumerable<TSource>, Func<TSource, int, TResult>)", element=1)
def _select_index(source: Iterable[Any], selector: Selector) -> Iterator[Any]:
    for index, item in enumerate(sequences.stepping(source)):
        yield selector(item, index)


def _select_index_stage(selector: Selector) -> Selector:
    indices = counting()
    return lambda item: selector(item, next(indices))


sequences.STAGES.update({_select: lambda selector: selector, _select_index: _select_index_stage})


@sequences.operator("SelectMany(IEnumerable<TSource>, Func<TSource, IEnumerable<TResult>>)")
def select_many(types: sequences.Types, source: Any, selector: Selector) -> sequences.Sequence:
    return sequences.Sequence(_select_many, types[1], source, lambda item, _: selector(item), None)


@sequences.operator("SelectMany(IEnumerable<TSource>, Func<TSource, int, IEnumerable<TResult>>)")
def select_many_index(types: sequences.Types, source: Any, selector: Selector) -> sequences.Sequence:
    return sequences.Sequence(_select_many, types[1], source, selector, None)


@sequences.operator(
    "SelectMany(IEnumerable<TSource>, Func<TSource, IEnumerable<TCollection>>, Func<TSource, TCollection, TResult>)"
)
def select_many_results(
    types: sequences.Types, source: Any, collection_selector: Selector, result_selector: Selector
) -> sequences.Sequence:
    return sequences.Sequence(
        _select_many, types[2], source, lambda item, _: collection_selector(item), result_selector
    )


@sequences.operator(
    "SelectMany(IEnumerable<TSource>, Func<TSource, int, IEnumerable<TCollection>>, "
    "Func<TSource, TCollection, TResult>)"
)
def select_many_index_results(
    types: sequences.Types, source: Any, collection_selector: Selector, result_selector: Selector
) -> sequences.Sequence:
    return sequences.Sequence(_select_many, types[2], source, collection_selector, result_selector)


def _select_many(source: Iterable[Any], collection: Selector, result: Selector | None) -> Iterator[Any]:
    for index, item in enumerate(sequences.stepping(source)):
        inner = collection(item, index)
        if inner is None:
            raise NullReferenceException
        for part in sequences.stepping(inner):
            yield part if result is None else result(item, part)


@sequences.deferred("Zip(IEnumerable<TFirst>, IEnumerable<TSecond>, Func<TFirst, TSecond, TResult>)", element=2)
def _zip(first: Iterable[Any], second: Iterable[Any], result_selector: Selector) -> Iterator[Any]:
    for a, b in sequences.stepping(zip(first, second, strict=False)):
        yield result_selector(a, b)


@sequences.operator("Zip(IEnumerable<TFirst>, IEnumerable<TSecond>)")
def zip_pairs(types: sequences.Types, first: Any, second: Any) -> sequences.Sequence:
    return sequences.Sequence(_zip, named("System.ValueTuple", *types), first, second, lambda a, b: (a, b))


@sequences.operator("Concat")
def concat(types: sequences.Types, first: Any, second: Any) -> sequences.Sequence:
    return _chained(types[0], first, second)


@sequences.operator("Append")
def append(types: sequences.Types, source: Any, value: Any) -> sequences.Sequence:
    return _chained(types[0], source, (value,))


@sequences.operator("Prepend")
def prepend(types: sequences.Types, source: Any, value: Any) -> sequences.Sequence:
    return _chained(types[0], (value,), source)


class _Chain:
    """Sequences one after the other. Chains inside are walked into, so that a long chain does not nest generators."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[Any]:
        waiting = list(reversed(self.parts))
        while waiting:
            source = waiting.pop()
            if isinstance(source, sequences.Sequence) and source.start is _walk_chain:
                waiting.extend(reversed(source.arguments[0].parts))
                continue
            yield from sequences.stepping(source)


def _walk_chain(chain: _Chain) -> Iterator[Any]:
    return iter(chain)


def _chained(element: Type, *parts: Any) -> sequences.Sequence:
    """Return a chain, as deep as the deepest of its parts that is no chain itself."""
    made = sequences.Sequence(_walk_chain, element, _Chain(*parts))
    made.depth = max([_depth(part) for part in parts]) + 1
    return made


def _depth(part: Any) -> int:
    if not isinstance(part, sequences.Sequence):
        return 0
    return part.depth - 1 if part.start is _walk_chain else part.depth


@sequences.deferred("Reverse")
def _reverse(source: Iterable[Any]) -> Iterator[Any]:
    items = sequences.take_all(source)
    items.reverse()
    return iter(items)


@sequences.operator("DefaultIfEmpty(IEnumerable<TSource>)")
def default_if_empty(types: sequences.Types, source: Any) -> sequences.Sequence:
    return sequences.Sequence(_default_if_empty, types[0], source, default_value(types[0]))


@sequences.deferred("DefaultIfEmpty(IEnumerable<TSource>, TSource)")
def _default_if_empty(source: Iterable[Any], value: Any) -> Iterator[Any]:
    empty = True
    for item in sequences.stepping(source):
        empty = False
        yield item
    if empty:
        yield value


@sequences.operator("AsEnumerable")
def as_enumerable(types: sequences.Types, value: Any) -> Any:
    return value


@sequences.operator("Cast")
def cast_all(types: sequences.Types, source: Any) -> Any:
    """Return the elements cast; a source that already is an `IEnumerable<TResult>` is returned as it is, as in .NET."""
    target = types[0]
    own = element_type(source)
    if own is target or (
        own is not None and not own.is_value_type and not target.is_value_type and is_reference_convertible(own, target)
    ):
        return source
    return sequences.Sequence(_cast_all, target, source, target)


def _cast_all(source: Any, target: Type) -> Iterator[Any]:
    for item in sequences.stepping(iterate_boxed(source)):
        yield cast(item, target)


@sequences.operator("Empty")
def empty(types: sequences.Types) -> sequences.Sequence:
    return sequences.Sequence(lambda: iter(()), types[0])


@sequences.operator("Range")
def range_(types: sequences.Types, start: int, count: int) -> sequences.Sequence:
    check_range(count >= 0 and start + count - 1 <= 2147483647, "count")
    return sequences.Sequence(sequences.stepping, INT, range(start, start + count))


@sequences.operator("Repeat")
def repeat(types: sequences.Types, value: Any, count: int) -> sequences.Sequence:
    check_range(count >= 0, "count")
    return sequences.Sequence(_repeat, types[0], value, count)


def _repeat(element: Any, count: int) -> Iterator[Any]:
    for _ in sequences.stepping(range(count)):
        yield element
