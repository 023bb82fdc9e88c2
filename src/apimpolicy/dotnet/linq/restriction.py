"""Operators that pass on some of the elements: Where, Take, Skip, OfType, Distinct and the set operators."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from itertools import count as counting
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import is_instance, unboxed
from apimpolicy.dotnet.collections.arrays import iterate_boxed
from apimpolicy.dotnet.collections.comparers import equality_key
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.linq import sequences

if TYPE_CHECKING:
    from apimpolicy.dotnet.collections.comparers import Key

    Predicate = Callable[[Any], bool]
    IndexPredicate = Callable[[Any, int], bool]


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
