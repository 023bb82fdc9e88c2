"""Filters of lists."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.policies.liquid.comparison import compare_values
from apimpolicy.policies.liquid.errors import LiquidError
from apimpolicy.policies.liquid.filter import liquid_filter
from apimpolicy.policies.liquid.values import Hash, XmlElement, items, joined, member, plain, without_box


def _flattened(value: Any) -> list[Any]:
    """Return the items, those of lists inside in their place."""
    step = environment().step
    found: list[Any] = []
    waiting = [value]
    while waiting:
        step()
        item = waiting.pop()
        inside = None if item is not value and not isinstance(item, (list, range)) else items(item)
        if inside is None or (item is value and isinstance(item, str)):
            found.append(item)
        else:
            waiting.extend(reversed(inside))
    environment().check_elements(len(found))
    return found


@liquid_filter("object input")
def size(value: Any) -> int:
    """Return the number of characters or items; 0 for other values."""
    if isinstance(value, str):
        return len(value)
    found = items(value)
    return 0 if found is None else len(found)


@liquid_filter("IEnumerable array")
def first(values: Any) -> Any:
    found = items(values)
    return found[0] if found else None


@liquid_filter("IEnumerable array")
def last(values: Any) -> Any:
    found = items(values)
    return found[-1] if found else None


@liquid_filter("IEnumerable input", 'string glue = " "')
def join(values: Any, glue: str | None) -> str | None:
    return None if values is None else joined(items(values) or (), glue or "")


@liquid_filter("object input", "int start", "int len = 1")
def _slice(value: Any, start: int, count: int) -> Any:
    """Return a part of a text or of a list; negative starts count from the end."""
    if not isinstance(value, (str, list, range)):
        return value
    whole = plain(value) if isinstance(value, str) else value
    if start < 0:
        start += len(whole)
        if start < 0:
            count, start = max(0, count + start), 0
    if start > len(whole):
        return None
    if count < 0:
        raise LiquidError("Length cannot be less than zero. (Parameter 'length')")
    return whole[start : start + count]


@liquid_filter("object input", "string property = null")
def sort(value: Any, name: str | None) -> Any:
    """Sort ascending, texts without case; by a property if one is named that some items have."""
    if value is None:
        return None
    found = _flattened(value)
    if not found:
        return found
    if name:
        if not any(_has(item, name) for item in found):
            return found
        return sorted(found, key=cmp_to_key(lambda a, b: _order(_property(a, name), _property(b, name))))
    return sorted(found, key=cmp_to_key(_order))


def _has(item: Any, name: str) -> bool:
    return isinstance(item, (Hash, XmlElement)) and item.find(name)[0]


def _property(item: Any, name: str) -> Any:
    return member(item, name, bracketed=True)


def _order(left: Any, right: Any) -> int:
    environment().step()
    if left is None or right is None:
        return int(left is not None) - int(right is not None)
    if isinstance(left, str) and isinstance(right, str):
        first_, second = plain(left).upper(), plain(right).upper()
        return int(first_ > second) - int(first_ < second)
    if type(left) is not type(right):
        raise ArgumentException("Object must be of type Int32.")
    return compare_values(left, right) or 0


@liquid_filter("IEnumerable input", "string property")
def _map(values: Any, name: str | None) -> Any:
    """Return one property of each item."""
    found = items(values)
    environment().step(len(found or ()))
    return None if found is None else [_property(item, name or "") for item in found]


@liquid_filter("object input")
def uniq(value: Any) -> Any:
    """Return each value once, where it came first."""
    if value is None:
        return None
    seen: set[Any] = set()
    unique: list[Any] = []
    for item in _flattened(value):
        key = (type(item).__name__, without_box(item) if isinstance(item, (str, int, float)) else id(item))
        if key not in seen:
            seen.add(key)
            unique.append(item)
    return unique


@liquid_filter("object input")
def compact(value: Any) -> Any:
    return None if value is None else [item for item in _flattened(value) if item is not None]
