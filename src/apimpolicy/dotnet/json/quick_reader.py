"""Plain JSON text to trees with Python's decoder, which is written in C.

It reads the JSON of RFC 8259 only. For anything else (comments, other quotes, special numbers, names that occur twice,
halves of surrogate pairs, errors) it gives no tree, and the exact reader takes over, whose trees and messages are
Newtonsoft's.
"""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.json.arrays import JArray
from apimpolicy.dotnet.json.containers import JContainer
from apimpolicy.dotnet.json.dates import find_date
from apimpolicy.dotnet.json.kinds import BOOLEAN, DATE, FLOAT, INTEGER, STRING_TYPE
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.json.platform import BigInteger
from apimpolicy.dotnet.json.reader import MAXIMUM_DEPTH
from apimpolicy.dotnet.json.scalars import JValue
from apimpolicy.dotnet.values import Int64

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONG_NUMBER, _SAMPLE, _DIGITS = re.compile("[0-9]{380}"), 95, re.compile("[0-9]{3}")
"""The exact reader refuses such numbers. The search is slow; three digits in a row must be in a sample of the text."""
_NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"\[\]{}]+')
_SHORTEST_DATE, _LONGEST_DATE = 19, 40
_SET_CHILDREN: Any = JContainer.__dict__["children"].__set__
_SET_NAMES: Any = JObject.__dict__["_by_name"].__set__
_reading = threading.Lock()


class _UnusualError(ValueError):
    """Raised for JSON that the exact reader must read."""


def quick_tree(text: str) -> JObject | JArray | None:
    """Return the tree of a text; None if the exact reader must read it.

    What is inside an object becomes tokens when something looks at it: most policies read few of them.
    """
    has_long_number = _DIGITS.search(text[::_SAMPLE]) is not None and _LONG_NUMBER.search(text) is not None
    if has_long_number or _SURROGATE.search(text) is not None or not _is_flat(text):
        return None
    try:
        found = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse).decode(text)
    except (ValueError, RecursionError):
        return None
    environment().step(_count_tokens(text))
    root = _array(found) if type(found) is list else found
    return root if isinstance(root, (JObject, JArray)) else None


def _refuse(_: str) -> Any:
    raise _UnusualError


def _is_flat(text: str) -> bool:
    """Return whether brackets nest less deeply than the reader allows."""
    if text.count("[") + text.count("{") < MAXIMUM_DEPTH:
        return True
    brackets = _NO_BRACKETS.sub("", text)
    for _ in range(MAXIMUM_DEPTH):
        shorter = brackets.replace("[]", "").replace("{}", "")
        if len(shorter) == len(brackets):
            return not brackets
        brackets = shorter
    return False


def _count_tokens(text: str) -> int:
    """Return how many tokens the exact reader would meet: containers, names and values."""
    containers = text.count("{") + text.count("[")
    return text.count(":") + text.count(",") + 2 * containers - text.count("{}") - text.count("[]")


class _UnreadObject(JObject):
    """An object whose properties are made when something looks at them; then it is one like all others."""

    __slots__ = ()

    children = property(lambda self: _read_object(self).children)
    _by_name = property(lambda self: _read_object(self)._by_name)


def _object(pairs: list[tuple[str, Any]]) -> JObject:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _UnusualError
    made: Any = _UnreadObject.__new__(_UnreadObject)
    made.parent, made.unread = None, values
    made.place = made.version = 0
    return made  # type: ignore[no-any-return]


def _read_object(made: Any) -> JObject:
    with _reading:  # another thread may look at it too
        if type(made) is JObject:
            return made
        by_name: dict[str, JProperty] = {}
        children: list[JToken] = []
        new, new_value = JProperty.__new__, JValue.__new__  # what constructors do, without the calls
        for name, value in made.unread.items():
            kind = type(value)
            own: Any
            if kind is str and len(value) < _SHORTEST_DATE and value[:1] != "/":
                own = new_value(JValue)
                own._value, own.token_type, own.place = value, STRING_TYPE, 0
            else:
                own = value if kind is _UnreadObject else _token(value)
            item = own.parent = by_name[name] = new(JProperty)
            item.name, item.parent, item.children = name, made, [own]
            item.place, item.version = 0, 1
            children.append(item)
        made.unread = None
        _SET_CHILDREN(made, children)
        _SET_NAMES(made, by_name)
        made.__class__ = JObject
    return made  # type: ignore[no-any-return]


def _array(values: list[Any]) -> JArray:
    root = JArray()
    waiting = [(root, values)]
    while waiting:
        made, values = waiting.pop()
        for value in values:
            item: Any = value
            if type(value) is list:
                item = JArray()
                waiting.append((item, value))
            elif type(value) is not _UnreadObject:
                item = _token(value)
            item.parent = made
            made.children.append(item)
    return root


def _token(value: Any) -> JToken:
    kind = type(value)
    if kind is str:
        is_long = _SHORTEST_DATE <= len(value) <= _LONGEST_DATE and value[10] == "T"
        date = find_date(value) if is_long or value[:1] == "/" else None
        return JValue(value, STRING_TYPE) if date is None else JValue(date, DATE)
    if kind is int:
        return JValue(Int64(value) if -(2**63) <= value < 2**63 else BigInteger(value), INTEGER)
    if kind is float:
        return JValue(value, FLOAT)
    if kind is bool:
        return JValue(value, BOOLEAN)
    return JValue.null() if value is None else _array(value)
