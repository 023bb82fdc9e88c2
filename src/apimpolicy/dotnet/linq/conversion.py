"""Operators that fill a collection: ToArray, ToList, ToHashSet, ToDictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.dictionary import Dictionary
from apimpolicy.dotnet.collections.lists import List
from apimpolicy.dotnet.collections.sets import HashSet
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.linq.sequences import not_null, operator, take_all
from apimpolicy.dotnet.values import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.linq.sequences import Types

    Selector = Callable[[Any], Any]


@operator("ToArray")
def to_array(types: Types, source: Any) -> Array:
    not_null(source=source)
    return Array(types[0], take_all(source))


@operator("ToList")
def to_list(types: Types, source: Any) -> List:
    not_null(source=source)
    return List(types, take_all(source))


@operator("ToHashSet")
def to_hash_set(types: Types, source: Any, comparer: Any = None) -> HashSet:
    not_null(source=source)
    return HashSet.from_collection(types, source, comparer)


@operator(
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>)",
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>, IEqualityComparer<TKey>)",
)
def to_dictionary(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> Dictionary:
    not_null(source=source, keySelector=key_selector)
    return _filled(Dictionary((types[1], types[0]), comparer), source, key_selector, None)


@operator(
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>, Func<TSource, TElement>)",
    "ToDictionary(IEnumerable<TSource>, Func<TSource, TKey>, Func<TSource, TElement>, IEqualityComparer<TKey>)",
)
def to_dictionary_of_elements(
    types: Types, source: Any, key_selector: Selector, element_selector: Selector, comparer: Any = None
) -> Dictionary:
    not_null(source=source, keySelector=key_selector, elementSelector=element_selector)
    return _filled(Dictionary((types[1], types[2]), comparer), source, key_selector, element_selector)


def _filled(made: Dictionary, source: Any, key_selector: Selector, element_selector: Selector | None) -> Dictionary:
    step = environment().step
    for item in source:
        step()
        made.add(key_selector(item), item if element_selector is None else element_selector(item))
    return made
