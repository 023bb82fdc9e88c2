"""`JsonSerializerSettings`, as far as it is simulated."""

from __future__ import annotations

from apimpolicy.dotnet.registry import dotnet_class, member


@dotnet_class(
    "Newtonsoft.Json.JsonSerializerSettings",
    attributes={"NullValueHandling": "nulls", "Formatting": "formatting", "DateParseHandling": "date_parsing"},
)
class JsonSerializerSettings:
    """`nulls` is a NullValueHandling, `formatting` a Formatting, `date_parsing` a DateParseHandling."""

    __slots__ = ("camel_case", "date_parsing", "formatting", "names_enums", "nulls")

    def __init__(self) -> None:
        self.nulls = 0
        self.formatting = 0
        self.date_parsing = 1
        self.camel_case = False
        self.names_enums = False

    @staticmethod
    @member("new()")
    def create() -> JsonSerializerSettings:
        return JsonSerializerSettings()


@dotnet_class("Newtonsoft.Json.JsonSerializer")
class JsonSerializer:
    """Settings in the form that `FromObject` and `ToObject` take."""

    __slots__ = ("settings",)

    def __init__(self, settings: JsonSerializerSettings | None) -> None:
        self.settings = settings

    @staticmethod
    @member("new()")
    @member("static Newtonsoft.Json.JsonSerializer Create()")
    @member("static Newtonsoft.Json.JsonSerializer CreateDefault()")
    def create() -> JsonSerializer:
        return JsonSerializer(None)

    @staticmethod
    @member("static Newtonsoft.Json.JsonSerializer Create(Newtonsoft.Json.JsonSerializerSettings settings)")
    @member("static Newtonsoft.Json.JsonSerializer CreateDefault(Newtonsoft.Json.JsonSerializerSettings settings)")
    def create_with(settings: JsonSerializerSettings | None) -> JsonSerializer:
        return JsonSerializer(settings)
