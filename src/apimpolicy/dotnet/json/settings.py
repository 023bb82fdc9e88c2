"""`JsonSerializerSettings`, as far as it is simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.registry import dotnet_class, implements_all, member
from apimpolicy.dotnet.values import type_of, unbox

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type

_IGNORE = 1
"""Of NullValueHandling, and the bit of DefaultValueHandling."""


@dotnet_class(
    "Newtonsoft.Json.JsonSerializerSettings",
    members=(
        "NullValueHandling=nulls DefaultValueHandling=defaults DateParseHandling=date_parsing "
        "DateFormatHandling=date_style DateFormatString=date_format StringEscapeHandling=escapes"
    ),
)
class JsonSerializerSettings:
    """The attributes are the enumerations of their names in C#; `date_format` is a .NET format or null."""

    __slots__ = (
        "camel_case",
        "date_format",
        "date_parsing",
        "date_style",
        "defaults",
        "escapes",
        "formatting",
        "names_enums",
        "nulls",
    )

    def __init__(self) -> None:
        self.nulls = 0
        self.defaults = 0
        self.formatting = 0
        self.date_parsing = 1
        self.date_style = 0
        self.date_format: str | None = None
        self.escapes = 0
        self.camel_case = False
        self.names_enums = False

    @property
    def has_texts(self) -> bool:
        """Return whether dates or escapes differ from the default."""
        return bool(self.escapes or self.date_style or self.date_format)

    def leaves_out(self, item: Any, static: Type | None) -> bool:
        """Return whether a member with this boxed value isn't written; `static` is its type where that is known."""
        if item is None:
            return self.nulls == _IGNORE or bool(self.defaults & _IGNORE)
        type_ = static or type_of(item)
        if not self.defaults & _IGNORE or not type_.is_value_type or type_.underlying is not None:
            return False
        return bool(unbox(item) == default_value(type_))


@dotnet_class("Newtonsoft.Json.JsonSerializer")
class JsonSerializer:
    """Settings in the form that `FromObject` and `ToObject` take."""

    __slots__ = ("settings",)

    def __init__(self, settings: JsonSerializerSettings | None) -> None:
        self.settings = settings

    @staticmethod
    @member("new", "Create()", "CreateDefault()")
    def create() -> JsonSerializer:
        return JsonSerializer(None)

    @staticmethod
    @member("Create(JsonSerializerSettings)", "CreateDefault(JsonSerializerSettings)")
    def create_with(settings: JsonSerializerSettings | None) -> JsonSerializer:
        return JsonSerializer(settings)


implements_all("Newtonsoft.Json.JsonSerializerSettings", {"new": JsonSerializerSettings})
