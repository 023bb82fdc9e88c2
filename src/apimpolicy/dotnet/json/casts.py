"""C#'s explicit conversions from JToken: `(int)token["a"]`. Also what `ToObject<int>()` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentException, require
from apimpolicy.dotnet.json import kinds, platform
from apimpolicy.dotnet.json.objects import JProperty
from apimpolicy.dotnet.json.scalars import JValue
from apimpolicy.dotnet.metadata import FULL_NAMES
from apimpolicy.dotnet.registry import implements_all
from apimpolicy.dotnet.values import Int64, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.json.tokens import JToken

_TEXTS = frozenset((kinds.STRING_TYPE, kinds.COMMENT, kinds.RAW))
_NUMBERS = _TEXTS | {kinds.INTEGER, kinds.FLOAT, kinds.BOOLEAN}

_RANGES = {"int": (-(1 << 31), (1 << 31) - 1), "long": (-(1 << 63), (1 << 63) - 1)}
"""The integer types that most JSON numbers are read as."""

PRIMITIVES = {
    name: full_name.removeprefix("System.")
    for name, full_name in (*FULL_NAMES.items(), ("System.DateTime", "System.DateTime"))
    if name not in ("object", "string", "void")
}
"""C# type to its name in messages, and in the methods of `System.Convert`."""

_ACCEPTED: dict[str, frozenset[int]] = {
    "char": _TEXTS | {kinds.INTEGER, kinds.FLOAT},
    "System.DateTime": _TEXTS | {kinds.DATE},
    "System.DateTimeOffset": _TEXTS | {kinds.DATE},
    "System.Guid": _TEXTS | {kinds.GUID_TYPE, kinds.BYTES},
    "System.TimeSpan": _TEXTS | {kinds.TIME_SPAN_TYPE},
    "System.Uri": _TEXTS | {kinds.URI_TYPE},
    "string": _NUMBERS | {kinds.DATE, kinds.BYTES, kinds.GUID_TYPE, kinds.TIME_SPAN_TYPE, kinds.URI_TYPE},
    "byte[]": _TEXTS | {kinds.BYTES, kinds.INTEGER},
}
"""The token types that convert to a C# type; `_NUMBERS` for those missing here."""


def convert_to(type_name: str, value: Any) -> Any:
    """`System.Convert` of a boxed value to a primitive type, invariant culture."""
    if isinstance(value, platform.BigInteger):
        value = float(value) if type_name in ("float", "double") else platform.text_of(value)
    method = f"To{PRIMITIVES[type_name]}"
    provider = "System.IFormatProvider provider"
    return platform.function("System.Convert", f"static {type_name} {method}(object value, {provider})")(value, None)


def _checked(token: JToken | None, type_name: str, shown: str, *, nullable: bool) -> JValue:
    """Return the value to convert; raises ArgumentException when its token type does not convert."""
    token = require(token, "value")
    value = token.value if isinstance(token, JProperty) else token
    if isinstance(value, JValue):
        kind = value.token_type
        if kind in _ACCEPTED.get(type_name, _NUMBERS) or (nullable and kind in (kinds.NULL, kinds.UNDEFINED)):
            return value
    kind = value.token_type if value is not None else kinds.NULL
    raise ArgumentException(f"Can not convert {kinds.TYPE_NAMES[kind]} to {shown}.")


def _primitive(type_name: str, nullable: bool) -> Callable[[JToken | None], Any]:
    shown = PRIMITIVES[type_name]

    low, high = _RANGES.get(type_name, (0, -1))

    def cast(token: JToken | None) -> Any:
        if type(token) is JValue:
            number = token._value
            if type(number) is Int64:
                plain = number + 0  # compared as Python's own, which is faster
                if low <= plain <= high:
                    return plain
            elif type(number) is float and type_name == "double":
                return number
        if nullable and token is None:
            return None
        value = _checked(token, type_name, shown, nullable=nullable).value
        if value is None and nullable:
            return None
        if type_name == "System.DateTime" and value is not None and type_of(value) is platform.DATE_TIME_OFFSET:
            return platform.function("System.DateTimeOffset", "System.DateTime DateTime { get; }")(value)
        return convert_to(type_name, value)

    return cast


def _special(type_name: str, shown: str, nullable: bool, make: Callable[[Any], Any]) -> Callable[[JToken | None], Any]:
    def cast(token: JToken | None) -> Any:
        if nullable and token is None:
            return None
        value = _checked(token, type_name, shown, nullable=nullable)._value
        return None if value is None and nullable else make(value)

    return cast


def _to_offset(value: Any) -> Any:
    if type_of(value) is platform.DATE_TIME_OFFSET:
        return value
    if isinstance(value, str):
        parse = "static System.DateTimeOffset Parse(string input, System.IFormatProvider formatProvider)"
        return platform.function("System.DateTimeOffset", parse)(value, None)
    return platform.function("System.DateTimeOffset", "new(System.DateTime dateTime)")(
        convert_to("System.DateTime", value)
    )


def _to_guid(value: Any) -> Any:
    if platform.is_byte_array(value):
        return platform.function("System.Guid", "new(byte[] b)")(value)
    if type_of(value) is platform.GUID:
        return value
    return platform.function("System.Guid", "new(string g)")(platform.text_of(value))


def _to_time_span(value: Any) -> Any:
    if type_of(value) is platform.TIME_SPAN:
        return value
    parse = "static System.TimeSpan Parse(string input, System.IFormatProvider formatProvider)"
    return platform.function("System.TimeSpan", parse)(platform.text_of(value), None)


def _to_uri(value: Any) -> Any:
    if type_of(value) is platform.URI:
        return value
    return platform.function("System.Uri", "new(string uriString)")(platform.text_of(value))


def _to_text(value: Any) -> str:
    if type(value) is str:
        return value
    if platform.is_byte_array(value):
        import base64

        return base64.b64encode(bytes(value)).decode()
    return platform.text_of(value)


def _to_bytes(token: JToken | None) -> Any:
    if token is None:
        return None
    checked = _checked(token, "byte[]", "byte array", nullable=False)
    value = checked.value
    if platform.is_byte_array(value):
        return value
    if isinstance(value, str):
        return platform.function("System.Convert", "static byte[] FromBase64String(string s)")(value)
    raise ArgumentException(f"Can not convert {kinds.TYPE_NAMES[checked.token_type]} to byte array.")


def _all_casts() -> dict[str, Callable[[JToken | None], Any]]:
    casts: dict[str, Callable[[JToken | None], Any]] = {}
    for name in PRIMITIVES:
        casts[name] = _primitive(name, nullable=False)
        casts[name + "?"] = _primitive(name, nullable=True)
    specials: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        ("DateTimeOffset", _to_offset),
        ("Guid", _to_guid),
        ("TimeSpan", _to_time_span),
    )
    for shown, make in specials:
        name = f"System.{shown}"
        casts[name] = _special(name, shown, False, make)
        casts[name + "?"] = _special(name, shown, True, make)
    casts["System.Uri"] = _special("System.Uri", "Uri", True, _to_uri)
    casts["string"] = _special("string", "String", True, _to_text)
    casts["byte[]"] = _to_bytes
    return casts


CASTS = _all_casts()
"""C# type name to its explicit conversion from JToken, as plain (unboxed) value."""

implements_all(kinds.JTOKEN, {f"static {name} op_Explicit({kinds.JTOKEN} value)": cast for name, cast in CASTS.items()})
