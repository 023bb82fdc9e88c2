"""The members of `System.Nullable<T>`, whose receiver may be None: a `T?` is None or the value of `T`.

The emitter must not raise NullReferenceException for a null receiver of this type; `GetType()` does, in its own right.
"""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.exceptions import InvalidOperationException
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.system.objects import equals, get_hash_code, text
from apimpolicy.dotnet.values import box

_NAME = "System.Nullable<T>"


@implements(_NAME, "Value", "op_Explicit")
def get_value(value: Any) -> Any:
    """Raise InvalidOperationException for null."""
    if value is None:
        raise InvalidOperationException("Nullable object must have a value.")
    return value


implements_all(
    _NAME,
    {
        "HasValue": lambda value: value is not None,
        "new": lambda value: value,
        "op_Implicit": lambda value: value,
        "GetValueOrDefault(T)": lambda value, default: default if value is None else value,
    },
)
implements_all(
    _NAME,
    {
        "GetValueOrDefault()": lambda types, value: default_value(types[0]) if value is None else value,
        "ToString": lambda types, value: text(box(types[0], value)),
        "Equals": lambda types, value, other: equals(box(types[0], value), other),
        "GetHashCode": lambda types, value: 0 if value is None else get_hash_code(box(types[0], value)),
    },
    types=True,
)
