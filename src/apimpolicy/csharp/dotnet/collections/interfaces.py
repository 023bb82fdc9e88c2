"""The collection interfaces, on whatever object implements them."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.casts import is_instance, unboxed
from apimpolicy.csharp.dotnet.collections import arrays
from apimpolicy.csharp.dotnet.collections.arrays import (
    INDEX,
    array_set,
    check_index,
    copy_into,
    default_value,
    iterate_boxed,
)
from apimpolicy.csharp.dotnet.collections.comparers import equality_key, object_key
from apimpolicy.csharp.dotnet.costs import FREE
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    NotSupportedException,
    require,
)
from apimpolicy.csharp.dotnet.metadata import runtime_name
from apimpolicy.csharp.dotnet.registry import implements, implements_all, implements_setter, interface_members
from apimpolicy.csharp.dotnet.system.objects import to_string
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array, RectangularArray, box

# A run-time class implements an interface by having these Python names (the C# names in snake case), and needs no
# registration of its own for them:
#
# IEnumerable<T>, IEnumerable         __iter__ (a fresh iterator each time)
# IEnumerator<T>, IEnumerator         current, move_next(), reset(), dispose()
# ICollection<T>                      count, is_read_only, add(item), clear(), contains(item), copy_to(array, index),
#                                     remove(item) -> bool
# IReadOnlyCollection<T>              count
# IList<T>                            get_item(index), set_item(index, value), index_of(item), insert(index, item),
#                                     remove_at(index)
# IReadOnlyList<T>                    get_item(index)
# IDictionary<TKey, TValue>           get_item(key), set_item(key, value), keys, values, contains_key(key),
#                                     add(key, value), remove(key) -> bool, try_get_value(key) -> (bool, value),
#                                     count, clear()
# IReadOnlyDictionary<TKey, TValue>   get_item(key), keys, values, contains_key(key), try_get_value(key), count
# KeyValuePair<TKey, TValue>          key, value (the class is in `tuples`; dictionaries yield it)
# ISet<T>                             add(item) -> bool, and the methods of `sets.HashSet` that take another sequence
# IGrouping<TKey, TElement>           key
# ILookup<TKey, TElement>             count, get_item(key), contains(key)
# IComparer<T>                        compare(x, y)
# IEqualityComparer<T>                key(value): a hashable stand-in, equal exactly where the comparer says equal;
#                                     without it equals(x, y) and get_hash_code(value)
#
# `count`, `is_read_only`, `keys`, `values`, `key`, `value` and `current` are attributes (properties), the rest methods.
# Missing keys raise KeyNotFoundException in `get_item`; `try_get_value` gives `(False, default(TValue))`.
#
# An object with `contains_key` counts as a dictionary: seen as `ICollection<KeyValuePair<…>>`, its `Add`, `Contains`
# and `Remove` take pairs, and the functions below take the pairs apart. `values.Array`, `str` (as IEnumerable<char>)
# and Python tuples have none of these names; the functions below serve them. The non-generic interfaces are served from
# the same names; their elements are boxed on the way out, by the element type in `dotnet_type` (an array type, or a
# constructed type whose last argument is the element).

_FIXED = "Collection was of a fixed size."


def count_of(value: Any) -> int | None:
    """Return the number of elements where the collection knows it without being walked over, else None."""
    if isinstance(value, (list, str, tuple)):
        return len(value)
    if isinstance(value, RectangularArray):
        return len(value.items)
    count = getattr(value, "count", None)
    return count if isinstance(count, int) else None


@implements("System.Collections.Generic.ICollection<T>", "Count")
@implements("System.Collections.Generic.IReadOnlyCollection<T>", "Count")
@implements("System.Collections.ICollection", "Count")
def get_count(value: Any) -> int:
    return len(value) if isinstance(value, list) else count_of(value) or 0


@implements("System.Collections.Generic.ICollection<T>", "IsReadOnly")
def is_read_only(value: Any) -> bool:
    """Return whether changes are refused, as by an array seen as a generic collection, which cannot grow."""
    return isinstance(value, list) or bool(getattr(value, "is_read_only", False))


@implements("System.Collections.Generic.ICollection<T>", "Add")
def add(value: Any, item: Any) -> None:
    if isinstance(value, list):
        raise NotSupportedException(_FIXED)
    if hasattr(value, "contains_key"):
        value.add(item.key, item.value)
    else:
        value.add(item)


@implements("System.Collections.Generic.ICollection<T>", "Clear")
@implements("System.Collections.IDictionary", "Clear")
def clear(value: Any) -> None:
    if isinstance(value, Array):
        raise NotSupportedException(_FIXED)
    value.clear()


@implements("System.Collections.Generic.ICollection<T>", "Contains")
def contains(value: Any, item: Any) -> bool:
    if isinstance(value, list):
        return index_of(value, item) >= 0
    if hasattr(value, "contains_key"):
        found, held = value.try_get_value(item.key)
        return bool(found) and bool(object_key(held) == object_key(item.value))
    return bool(value.contains(item))


@implements("System.Collections.Generic.ICollection<T>", "CopyTo")
def copy_to(value: Any, array: Any, index: int) -> None:
    if isinstance(value, list):
        copy_into(value, array, index)
    else:
        value.copy_to(array, index)


@implements("System.Collections.ICollection", "CopyTo")
def copy_boxed_to(value: Any, array: Any, index: int) -> None:
    boxed = array is not None and not array.element.is_value_type
    copy_into(list(iterate_boxed(value) if boxed else value), array, index)


@implements("System.Collections.Generic.ICollection<T>", "Remove")
def remove(value: Any, item: Any) -> bool:
    if isinstance(value, list):
        raise NotSupportedException(_FIXED)
    if hasattr(value, "contains_key"):
        return contains(value, item) and bool(value.remove(item.key))
    return bool(value.remove(item))


@implements("System.Collections.Generic.IList<T>", "Item")
@implements("System.Collections.Generic.IReadOnlyList<T>", "Item")
def get_item(value: Any, index: int) -> Any:
    if isinstance(value, list):
        if 0 <= index < len(value):
            return value[index]
        raise ArgumentOutOfRangeException("index", INDEX)
    return value.get_item(index)


@implements_setter("System.Collections.Generic.IList<T>", "Item")
def set_item(value: Any, index: int, item: Any) -> None:
    if isinstance(value, list):
        check_index(index, len(value))
        array_set(value, index, item)
    else:
        value.set_item(index, item)


@implements("System.Collections.Generic.IList<T>", "IndexOf")
def index_of(value: Any, item: Any) -> int:
    if isinstance(value, Array):
        return arrays.index_of(value, item, 0, None, equality_key(value.element))
    return int(value.index_of(item))


@implements("System.Collections.Generic.IList<T>", "Insert")
def insert(value: Any, index: int, item: Any) -> None:
    if isinstance(value, list):
        raise NotSupportedException(_FIXED)
    value.insert(index, item)


@implements("System.Collections.Generic.IList<T>", "RemoveAt")
def remove_at(value: Any, index: int) -> None:
    if isinstance(value, list):
        raise NotSupportedException(_FIXED)
    value.remove_at(index)


interface_members(
    "System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>", "Keys Values Item=get_item ContainsKey TryGetValue"
)
interface_members(
    "System.Collections.Generic.IDictionary<TKey, TValue>",
    "Keys Values Item=get_item ContainsKey Add Remove TryGetValue",
)


@implements_setter("System.Collections.Generic.IDictionary<TKey, TValue>", "Item")
def set_value(dictionary: Any, key: Any, value: Any) -> None:
    dictionary.set_item(key, value)


interface_members("System.Linq.IGrouping<TKey, TElement>", "Key")
interface_members("System.Linq.ILookup<TKey, TElement>", "Count Item=get_item Contains")


@implements("System.Collections.IDictionary", "IsReadOnly", "IsFixedSize")
def is_read_only_dictionary(value: Any) -> bool:
    return bool(getattr(value, "is_read_only", False))


# `System.Collections.Generic.CollectionExtensions`: what `context.Variables.GetValueOrDefault("name")` binds to

_TYPE = "System.Collections.Generic.CollectionExtensions"


@implements(_TYPE, "GetValueOrDefault(IReadOnlyDictionary<TKey, TValue>, TKey)", types=True, cost=FREE)
def get_value_or_default(types: tuple[Type, ...], dictionary: Any, key: Any) -> Any:
    found, value = require(dictionary, "dictionary").try_get_value(key)
    return value if found else default_value(types[1])


@implements(_TYPE, "GetValueOrDefault(IReadOnlyDictionary<TKey, TValue>, TKey, TValue)", cost=FREE)
def get_value_or(dictionary: Any, key: Any, default: Any) -> Any:
    found, value = require(dictionary, "dictionary").try_get_value(key)
    return value if found else default


# `System.Collections.IDictionary`: a dictionary whose keys and values are seen as objects, as `Exception.Data` is

_DICTIONARY = "System.Collections.IDictionary"


def _fitting(value: Any, type_: Type, parameter: str) -> Any:
    if value is None and (not type_.is_value_type or type_.underlying is not None):
        return None
    require(value, parameter)
    if not is_instance(value, type_):
        raise ArgumentException(
            f'The value "{to_string(value)}" is not of type "{runtime_name(type_)}" and cannot be used in this generic '
            "collection.",
            parameter,
        )
    return unboxed(value, type_)


@implements(_DICTIONARY, "Item")
def _get_untyped(dictionary: Any, key: Any) -> Any:
    """Null for a key that is not there."""
    require(key, "key")
    if not is_instance(key, dictionary.types[0]):
        return None
    found, value = dictionary.try_get_value(unboxed(key, dictionary.types[0]))
    return box(dictionary.types[1], value) if found else None


@implements_setter(_DICTIONARY, "Item")
def _set_untyped(dictionary: Any, key: Any, value: Any) -> None:
    require(key, "key")
    own_key, own_value = dictionary.types
    dictionary.set_item(_fitting(key, own_key, "key"), _fitting(value, own_value, "value"))


@implements(_DICTIONARY, "Add")
def _add_untyped(dictionary: Any, key: Any, value: Any) -> None:
    require(key, "key")
    own_key, own_value = dictionary.types
    dictionary.add(_fitting(key, own_key, "key"), _fitting(value, own_value, "value"))


@implements(_DICTIONARY, "Contains")
def _contains_untyped(dictionary: Any, key: Any) -> bool:
    require(key, "key")
    own = dictionary.types[0]
    return is_instance(key, own) and bool(dictionary.contains_key(unboxed(key, own)))


@implements(_DICTIONARY, "Remove")
def _remove_untyped(dictionary: Any, key: Any) -> None:
    if _contains_untyped(dictionary, key):
        dictionary.remove(unboxed(key, dictionary.types[0]))


implements_all(
    _DICTIONARY, {"Keys": lambda dictionary: dictionary.keys, "Values": lambda dictionary: dictionary.values}
)
