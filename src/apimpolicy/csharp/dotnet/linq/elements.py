"""Operators that pick or test elements: First, Last, Single, ElementAt, Any, All, Contains, Count, SequenceEqual."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections import interfaces
from apimpolicy.csharp.dotnet.collections.arrays import INDEX, default_value
from apimpolicy.csharp.dotnet.collections.comparers import equality_key
from apimpolicy.csharp.dotnet.collections.interfaces import count_of
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentOutOfRangeException, InvalidOperationException
from apimpolicy.csharp.dotnet.linq.grouping import OrderedSequence, without_order
from apimpolicy.csharp.dotnet.linq.sequences import operator, stepping

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.linq.sequences import Types

    Predicate = Callable[[Any], bool]

_MATCH = "(IEnumerable<TSource>, Func<TSource, bool>)"
_NO_ELEMENTS = "Sequence contains no elements"
_NO_MATCH = "Sequence contains no matching element"
_MORE_ELEMENTS = "Sequence contains more than one element"
_MORE_MATCHES = "Sequence contains more than one matching element"
_ABSENT = object()


@operator("Any(IEnumerable<TSource>)")
def any_(types: Types, source: Any) -> bool:
    environment().step()
    return any(True for _ in source)


@operator("Any(IEnumerable<TSource>, Func<TSource, bool>)")
def any_match(types: Types, source: Any, predicate: Predicate) -> bool:
    walked = 0
    found = False
    for item in source:
        walked += 1
        if predicate(item):
            found = True
            break
    environment().step(walked)
    return found


@operator("All")
def all_(types: Types, source: Any, predicate: Predicate) -> bool:
    walked = 0
    found = True
    for item in source:
        walked += 1
        if not predicate(item):
            found = False
            break
    environment().step(walked)
    return found


@operator("Count(IEnumerable<TSource>)", "LongCount(IEnumerable<TSource>)")
def count(types: Types, source: Any) -> int:
    known = count_of(source)
    if known is not None:
        return known
    total = 0
    for _ in stepping(without_order(source)):
        total += 1
    return total


@operator("Count(IEnumerable<TSource>, Func<TSource, bool>)", "LongCount(IEnumerable<TSource>, Func<TSource, bool>)")
def count_matches(types: Types, source: Any, predicate: Predicate) -> int:
    total = 0
    for item in stepping(source):
        if predicate(item):
            total += 1
    return total


@operator("Contains")
def contains(types: Types, source: Any, value: Any, comparer: Any = None) -> bool:
    """Without a comparer, the collection's own `Contains` decides, as a HashSet's with its comparer."""
    if comparer is None and hasattr(source, "copy_to"):
        return interfaces.contains(source, value)
    key = equality_key(types[0], comparer)
    wanted = value if key is None else key(value)
    step = environment().step
    for item in source:
        step()
        if (item if key is None else key(item)) == wanted:
            return True
    return False


@operator("SequenceEqual")
def sequence_equal(types: Types, first: Any, second: Any, comparer: Any = None) -> bool:
    key = equality_key(types[0], comparer) or (lambda value: value)
    step = environment().step
    others = iter(second)
    for item in first:
        step()
        other = next(others, _ABSENT)
        if other is _ABSENT or key(item) != key(other):
            return False
    return next(others, _ABSENT) is _ABSENT


def _first(source: Any, predicate: Predicate | None) -> Any:
    if isinstance(source, OrderedSequence):
        return source.first(predicate, _ABSENT)
    if predicate is None:
        environment().step()
        return next(iter(source), _ABSENT)
    step = environment().step
    for item in source:
        step()
        if predicate(item):
            return item
    return _ABSENT


def _last(source: Any, predicate: Predicate | None) -> Any:
    if isinstance(source, OrderedSequence):
        return source.last(predicate, _ABSENT)
    step = environment().step
    if isinstance(source, list):
        for item in reversed(source):
            step()
            if predicate is None or predicate(item):
                return item
        return _ABSENT
    found = _ABSENT
    for item in source:
        step()
        if predicate is None or predicate(item):
            found = item
    return found


def _single(source: Any, predicate: Predicate | None) -> Any:
    """Return the only element, or the only match; ABSENT when there is none."""
    found = _ABSENT
    for item in stepping(source):
        if predicate is None or predicate(item):
            if found is not _ABSENT:
                raise InvalidOperationException(_MORE_ELEMENTS if predicate is None else _MORE_MATCHES)
            found = item
    return found


def _register(name: str, pick: Callable[[Any, Predicate | None], Any]) -> None:
    """Register `First`, `Last` or `Single` with and without predicate and `OrDefault`."""

    @operator(f"{name}(IEnumerable<TSource>)")
    def required(types: Types, source: Any) -> Any:
        element = pick(source, None)
        if element is _ABSENT:
            raise InvalidOperationException(_NO_ELEMENTS)
        return element

    @operator(f"{name}{_MATCH}")
    def required_match(types: Types, source: Any, predicate: Predicate) -> Any:
        element = pick(source, predicate)
        if element is _ABSENT:
            raise InvalidOperationException(_NO_MATCH)
        return element

    @operator(f"{name}OrDefault(IEnumerable<TSource>)")
    def optional(types: Types, source: Any) -> Any:
        element = pick(source, None)
        return default_value(types[0]) if element is _ABSENT else element

    @operator(f"{name}OrDefault{_MATCH}")
    def optional_match(types: Types, source: Any, predicate: Predicate) -> Any:
        element = pick(source, predicate)
        return default_value(types[0]) if element is _ABSENT else element


def matching(matches: Iterable[Any]) -> Any:
    """Return the first of the elements that `First` looks for."""
    for found in matches:
        return found
    raise InvalidOperationException(_NO_MATCH)


_register("First", _first)
_register("Last", _last)
_register("Single", _single)


def _element_at(source: Any, index: int) -> Any:
    if index < 0:
        return _ABSENT
    if isinstance(source, (list, str)):
        return source[index] if index < len(source) else _ABSENT
    known = count_of(source)
    if known is not None and index >= known:
        return _ABSENT
    environment().step()
    return next(islice(source, index, None), _ABSENT)


@operator("ElementAt")
def element_at(types: Types, source: Any, index: int) -> Any:
    """Return the element; an `IList<T>` fails with its own indexer's message."""
    found = _element_at(source, index)
    if found is _ABSENT:
        indexed = isinstance(source, list) or hasattr(source, "index_of")
        raise ArgumentOutOfRangeException("index", INDEX if indexed else None)
    return found


@operator("ElementAtOrDefault")
def element_at_or_default(types: Types, source: Any, index: int) -> Any:
    found = _element_at(source, index)
    return default_value(types[0]) if found is _ABSENT else found
