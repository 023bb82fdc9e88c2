"""`Newtonsoft.Json.JsonConvert`. Azure refuses settings and converters, so that these arguments are always null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.json.deserialization import from_text
from apimpolicy.dotnet.json.escapes import quoted
from apimpolicy.dotnet.json.serialization import to_token
from apimpolicy.dotnet.json.tokens import JToken
from apimpolicy.dotnet.json.writer import write
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.values import OBJECT, box

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

_CONVERT = "Newtonsoft.Json.JsonConvert"


@implements(_CONVERT, "SerializeObject")
def serialize(value: Any, *_: None, formatting: int = 0) -> str:
    return write(value if isinstance(value, JToken) else to_token(value), indented=formatting == 1)


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
