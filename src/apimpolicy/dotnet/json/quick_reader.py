"""Plain JSON text to trees with Python's decoder, which is written in C.

It reads the JSON of RFC 8259 only. For anything else (comments, other quotes, special numbers, names that occur twice,
halves of surrogate pairs, errors) it gives no tree, and the exact reader takes over, whose trees and messages are
Newtonsoft's.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.json.arrays import JArray
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
_NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"\[\]{}]+')
_SHORTEST_DATE, _LONGEST_DATE = 19, 40
_MOST_DIGITS = 10**380


class _UnusualError(ValueError):
    """Raised for JSON that the exact reader must read."""


def quick_tree(text: str) -> JObject | JArray | None:
    """Return the tree of a text; None if the exact reader must read it."""
    if _SURROGATE.search(text) is not None or not _is_flat(text):
        return None
    reader = _Reader()
    try:
        found = json.JSONDecoder(object_pairs_hook=reader.object, parse_constant=_refuse).decode(text)
        root = reader.array(found) if type(found) is list else found
    except (ValueError, RecursionError):
        return None
    environment().step(reader.tokens)
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


class _Reader:
    """Makes tokens of what the decoder has read; `tokens` counts those that the exact reader would meet."""

    def __init__(self) -> None:
        self.tokens = 0

    def object(self, pairs: list[tuple[str, Any]]) -> JObject:
        made = JObject()
        by_name, children = made._by_name, made.children
        token = self._token
        new = JProperty.__new__
        for name, value in pairs:
            own = value if type(value) is JObject else token(value)
            item = own.parent = by_name[name] = new(JProperty)  # what its constructor does, without the call
            item.name, item.parent, item.children = name, made, [own]
            item.place, item.version = 0, 1
            children.append(item)
        if len(by_name) < len(children):
            raise _UnusualError
        self.tokens += 1 + 2 * len(children)
        return made

    def array(self, values: list[Any]) -> JArray:
        made = JArray()
        children = made.children
        token = self._token
        for value in values:
            item = value if type(value) is JObject else token(value)
            item.parent = made
            children.append(item)
        self.tokens += 1 + len(children)
        return made

    def _token(self, value: Any) -> JToken:
        kind = type(value)
        if kind is str:
            is_long = _SHORTEST_DATE <= len(value) <= _LONGEST_DATE and value[10] == "T"
            date = find_date(value) if is_long or value[:1] == "/" else None
            return JValue(value, STRING_TYPE) if date is None else JValue(date, DATE)
        if kind is int:
            if -(2**63) <= value < 2**63:
                return JValue(Int64(value), INTEGER)
            if abs(value) >= _MOST_DIGITS:
                raise _UnusualError
            return JValue(BigInteger(value), INTEGER)
        if kind is float:
            return JValue(value, FLOAT)
        if kind is bool:
            return JValue(value, BOOLEAN)
        return JValue.null() if value is None else self.array(value)
