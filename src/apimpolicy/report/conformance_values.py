"""Values as text, in the format of the conformance suite (see its README).

A value comes with its static type: what is plain while its type is known (an enum member is an int, a tuple a Python
tuple) is boxed by it on the way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from apimpolicy.dotnet.environment import joined, work_through
from apimpolicy.dotnet.system.objects import TypeObject, to_string
from apimpolicy.dotnet.types import ArrayType, NamedType, TupleType, Type
from apimpolicy.dotnet.values import BYTE, OBJECT, AnonymousObject, Array, Boxed, EnumValue, box, from_utf16, type_of

_GROUPINGS = ("System.Linq.IGrouping", "System.Linq.Grouping")
NULL_TYPE = "<null>"
_DISABLE_FORMATTING = 1
MOST_DEPTH = 64
MOST_COLLECTIONS = 10_000
"""In one value, each as often as it is met."""


def runtime_type(value: Any, static: Type = OBJECT) -> str:
    """Return the C# spelling of the type that `GetType()` returns; `<null>` for null."""
    value = box(static, value)
    if value is None:
        return NULL_TYPE
    if isinstance(value, tuple):
        arguments = static.arguments if isinstance(static, NamedType) else ()
        return f"System.ValueTuple<{', '.join(map(str, arguments))}>"
    if isinstance(value, TypeObject):
        return "System.RuntimeType"
    return _spelling(type_of(value))


def _spelling(type_: Type) -> str:
    """As `str`, but a nested type of a generic one has all type arguments at its end: `Dictionary.KeyCollection<…>`."""
    if isinstance(type_, NamedType) and type_.definition.is_nested and type_.arguments:
        return f"{type_.definition.name}<{', '.join(map(_spelling, type_.arguments))}>"
    return str(type_)


class _Walk:
    """The collections that are open around a value: one may hold itself, as `context.Variables` in a variable does."""

    __slots__ = ("_open", "_room")

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._room = MOST_COLLECTIONS

    def enter(self, value: Any) -> bool:
        """Return whether what a collection holds is still to be shown; if so, it is open until `leave`."""
        self._room -= 1
        if self._room < 0 or len(self._open) >= MOST_DEPTH or id(value) in self._open:
            return False
        self._open.add(id(value))
        return True

    def leave(self, value: Any) -> None:
        self._open.discard(id(value))


def text_of(value: Any, static: Type = OBJECT, walk: _Walk | None = None) -> str | None:
    """Return the value as text; None for null."""
    value = box(static, value)
    if value is None:
        return None
    if isinstance(value, str):
        return outside(str(value))
    if isinstance(value, (bool, int, float, Decimal)):
        return to_string(value)
    scalar = _scalar(value)
    return outside(scalar) if scalar is not None else json_of(value, static, walk)


def json_of(value: Any, static: Type = OBJECT, walk: _Walk | None = None) -> str:
    """Return a value inside a collection as JSON text; `"…"` if it is too deep or too large."""
    value = box(static, value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, EnumValue):
        text = to_string(value)
        return text if text[-1:].isdigit() else _quoted(text)
    if isinstance(value, str):
        return _quoted(value)
    scalar = _scalar(value)
    if scalar is not None:
        return scalar if _is_json(value) else _quoted(scalar)
    return _composite(value, static, walk or _Walk())


def outside(text: str) -> str:
    """Return a .NET string as Python text; a lone surrogate, which is no character, stays as it is."""
    if text.isascii():
        return text
    converted = from_utf16(text)
    return converted if "\ufffd" not in converted or "\ufffd" in text else _pairs_joined(text)


def _pairs_joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _quoted(text: str) -> str:
    work_through(len(text))
    return json.dumps(outside(str(text)), ensure_ascii=False)


def _is_json(value: Any) -> bool:
    return _type_name(value).startswith("Newtonsoft.Json.Linq.J")


def _type_name(value: Any) -> str:
    type_ = type_of(value)
    return type_.name if isinstance(type_, NamedType) else str(type_)


def _scalar(value: Any) -> str | None:
    """Return the text of a single value, even if it is iterable; None for collections."""
    if isinstance(value, Array):
        return base64.b64encode(bytes(value)).decode() if value.element is BYTE else None
    if isinstance(value, Boxed):
        return to_string(value)
    if isinstance(value, (tuple, AnonymousObject)):
        return None
    name = _type_name(value)
    if name.startswith("Newtonsoft.Json.Linq.J") and hasattr(value, "format"):
        return str(value.format(0))
    if name in ("System.DateTime", "System.DateTimeOffset"):
        return str(value.format("o"))
    if name.startswith("System.Xml.Linq.X") and hasattr(value, "to_string_with"):
        return str(value.to_string_with(_DISABLE_FORMATTING))
    if hasattr(value, "__iter__") and not name.startswith("System.Xml.Linq.X") and name != "IUrl":
        return None
    if name.split("<")[0] in ("System.Tuple", "System.Collections.Generic.KeyValuePair"):
        return None
    return to_string(value)


def _composite(value: Any, static: Type, walk: _Walk) -> str:
    if not walk.enter(value):
        return _quoted("…")
    try:
        return _members(value, static, walk)
    finally:
        walk.leave(value)


def _members(value: Any, static: Type, walk: _Walk) -> str:
    if isinstance(value, AnonymousObject):
        return _object(zip(value.names, (json_of(item, OBJECT, walk) for item in value.boxed_values()), strict=True))
    if isinstance(value, tuple):
        types = static.arguments if isinstance(static, TupleType) else (OBJECT,) * len(value)
        return _array(json_of(item, type_, walk) for item, type_ in zip(value, types, strict=True))
    arguments = _arguments(value)
    name = _type_name(value).split("<")[0]
    if name == "System.Tuple":
        return _array(json_of(item, type_, walk) for item, type_ in zip(value.items, arguments, strict=True))
    if name == "System.Collections.Generic.KeyValuePair":
        key, item = (
            json_of(part, type_, walk) for part, type_ in zip((value.key, value.value), arguments, strict=True)
        )
        return _object((("Key", key), ("Value", item)))
    # The groups of a match have names, and are no pairs.
    if hasattr(value, "contains_key") and all(hasattr(pair, "key") for pair in value):
        key_type, value_type = arguments if len(arguments) == 2 else (OBJECT, OBJECT)
        return _object(
            (text_of(pair.key, key_type, walk) or "", json_of(pair.value, value_type, walk)) for pair in value
        )
    items = _array(json_of(item, arguments[-1] if arguments else OBJECT, walk) for item in value)
    if name in _GROUPINGS:
        key_type = arguments[0] if len(arguments) == 2 else OBJECT
        return _object((("Key", json_of(value.key, key_type, walk)), ("Items", items)))
    return items


def _arguments(value: Any) -> tuple[Type, ...]:
    type_ = type_of(value)
    if isinstance(type_, ArrayType):
        return (type_.element,)
    return type_.arguments if isinstance(type_, NamedType) else ()


def _array(items: Iterable[str]) -> str:
    return f"[{joined(list(items), ',')}]"


def _object(members: Iterable[tuple[str, str]]) -> str:
    return "{" + joined([f"{_quoted(name)}:{value}" for name, value in members], ",") + "}"
