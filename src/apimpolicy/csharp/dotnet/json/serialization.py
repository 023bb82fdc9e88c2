"""Objects to trees, and `JsonConvert`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    JsonSerializationException,
    JsonWriterException,
    require,
)
from apimpolicy.csharp.dotnet.json import platform
from apimpolicy.csharp.dotnet.json.containers import JArray, content_items
from apimpolicy.csharp.dotnet.json.deserialization import from_text
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.scalars import JValue, value_type
from apimpolicy.csharp.dotnet.json.tokens import (
    STRING_TYPE,
    TYPE_NAMES,
    J,
    JToken,
    format_date,
    format_number,
    path_name,
    quoted,
    write,
)
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import OBJECT, AnonymousObject, Char, RectangularArray, ValueTuple, box, type_of
from apimpolicy.errors import NotSimulatedError

_NO_TYPES: tuple[Type, ...] = ()
MAXIMUM_DEPTH = 128


def to_token(value: Any) -> JToken:
    """Return the tree of a boxed value, as Newtonsoft's default contracts make it.

    Raises JsonSerializationException for a cycle, NotSimulatedError for a type without a known contract.
    """
    return _Serializer().token(value)


class _Serializer:
    """Makes the tree of a value. `is_writing` raises what JsonTextWriter does, for a text is made of the tree at once.

    `open` are the identities of the values around, and `places` the name or index of the item that each has come to.
    """

    def __init__(self, *, is_writing: bool = False) -> None:
        self.is_writing = is_writing
        self.open: list[int] = []
        self.places: list[str | int] = []

    def token(self, value: Any) -> JToken:
        environment().step()
        if isinstance(value, JToken):
            if self.is_writing and self.open and type(value) is JProperty:
                raise self._misplaced_property()
            return value.deep_clone()
        if isinstance(value, Char):
            return JValue(str(value), STRING_TYPE)
        if value is None or value_type(value) is not None:
            return JValue.of(value)
        if len(self.open) >= MAXIMUM_DEPTH:
            raise JsonSerializationException(f"Values are nested more than {MAXIMUM_DEPTH} deep.")
        if id(value) in self.open:
            raise JsonSerializationException(
                f"Self referencing loop detected with type '{platform.type_name(value)}'. Path ''."
            )
        self.open.append(id(value))
        self.places.append(0)
        try:
            return self._composite(value)
        finally:
            self.open.pop()
            self.places.pop()

    def _misplaced_property(self) -> JsonWriterException:
        """A writer takes the name of a property only at its start and in an object (`JsonWriter.StateArray`)."""
        *around, here = self.places
        state = "Property" if isinstance(here, str) else "Array" if here else "ArrayStart"
        path = "".join(
            path_name(step, is_first=not depth) if isinstance(step, str) else f"[{step}]"
            for depth, step in enumerate(around)
        )
        message = f"Token PropertyName in state {state} would result in an invalid JSON object."
        return JsonWriterException(f"{message} Path '{path}'.")

    def _composite(self, value: Any) -> JToken:
        pairs = members_of(value)
        if pairs is not None:
            made = JObject()
            for name, item in pairs:
                self.places[-1] = name
                made.property_to_fill(name).value = self.token(item)
            return made
        if isinstance(value, RectangularArray):
            return self._rows([box(value.element, item) for item in value.items], value.lengths)
        if hasattr(value, "__iter__"):
            array = JArray()
            for index, item in enumerate(content_items(value)):
                self.places[-1] = index
                array.insert_child(len(array.children), self.token(item))
            return array
        if platform.type_name(value).startswith("System.Xml.Linq.X"):
            from apimpolicy.csharp.dotnet.json.xml_writing import node_token

            return node_token(value)
        raise NotSimulatedError(f"JSON serialization of {platform.type_name(value)}")

    def _rows(self, items: list[Any], lengths: tuple[int, ...]) -> JArray:
        """Return an array of several dimensions as arrays in arrays."""
        made = JArray()
        size = len(items) // lengths[0] if lengths[0] else 0
        for number in range(lengths[0]):
            row = items[number * size : (number + 1) * size]
            token = self._rows(row, lengths[1:]) if len(lengths) > 1 else self.token(row[0])
            made.insert_child(number, token)
        return made


def members_of(value: Any) -> Iterator[tuple[str, Any]] | None:
    """Return the members of an object or the entries of a dictionary, as boxed values; None for anything else."""
    if isinstance(value, AnonymousObject):
        return iter(zip(value.names, value.boxed_values(), strict=True))
    if isinstance(value, ValueTuple):
        return ((f"Item{number}", item) for number, item in enumerate(value.boxed_items(), 1))
    if hasattr(value, "contains_key"):
        return _entries(value)
    attributes: Mapping[str, str] | None = getattr(value, "json_members", None)
    if attributes is not None:
        return ((member, getattr(value, attribute)) for member, attribute in attributes.items())
    name = str(getattr(value, "dotnet_type_name", "") or type_of(value))
    if name.startswith("System.Collections.Generic.KeyValuePair"):
        key_type, value_type_ = _pair_types(value)
        return iter((("Key", box(key_type, value.key)), ("Value", box(value_type_, value.value))))
    if name.startswith("System.Tuple"):
        return _tuple_items(value)
    return None


def _pair_types(value: Any) -> tuple[Any, Any]:
    arguments = getattr(type_of(value), "arguments", _NO_TYPES)
    return (arguments[0], arguments[1]) if len(arguments) == 2 else (OBJECT, OBJECT)


def _tuple_items(value: Any) -> Iterator[tuple[str, Any]]:
    arguments = getattr(type_of(value), "arguments", _NO_TYPES)
    for number, item in enumerate(value.items, 1):
        yield f"Item{number}", box(arguments[number - 1] if number <= len(arguments) else OBJECT, item)


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    key_type, item_type = _pair_types(value)
    pairs = value.key_value_pairs() if hasattr(value, "key_value_pairs") else value
    for pair in pairs:
        key = box(key_type, pair.key)
        yield _key_text(key), box(item_type, pair.value)


def _key_text(key: Any) -> str:
    if isinstance(key, (float, Decimal)):
        return format_number(key) if isinstance(key, float) else platform.text_of(key)
    if type_of(key) in (platform.DATE_TIME, platform.DATE_TIME_OFFSET):
        return format_date(key)
    return platform.text_of(key)


def _register(name: str) -> None:
    @implements(J + name, "FromObject(object)")
    def from_object(value: Any) -> JToken:
        token = to_token(require(value, "o"))
        if name not in ("JToken", token.short_name):
            raise ArgumentException(f"Object serialized to {TYPE_NAMES[token.token_type]}. {name} instance expected.")
        return token


for _name in ("JToken", "JObject", "JArray"):
    _register(_name)


# `Newtonsoft.Json.JsonConvert`. Azure refuses settings and converters, so that these arguments are always null

_CONVERT = "Newtonsoft.Json.JsonConvert"


@implements(_CONVERT, "SerializeObject")
def serialize(value: Any, *_: None, formatting: int = 0) -> str:
    tree = value if isinstance(value, JToken) else _Serializer(is_writing=True).token(value)
    return write(tree, indented=formatting == 1)


@implements(
    _CONVERT,
    "SerializeObject(object, Formatting)",
    "SerializeObject(object, Formatting, JsonConverter[])",
    "SerializeObject(object, Formatting, JsonSerializerSettings)",
)
def serialize_formatted(value: Any, formatting: int, _: None = None) -> str:
    return serialize(value, formatting=formatting)


@implements(_CONVERT, "SerializeObject(object, Type, Formatting, JsonSerializerSettings)")
def serialize_formatted_as(value: Any, _type: Any, formatting: int, _: None) -> str:
    return serialize(value, formatting=formatting)


@implements(_CONVERT, "DeserializeObject(string)", "DeserializeObject(string, JsonSerializerSettings)")
def deserialize(text: str | None, _: None = None) -> Any:
    return from_text(require(text, "value"), OBJECT)


@implements(_CONVERT, "DeserializeObject")
def deserialize_type(text: str | None, type_object: Any, _: None = None) -> Any:
    type_ = OBJECT if type_object is None else type_object.type
    return box(type_, from_text(require(text, "value"), type_))


@implements(
    _CONVERT,
    "DeserializeObject<T>(string)",
    "DeserializeObject<T>(string, JsonConverter[])",
    "DeserializeObject<T>(string, JsonSerializerSettings)",
    types=True,
)
def deserialize_to(types: tuple[Type, ...], text: str | None, _: None = None) -> Any:
    return from_text(require(text, "value"), types[-1])


implements_all(
    _CONVERT,
    {
        "ToString(bool)": lambda value: "true" if value else "false",
        "ToString(string)": lambda value: quoted(value or ""),
    },
)
