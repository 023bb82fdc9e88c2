"""`System.Collections.Generic.CollectionExtensions`: what `context.Variables.GetValueOrDefault("name")` binds to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.costs import FREE
from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.registry import implements

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

_TYPE = "System.Collections.Generic.CollectionExtensions"


@implements(_TYPE, "GetValueOrDefault(IReadOnlyDictionary<TKey, TValue>, TKey)", types=True, cost=FREE)
def get_value_or_default(types: tuple[Type, ...], dictionary: Any, key: Any) -> Any:
    """Return the value of the key, or `default(TValue)`."""
    found, value = require(dictionary, "dictionary").try_get_value(key)
    return value if found else default_value(types[1])


@implements(_TYPE, "GetValueOrDefault(IReadOnlyDictionary<TKey, TValue>, TKey, TValue)", cost=FREE)
def get_value_or(dictionary: Any, key: Any, default: Any) -> Any:
    """Return the value of the key, or the given one."""
    found, value = require(dictionary, "dictionary").try_get_value(key)
    return value if found else default
