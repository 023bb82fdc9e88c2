"""Values of two types compared: the one on the right is converted to the type of the one on the left."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.system import objects
from apimpolicy.dotnet.values import type_of
from apimpolicy.policies.liquid.errors import LiquidError
from apimpolicy.policies.liquid.library import library
from apimpolicy.policies.liquid.values import is_convertible, without_box


def converted(value: Any, like: Any) -> Any:
    """`Convert.ChangeType(value, like.GetType())`. Raises DotnetException."""
    change = library("System.Convert", "static object ChangeType(object value, System.Type conversionType)")
    return change(plain_text(value), objects.type_object(type_of(plain_text(like))))


def plain_text(value: Any) -> Any:
    """Return a text as it is, without a box around it."""
    return str.__str__(value) if isinstance(value, str) else value


def compare_values(left: Any, right: Any) -> int | None:
    """Return a number below 0, 0 or above it; None when one value is null. Raises DotnetException, LiquidError."""
    if left is None or right is None:
        return None
    if not is_convertible(left) or not is_convertible(right):
        raise LiquidError("Object must implement IConvertible.")
    right = converted(right, left)
    if isinstance(left, str):
        compare = library("string", "static int Compare(string strA, string strB)")
        return int(compare(plain_text(left), right))
    left, right = without_box(left), without_box(right)
    if not hasattr(left, "__lt__") or not hasattr(right, "__lt__"):
        raise LiquidError("At least one object must implement IComparable.")
    return int(right < left) - int(left < right)
