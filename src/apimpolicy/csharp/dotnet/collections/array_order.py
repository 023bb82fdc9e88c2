"""Order in arrays: `Array.Sort`, `Array.Reverse`, `Array.BinarySearch`; and single elements by index."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.casts import is_instance, unboxed
from apimpolicy.csharp.dotnet.collections import arrays
from apimpolicy.csharp.dotnet.collections.arrays import (
    OFFSETS,
    check_part,
    default_value,
    rectangular_get,
    rectangular_set,
)
from apimpolicy.csharp.dotnet.collections.comparers import comparison_of, sort_key
from apimpolicy.csharp.dotnet.collections.comparers import sort as sort_items
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    IndexOutOfRangeException,
    InvalidCastException,
    RankException,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, implements
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import RectangularArray, box

_ARRAY = "System.Array"


def _one_dimension(array: Any, parameter: str = "array") -> Any:
    require(array, parameter)
    if isinstance(array, RectangularArray):
        raise RankException("Only single dimension arrays are supported here.")
    return array


@implements(_ARRAY, "Reverse")
def reverse(array: Any) -> None:
    _one_dimension(array).reverse()


@implements(_ARRAY, "Reverse(Array, int, int)", "Reverse(T[], int, int)")
def reverse_part(array: Any, index: int, length: int) -> None:
    check_part(index, length, len(_one_dimension(array)), length="length")
    array[index : index + length] = array[index : index + length][::-1]


@implements(_ARRAY, "Sort")
def sort(array: Any, comparer: Any = None) -> None:
    sort_part(array, 0, len(_one_dimension(array)), comparer)


@implements(
    _ARRAY,
    "Sort(Array, int, int)",
    "Sort(Array, int, int, IComparer)",
    "Sort(T[], int, int)",
    "Sort(T[], int, int, IComparer<T>)",
)
@counts_itself
def sort_part(array: Any, index: int, length: int, comparer: Any = None) -> None:
    check_part(index, length, len(_one_dimension(array)), length="length")
    environment().step(length)
    part = list(array[index : index + length])
    sort_items(part, sort_key(array.element, comparer))
    array[index : index + length] = part


@implements(_ARRAY, "Sort(T[], Comparison<T>)")
@counts_itself
def sort_by(array: Any, comparison: Callable[[Any, Any], int]) -> None:
    require(array, "array")
    require(comparison, "comparison")
    environment().step(len(array))
    part = list(array)
    sort_items(part, functools.cmp_to_key(comparison))
    array[:] = part


@implements(
    _ARRAY,
    "Sort(Array, Array)",
    "Sort(Array, Array, IComparer)",
    "Sort(TKey[], TValue[])",
    "Sort(TKey[], TValue[], IComparer<TKey>)",
)
def sort_with_items(keys: Any, items: Any, comparer: Any = None) -> None:
    sort_part_with_items(keys, items, 0, len(_one_dimension(keys, "keys")), comparer)


@implements(
    _ARRAY,
    "Sort(Array, Array, int, int)",
    "Sort(Array, Array, int, int, IComparer)",
    "Sort(TKey[], TValue[], int, int)",
    "Sort(TKey[], TValue[], int, int, IComparer<TKey>)",
)
@counts_itself
def sort_part_with_items(keys: Any, items: Any, index: int, length: int, comparer: Any = None) -> None:
    if items is None:
        sort_part(keys, index, length, comparer)
        return
    count = len(_one_dimension(keys, "keys"))
    _one_dimension(items, "items")
    check_part(index, length, count, length="length")
    if len(items) - index < length:
        raise ArgumentException(OFFSETS)
    environment().step(length)
    order = list(range(index, index + length))
    key = sort_key(keys.element, comparer)
    sort_items(order, lambda position: keys[position] if key is None else key(keys[position]))
    keys[index : index + length], items[index : index + length] = (
        [keys[position] for position in order],
        [items[position] for position in order],
    )


@implements(_ARRAY, "BinarySearch(Array, object)")
def binary_search_boxed(array: Any, value: Any) -> int:
    return binary_search_part_boxed(array, 0, len(_one_dimension(array)), value)


@implements(_ARRAY, "BinarySearch(Array, int, int, object)")
def binary_search_part_boxed(array: Any, index: int, length: int, value: Any) -> int:
    if value is not None and not is_instance(value, array.element):
        raise ArgumentException("At least one object must implement IComparable.")
    return binary_search(array, index, length, unboxed(value, array.element), None)


@implements(_ARRAY, "BinarySearch(Array, object, IComparer)")
def binary_search_boxed_by(array: Any, value: Any, comparer: Any) -> int:
    return binary_search_part_boxed_by(array, 0, len(_one_dimension(array)), value, comparer)


@implements(_ARRAY, "BinarySearch(Array, int, int, object, IComparer)")
def binary_search_part_boxed_by(array: Any, index: int, length: int, value: Any, comparer: Any) -> int:
    if comparer is None:
        return binary_search_part_boxed(array, index, length, value)
    check_part(index, length, len(_one_dimension(array)), length="length")
    boxed = [box(array.element, item) for item in array]
    compare = getattr(comparer, "compare_objects", None) or comparer.compare
    return arrays.binary_search(boxed, index, length, value, compare)


@implements(_ARRAY, "BinarySearch")
def binary_search_all(array: Any, value: Any, comparer: Any = None) -> int:
    return binary_search(array, 0, len(_one_dimension(array)), value, comparer)


@implements(_ARRAY, "BinarySearch(T[], int, int, T)")
def binary_search_part(array: Any, index: int, length: int, value: Any) -> int:
    return binary_search(array, index, length, value, None)


@implements(_ARRAY, "BinarySearch(T[], int, int, T, IComparer<T>)")
def binary_search(array: Any, index: int, length: int, value: Any, comparer: Any) -> int:
    check_part(index, length, len(_one_dimension(array)), length="length")
    return arrays.binary_search(array, index, length, value, comparison_of(array.element, comparer))


def _get(array: Any, indexes: tuple[int, ...]) -> Any:
    if isinstance(array, RectangularArray):
        if len(indexes) != len(array.lengths):
            raise ArgumentException("The length(s) of the array and the number of indices must be the same.")
        return box(array.element, rectangular_get(array, indexes))
    if len(indexes) != 1:
        raise ArgumentException("Array was not a one-dimensional array.")
    if not 0 <= indexes[0] < len(array):
        raise IndexOutOfRangeException
    return box(array.element, array[indexes[0]])


def _set(array: Any, value: Any, indexes: tuple[int, ...]) -> None:
    _get(array, indexes)
    element: Type = array.element
    if value is None and element.is_value_type and element.underlying is None:
        value = default_value(element)
    elif value is not None and not is_instance(value, element):
        raise InvalidCastException("Object cannot be stored in an array of this type.")
    value = unboxed(value, element)
    if isinstance(array, RectangularArray):
        rectangular_set(array, indexes, value)
    else:
        array[indexes[0]] = value


for _integer in ("int", "long"):

    @implements(_ARRAY, f"object GetValue({_integer} index)")
    @implements(_ARRAY, f"object GetValue({_integer} index1, {_integer} index2)")
    @implements(_ARRAY, f"object GetValue({_integer} index1, {_integer} index2, {_integer} index3)")
    def get_value(array: Any, *indexes: int) -> Any:
        return _get(array, indexes)

    @implements(_ARRAY, f"object GetValue(params {_integer}[] indices)")
    def get_value_at(array: Any, indexes: Any) -> Any:
        return _get(array, tuple(require(indexes, "indices")))

    @implements(_ARRAY, f"void SetValue(object value, {_integer} index)")
    @implements(_ARRAY, f"void SetValue(object value, {_integer} index1, {_integer} index2)")
    @implements(_ARRAY, f"void SetValue(object value, {_integer} index1, {_integer} index2, {_integer} index3)")
    def set_value(array: Any, value: Any, *indexes: int) -> None:
        _set(array, value, indexes)

    @implements(_ARRAY, f"void SetValue(object value, params {_integer}[] indices)")
    def set_value_at(array: Any, value: Any, indexes: Any) -> None:
        _set(array, value, tuple(require(indexes, "indices")))
