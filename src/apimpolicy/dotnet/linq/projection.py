"""Operators that make new elements or sequences: Select, SelectMany, Zip, Concat, Range, Cast and their like."""

from __future__ import annotations

from itertools import count as counting
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import cast, is_reference_convertible
from apimpolicy.dotnet.collections.arrays import default_value, element_type, iterate_boxed
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import NullReferenceException, check_range
from apimpolicy.dotnet.linq.sequences import (
    BURNING,
    STAGES,
    STEPS_AT_ONCE,
    Sequence,
    deferred,
    operator,
    stepping,
    take_all,
)
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.values import INT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from apimpolicy.dotnet.linq.sequences import Types
    from apimpolicy.dotnet.types import Type

    Selector = Callable[..., Any]


@deferred("Select(IEnumerable<TSource>, Func<TSource, TResult>)", element=1)
def _select(source: Iterable[Any], selector: Selector) -> Iterator[Any]:
    step = environment().step
    walked = 0
    for item in source:
        walked += 1
        if walked == STEPS_AT_ONCE:
            walked = 0
            step(STEPS_AT_ONCE)
        yield selector(item)
    step(walked)


BURNING.add(_select)


@deferred("Select(IEnumerable<TSource>, Func<TSource, int, TResult>)", element=1)
def _select_index(source: Iterable[Any], selector: Selector) -> Iterator[Any]:
    step = environment().step
    for index, item in enumerate(source):
        step()
        yield selector(item, index)


def _select_index_stage(selector: Selector) -> Selector:
    indices = counting()
    return lambda item: selector(item, next(indices))


STAGES.update({_select: lambda selector: selector, _select_index: _select_index_stage})


@operator("SelectMany(IEnumerable<TSource>, Func<TSource, IEnumerable<TResult>>)")
def select_many(types: Types, source: Any, selector: Selector) -> Sequence:
    return Sequence(_select_many, types[1], source, lambda item, _: selector(item), None)


@operator("SelectMany(IEnumerable<TSource>, Func<TSource, int, IEnumerable<TResult>>)")
def select_many_index(types: Types, source: Any, selector: Selector) -> Sequence:
    return Sequence(_select_many, types[1], source, selector, None)


@operator(
    "SelectMany(IEnumerable<TSource>, Func<TSource, IEnumerable<TCollection>>, Func<TSource, TCollection, TResult>)"
)
def select_many_results(
    types: Types, source: Any, collection_selector: Selector, result_selector: Selector
) -> Sequence:
    return Sequence(_select_many, types[2], source, lambda item, _: collection_selector(item), result_selector)


@operator(
    "SelectMany(IEnumerable<TSource>, Func<TSource, int, IEnumerable<TCollection>>, "
    "Func<TSource, TCollection, TResult>)"
)
def select_many_index_results(
    types: Types, source: Any, collection_selector: Selector, result_selector: Selector
) -> Sequence:
    return Sequence(_select_many, types[2], source, collection_selector, result_selector)


def _select_many(source: Iterable[Any], collection: Selector, result: Selector | None) -> Iterator[Any]:
    step = environment().step
    for index, item in enumerate(source):
        step()
        inner = collection(item, index)
        if inner is None:
            raise NullReferenceException
        for part in inner:
            step()
            yield part if result is None else result(item, part)


@deferred("Zip(IEnumerable<TFirst>, IEnumerable<TSecond>, Func<TFirst, TSecond, TResult>)", element=2)
def _zip(first: Iterable[Any], second: Iterable[Any], result_selector: Selector) -> Iterator[Any]:
    step = environment().step
    for a, b in zip(first, second, strict=False):
        step()
        yield result_selector(a, b)


@operator("Zip(IEnumerable<TFirst>, IEnumerable<TSecond>)")
def zip_pairs(types: Types, first: Any, second: Any) -> Sequence:
    return Sequence(_zip, named("System.ValueTuple", *types), first, second, lambda a, b: (a, b))


@operator("Concat")
def concat(types: Types, first: Any, second: Any) -> Sequence:
    return _chained(types[0], first, second)


@operator("Append")
def append(types: Types, source: Any, value: Any) -> Sequence:
    return _chained(types[0], source, (value,))


@operator("Prepend")
def prepend(types: Types, source: Any, value: Any) -> Sequence:
    return _chained(types[0], (value,), source)


class _Chain:
    """Sequences one after the other. Chains inside are walked into, so that a long chain does not nest generators."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[Any]:
        step = environment().step
        waiting = list(reversed(self.parts))
        while waiting:
            source = waiting.pop()
            if isinstance(source, Sequence) and source.start is _walk_chain:
                waiting.extend(reversed(source.arguments[0].parts))
                continue
            for item in source:
                step()
                yield item


def _walk_chain(chain: _Chain) -> Iterator[Any]:
    return iter(chain)


def _chained(element: Type, *parts: Any) -> Sequence:
    """Return a chain, as deep as the deepest of its parts that is no chain itself."""
    made = Sequence(_walk_chain, element, _Chain(*parts))
    made.depth = max([_depth(part) for part in parts]) + 1
    return made


def _depth(part: Any) -> int:
    if not isinstance(part, Sequence):
        return 0
    return part.depth - 1 if part.start is _walk_chain else part.depth


@deferred("Reverse")
def _reverse(source: Iterable[Any]) -> Iterator[Any]:
    items = take_all(source)
    items.reverse()
    return iter(items)


@operator("DefaultIfEmpty(IEnumerable<TSource>)")
def default_if_empty(types: Types, source: Any) -> Sequence:
    return Sequence(_default_if_empty, types[0], source, default_value(types[0]))


@deferred("DefaultIfEmpty(IEnumerable<TSource>, TSource)")
def _default_if_empty(source: Iterable[Any], value: Any) -> Iterator[Any]:
    step = environment().step
    empty = True
    for item in source:
        step()
        empty = False
        yield item
    if empty:
        yield value


@operator("AsEnumerable")
def as_enumerable(types: Types, value: Any) -> Any:
    return value


@operator("Cast")
def cast_all(types: Types, source: Any) -> Any:
    """Return the elements cast; a source that already is an `IEnumerable<TResult>` is returned as it is, as in .NET."""
    target = types[0]
    own = element_type(source)
    if own is target or (
        own is not None and not own.is_value_type and not target.is_value_type and is_reference_convertible(own, target)
    ):
        return source
    return Sequence(_cast_all, target, source, target)


def _cast_all(source: Any, target: Type) -> Iterator[Any]:
    step = environment().step
    for item in iterate_boxed(source):
        step()
        yield cast(item, target)


@operator("Empty")
def empty(types: Types) -> Sequence:
    return Sequence(lambda: iter(()), types[0])


@operator("Range")
def range_(types: Types, start: int, count: int) -> Sequence:
    check_range(count >= 0 and start + count - 1 <= 2147483647, "count")
    return Sequence(stepping, INT, range(start, start + count))


@operator("Repeat")
def repeat(types: Types, value: Any, count: int) -> Sequence:
    check_range(count >= 0, "count")
    return Sequence(_repeat, types[0], value, count)


def _repeat(element: Any, count: int) -> Iterator[Any]:
    step = environment().step
    for _ in range(count):
        step()
        yield element
