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

_SOURCE = "<TSource>(this IEnumerable<TSource> source"
_BY = "(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector"
_COMPARER = ", IEqualityComparer<TKey> comparer)"


@operator(f"TSource[] ToArray{_SOURCE})")
def to_array(types: Types, source: Any) -> Array:
    not_null(source, "source")
    return Array(types[0], take_all(source))


@operator(f"List<TSource> ToList{_SOURCE})")
def to_list(types: Types, source: Any) -> List:
    not_null(source, "source")
    return List(types, take_all(source))


@operator(f"HashSet<TSource> ToHashSet{_SOURCE})")
@operator(f"HashSet<TSource> ToHashSet{_SOURCE}, IEqualityComparer<TSource> comparer)")
def to_hash_set(types: Types, source: Any, comparer: Any = None) -> HashSet:
    not_null(source, "source")
    return HashSet.from_collection(types, source, comparer)


@operator(f"Dictionary<TKey, TSource> ToDictionary<TSource, TKey>{_BY})")
@operator(f"Dictionary<TKey, TSource> ToDictionary<TSource, TKey>{_BY}{_COMPARER}")
def to_dictionary(types: Types, source: Any, key_selector: Selector, comparer: Any = None) -> Dictionary:
    not_null(source, "source")
    not_null(key_selector, "keySelector")
    return _filled(Dictionary((types[1], types[0]), comparer), source, key_selector, None)


@operator(
    f"Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>{_BY}, Func<TSource, TElement> elementSelector)"
)
@operator(
    "Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>"
    f"{_BY}, Func<TSource, TElement> elementSelector{_COMPARER}"
)
def to_dictionary_of_elements(
    types: Types, source: Any, key_selector: Selector, element_selector: Selector, comparer: Any = None
) -> Dictionary:
    not_null(source, "source")
    not_null(key_selector, "keySelector")
    not_null(element_selector, "elementSelector")
    return _filled(Dictionary((types[1], types[2]), comparer), source, key_selector, element_selector)


def _filled(made: Dictionary, source: Any, key_selector: Selector, element_selector: Selector | None) -> Dictionary:
    step = environment().step
    for item in source:
        step()
        made.add(key_selector(item), item if element_selector is None else element_selector(item))
    return made
