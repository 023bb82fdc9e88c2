"""`Newtonsoft.Json.JsonConvert`."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentException, NullReferenceException, require
from apimpolicy.dotnet.json import platform
from apimpolicy.dotnet.json.deserialization import from_text
from apimpolicy.dotnet.json.escapes import escape
from apimpolicy.dotnet.json.scalars import value_type
from apimpolicy.dotnet.json.serialization import to_token
from apimpolicy.dotnet.json.tokens import JToken
from apimpolicy.dotnet.json.writer import format_value, write
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.values import BOXES, OBJECT, box
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.settings import JsonSerializerSettings
    from apimpolicy.dotnet.types import Type
    from apimpolicy.dotnet.values import Array

_CONVERT = "Newtonsoft.Json.JsonConvert"
_POPULATE = 2
"""The bit of DefaultValueHandling for members that JSON doesn't have."""


def _serialize(value: Any, indented: bool, settings: JsonSerializerSettings | None = None) -> str:
    token = value if isinstance(value, JToken) else to_token(value, settings)
    if settings is None or not settings.has_texts:
        return write(token, indented=indented)
    from apimpolicy.dotnet.json.settings_texts import SettingsTexts

    return write(token, indented=indented, texts=SettingsTexts(settings))


def _no_converters(converters: Array | None) -> None:
    if converters:
        raise NotSimulatedError("JsonConvert with converters")


@implements(_CONVERT, "SerializeObject(object)")
def serialize(value: Any) -> str:
    return _serialize(value, False)


@implements(_CONVERT, "SerializeObject(object, JsonConverter[])")
def serialize_converting(value: Any, converters: Array | None) -> str:
    _no_converters(converters)
    return _serialize(value, False)


@implements(_CONVERT, "SerializeObject(object, Formatting, JsonConverter[])")
def serialize_formatted_converting(value: Any, formatting: int, converters: Array | None) -> str:
    _no_converters(converters)
    return _serialize(value, formatting == 1)


@implements(_CONVERT, "SerializeObject(object, JsonSerializerSettings)")
def serialize_with(value: Any, settings: JsonSerializerSettings | None) -> str:
    return _serialize(value, settings is not None and settings.formatting == 1, settings)


@implements(_CONVERT, "SerializeObject(object, Formatting, JsonSerializerSettings)")
def serialize_formatted_with(value: Any, formatting: int, settings: JsonSerializerSettings | None) -> str:
    return _serialize(value, formatting == 1, settings)


@implements(_CONVERT, "SerializeObject(object, Type, JsonSerializerSettings)")
def serialize_as(value: Any, _type: Any, settings: JsonSerializerSettings | None) -> str:
    """Return the type matters for type names only, which are not simulated."""
    return serialize_with(value, settings)


@implements(_CONVERT, "SerializeObject(object, Type, Formatting, JsonSerializerSettings)")
def serialize_formatted_as(value: Any, _type: Any, formatting: int, settings: JsonSerializerSettings | None) -> str:
    return _serialize(value, formatting == 1, settings)


def _text(text: str | None) -> str:
    return require(text, "value")


def _read(text: str | None, type_: Type, settings: JsonSerializerSettings | None) -> Any:
    """Return the plain value of a text. Raises NotSimulatedError for settings that change how objects are filled."""
    if settings is None:
        return from_text(_text(text), type_)
    if settings.date_format:
        raise NotSimulatedError("JsonSerializerSettings.DateFormatString", "reading JSON")
    if settings.defaults & _POPULATE:
        raise NotSimulatedError("JsonSerializerSettings.DefaultValueHandling", "filling members from JSON")
    return from_text(_text(text), type_, date_parsing=settings.date_parsing)


@implements(_CONVERT, "DeserializeObject(string)")
def deserialize(text: str | None) -> Any:
    return from_text(_text(text), OBJECT)


@implements(_CONVERT, "DeserializeObject(string, Type)")
def deserialize_type(text: str | None, type_object: Any) -> Any:
    type_ = OBJECT if type_object is None else type_object.type
    return box(type_, from_text(_text(text), type_))


@implements(_CONVERT, "DeserializeObject(string, Type, JsonConverter[])")
def deserialize_type_converting(text: str | None, type_object: Any, converters: Array | None) -> Any:
    _no_converters(converters)
    return deserialize_type(text, type_object)


@implements(_CONVERT, "DeserializeObject(string, Type, JsonSerializerSettings)")
def deserialize_type_with(text: str | None, type_object: Any, settings: JsonSerializerSettings | None) -> Any:
    type_ = OBJECT if type_object is None else type_object.type
    return box(type_, _read(text, type_, settings))


@implements(_CONVERT, "DeserializeObject<T>(string)", types=True)
def deserialize_to(types: tuple[Type, ...], text: str | None) -> Any:
    return from_text(_text(text), types[-1])


@implements(_CONVERT, "DeserializeObject<T>(string, JsonConverter[])", types=True)
def deserialize_converting(types: tuple[Type, ...], text: str | None, converters: Array | None) -> Any:
    _no_converters(converters)
    return from_text(_text(text), types[-1])


@implements(_CONVERT, "DeserializeObject<T>(string, JsonSerializerSettings)", types=True)
def deserialize_with(types: tuple[Type, ...], text: str | None, settings: JsonSerializerSettings | None) -> Any:
    return _read(text, types[-1], settings)


@implements(_CONVERT, "DeserializeAnonymousType(string, T)", types=True)
def deserialize_anonymous(types: tuple[Type, ...], text: str | None, example: Any) -> Any:
    return from_text(_text(text), types[-1])


@implements(_CONVERT, "ToString(object)")
def to_string(value: Any) -> str:
    kind = value_type(value)
    if isinstance(value, str):
        return f'"{escape(str(value))}"'
    if kind is None:
        raise ArgumentException(
            f"Unsupported type: {platform.type_name(value)}. Use the JsonSerializer class to get the object's JSON "
            "representation."
        )
    if isinstance(value, float) and not isfinite(value):
        return platform.text_of(value)
    return format_value(kind, value)


@implements(_CONVERT, "ToString(Enum)")
def enum_to_string(value: Any) -> str:
    if value is None:
        raise NullReferenceException
    return to_string(int(value))


_TYPES = (
    "bool", "char", "int", "short", "ushort", "uint", "long", "ulong", "float", "double", "byte", "sbyte", "decimal",
    "System.DateTime", "System.DateTimeOffset", "System.Guid", "System.TimeSpan", "System.Uri",
)  # fmt: skip


def _register_to_string() -> None:
    for name in _TYPES:
        type_ = named(name)
        function = (lambda boxed: lambda value: to_string(box(boxed, value)))(type_) if type_ in BOXES else to_string
        implements(_CONVERT, f"static string ToString({name} value)")(function)
    for field, text in (
        ("True", "true"), ("False", "false"), ("Null", "null"), ("Undefined", "undefined"), ("NaN", "NaN"),
        ("PositiveInfinity", "Infinity"), ("NegativeInfinity", "-Infinity"),
    ):  # fmt: skip
        implements(_CONVERT, f"static readonly string {field};")((lambda value: lambda: value)(text))


_register_to_string()


implements_all(
    _CONVERT,
    {
        "SerializeObject(object, Formatting)": lambda value, formatting: _serialize(value, formatting == 1),
        "DeserializeObject(string, JsonSerializerSettings)": lambda text, settings: _read(text, OBJECT, settings),
        "ToString(string)": lambda value: f'"{escape(value or "")}"',
    },
)
