"""Operators that make sequences: Where, Select, Take, Skip, Distinct, the set operators, Zip, Concat, Range, Cast …"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from itertools import count as counting
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.casts import cast, is_instance, is_reference_convertible, unboxed
from apimpolicy.csharp.dotnet.collections.arrays import default_value, element_type, iterate_boxed
from apimpolicy.csharp.dotnet.collections.comparers import equality_key
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import NullReferenceException, check_range
from apimpolicy.csharp.dotnet.linq import sequences
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.values import INT

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.collections.comparers import Key
    from apimpolicy.csharp.dotnet.types import Type

    Predicate = Callable[[Any], bool]
    IndexPredicate = Callable[[Any, int], bool]
    Selector = Callable[..., Any]


@sequences.deferred("Where(IEnumerable<TSource>, Func<TSource, bool>)")
def _where(source: Iterable[Any], predicate: Predicate) -> Iterator[Any]:
    step = environment().step
    walked = 0
    for item in source:
        walked += 1
        if walked == sequences.STEPS_AT_ONCE:
            walked = 0
            step(sequences.STEPS_AT_ONCE)
        if predicate(item):
            yield item
    step(walked)


sequences.BURNING.add(_where)


@sequences.deferred("Where(IEnumerable<TSource>, Func<TSource, int, bool>)")
def _where_index(source: Iterable[Any], predicate: IndexPredicate) -> Iterator[Any]:
    for index, item in enumerate(sequences.stepping(source)):
        if predicate(item, index):
            yield item


@sequences.deferred("OfType", with_types=True)
def _of_type(types: sequences.Types, source: Any) -> Iterator[Any]:
    (target,) = types
    for item in sequences.stepping(iterate_boxed(source)):
        if is_instance(item, target):
            yield unboxed(item, target.underlying or target)


@sequences.deferred("Take")
def _take(source: Iterable[Any], count: int) -> Iterator[Any]:
    if count <= 0:
        return
    step = environment().step
    for item in source:
        step()
        yield item
        count -= 1
        if not count:
            return


@sequences.deferred("Skip")
def _skip(source: Iterable[Any], count: int) -> Iterator[Any]:
    yield from sequences.stepping(islice(source, max(count, 0), None))


@sequences.operator("TakeWhile(IEnumerable<TSource>, Func<TSource, bool>)")
def take_while(types: sequences.Types, source: Any, predicate: Predicate) -> sequences.Sequence:
    return sequences.Sequence(_take_while, types[0], source, lambda item, _: predicate(item))


@sequences.deferred("TakeWhile(IEnumerable<TSource>, Func<TSource, int, bool>)")
def _take_while(source: Iterable[Any], predicate: IndexPredicate) -> Iterator[Any]:
    for index, item in enumerate(sequences.stepping(source)):
        if not predicate(item, index):
            return
        yield item


@sequences.operator("SkipWhile(IEnumerable<TSource>, Func<TSource, bool>)")
def skip_while(types: sequences.Types, source: Any, predicate: Predicate) -> sequences.Sequence:
    return sequences.Sequence(_skip_while, types[0], source, lambda item, _: predicate(item))


@sequences.deferred("SkipWhile(IEnumerable<TSource>, Func<TSource, int, bool>)")
def _skip_while(source: Iterable[Any], predicate: IndexPredicate) -> Iterator[Any]:
    skipping = True
    for index, item in enumerate(sequences.stepping(source)):
        skipping = skipping and bool(predicate(item, index))
        if not skipping:
            yield item


@sequences.deferred("TakeLast")
def _take_last(source: Iterable[Any], count: int) -> Iterator[Any]:
    if count <= 0:
        return iter(())
    here = environment()
    kept: deque[Any] = deque(maxlen=min(count, here.limits.elements))
    for item in source:
        here.step()
        kept.append(item)
    return iter(kept)


@sequences.deferred("SkipLast")
def _skip_last(source: Iterable[Any], count: int) -> Iterator[Any]:
    held: deque[Any] = deque()
    for item in sequences.stepping(source):
        held.append(item)
        if len(held) > max(count, 0):
            yield held.popleft()


@sequences.deferred("Distinct", with_types=True)
def _distinct(types: sequences.Types, source: Iterable[Any], comparer: Any = None) -> Iterator[Any]:
    return _distinct_from(set(), source, equality_key(types[0], comparer))


def _distinct_from(seen: set[Any], source: Iterable[Any], key: Key | None) -> Iterator[Any]:
    for item in sequences.stepping(source):
        stand_in = item if key is None else key(item)
        if stand_in not in seen:
            seen.add(stand_in)
            yield item


@sequences.deferred("Union", with_types=True)
def _union(types: sequences.Types, first: Iterable[Any], second: Iterable[Any], comparer: Any = None) -> Iterator[Any]:
    return _distinct(types, chain(first, second), comparer)


@sequences.deferred("Intersect", with_types=True)
def _intersect(
    types: sequences.Types, first: Iterable[Any], second: Iterable[Any], comparer: Any = None
) -> Iterator[Any]:
    key = equality_key(types[0], comparer)
    wanted = set()
    for item in sequences.stepping(second):
        wanted.add(item if key is None else key(item))
    for item in sequences.stepping(first):
        stand_in = item if key is None else key(item)
        if stand_in in wanted:
            wanted.remove(stand_in)
            yield item


@sequences.deferred("Except", with_types=True)
def _except(types: sequences.Types, first: Iterable[Any], second: Iterable[Any], comparer: Any = None) -> Iterator[Any]:
    key = equality_key(types[0], comparer)
    seen = set()
    for item in sequences.stepping(second):
        seen.add(item if key is None else key(item))
    yield from _distinct_from(seen, first, key)


def _where_index_stage(predicate: IndexPredicate) -> sequences.Stage:
    indices = counting()
    return lambda item: item if predicate(item, next(indices)) else sequences.LEFT_OUT


def _take_stage(count: int) -> sequences.Stage | None:
    indices = counting(1)
    return (lambda item: item if next(indices) < count else sequences.Last(item)) if count > 0 else None


def _skip_stage(count: int) -> sequences.Stage:
    indices = counting()
    return lambda item: sequences.LEFT_OUT if next(indices) < count else item


def _take_while_stage(predicate: IndexPredicate) -> sequences.Stage:
    indices = counting()
    return lambda item: item if predicate(item, next(indices)) else sequences.END


def _skip_while_stage(predicate: IndexPredicate) -> sequences.Stage:
    indices = counting()
    skipping = True

    def stage(item: Any) -> Any:
        nonlocal skipping
        index = next(indices)
        skipping = skipping and bool(predicate(item, index))
        return sequences.LEFT_OUT if skipping else item

    return stage


sequences.COUNTABLE.update((_take, _skip))
sequences.STAGES.update(
    {
        _where: lambda predicate: lambda item: item if predicate(item) else sequences.LEFT_OUT,
        _where_index: _where_index_stage,
        _take: _take_stage,
        _skip: _skip_stage,
        _take_while: _take_while_stage,
        _skip_while: _skip_while_stage,
    }
)


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
