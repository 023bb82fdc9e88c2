"""`System.Collections.IDictionary`: a dictionary whose keys and values are seen as objects, as `Exception.Data` is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import is_instance, unboxed
from apimpolicy.dotnet.exceptions import ArgumentException, require
from apimpolicy.dotnet.metadata import runtime_name
from apimpolicy.dotnet.registry import implements, implements_all, implements_setter
from apimpolicy.dotnet.system.objects import to_string
from apimpolicy.dotnet.values import box

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

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
def get_item(dictionary: Any, key: Any) -> Any:
    """Null for a key that is not there."""
    require(key, "key")
    if not is_instance(key, dictionary.types[0]):
        return None
    found, value = dictionary.try_get_value(unboxed(key, dictionary.types[0]))
    return box(dictionary.types[1], value) if found else None


@implements_setter(_DICTIONARY, "Item")
def set_item(dictionary: Any, key: Any, value: Any) -> None:
    require(key, "key")
    own_key, own_value = dictionary.types
    dictionary.set_item(_fitting(key, own_key, "key"), _fitting(value, own_value, "value"))


@implements(_DICTIONARY, "Add")
def add(dictionary: Any, key: Any, value: Any) -> None:
    require(key, "key")
    own_key, own_value = dictionary.types
    dictionary.add(_fitting(key, own_key, "key"), _fitting(value, own_value, "value"))


@implements(_DICTIONARY, "Contains")
def contains(dictionary: Any, key: Any) -> bool:
    require(key, "key")
    own = dictionary.types[0]
    return is_instance(key, own) and bool(dictionary.contains_key(unboxed(key, own)))


@implements(_DICTIONARY, "Remove")
def remove(dictionary: Any, key: Any) -> None:
    if contains(dictionary, key):
        dictionary.remove(unboxed(key, dictionary.types[0]))


implements_all(
    _DICTIONARY,
    {
        "Keys": lambda dictionary: dictionary.keys,
        "Values": lambda dictionary: dictionary.values,
    },
)
