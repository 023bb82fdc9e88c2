"""Tokens as .NET values: conversions as in `(int)token["a"]`, `Value<T>`, `Values<T>` and the extension methods."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.collections.arrays import default_value
from apimpolicy.csharp.dotnet.collections.trees import of_type
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, InvalidCastException, NullReferenceException, require
from apimpolicy.csharp.dotnet.json import platform, tokens
from apimpolicy.csharp.dotnet.json.objects import JProperty
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import J_ENUMERABLE, JTOKEN, J, JEnumerable, JToken, j_enumerable_of
from apimpolicy.csharp.dotnet.metadata import FULL_NAMES, named
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import DECIMAL, OBJECT, STRING, Int64, type_of, unbox

# C#'s explicit conversions from JToken: `(int)token["a"]`. Also what `ToObject<int>()` does.

_TEXTS = frozenset((tokens.STRING_TYPE, tokens.COMMENT, tokens.RAW))
_NUMBERS = _TEXTS | {tokens.INTEGER, tokens.FLOAT, tokens.BOOLEAN}

_RANGES = {"int": (-(1 << 31), (1 << 31) - 1), "long": (-(1 << 63), (1 << 63) - 1)}
"""The integer types that most JSON numbers are read as."""

PRIMITIVES = {
    name: full_name.removeprefix("System.")
    for name, full_name in (*FULL_NAMES.items(), ("System.DateTime", "System.DateTime"))
    if name not in ("object", "string", "void")
}
"""C# type to its name in messages, and in the methods of `System.Convert`."""

_ACCEPTED: dict[str, frozenset[int]] = {
    "char": _TEXTS | {tokens.INTEGER, tokens.FLOAT},
    "System.DateTime": _TEXTS | {tokens.DATE},
    "System.DateTimeOffset": _TEXTS | {tokens.DATE},
    "System.Guid": _TEXTS | {tokens.GUID_TYPE, tokens.BYTES},
    "System.TimeSpan": _TEXTS | {tokens.TIME_SPAN_TYPE},
    "System.Uri": _TEXTS | {tokens.URI_TYPE},
    "string": _NUMBERS | {tokens.DATE, tokens.BYTES, tokens.GUID_TYPE, tokens.TIME_SPAN_TYPE, tokens.URI_TYPE},
    "byte[]": _TEXTS | {tokens.BYTES, tokens.INTEGER},
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
        if kind in _ACCEPTED.get(type_name, _NUMBERS) or (nullable and kind in (tokens.NULL, tokens.UNDEFINED)):
            return value
    kind = value.token_type if value is not None else tokens.NULL
    raise ArgumentException(f"Can not convert {tokens.TYPE_NAMES[kind]} to {shown}.")


def _primitive(type_name: str, nullable: bool) -> Callable[[JToken | None], Any]:
    type_shown = PRIMITIVES[type_name]

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
        value = _checked(token, type_name, type_shown, nullable=nullable).value
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


def _of_text(type_: Type, signature: str, *more: Any) -> Callable[[Any], Any]:
    """Return the conversion that keeps a value of the type, and gives the text of any other to a member of the type."""
    return lambda value: (
        value if type_of(value) is type_ else platform.function(str(type_), signature)(platform.text_of(value), *more)
    )


def _to_guid(value: Any) -> Any:
    if platform.is_byte_array(value):
        return platform.function("System.Guid", "new(byte[] b)")(value)
    return _of_text(platform.GUID, "new(string g)")(value)


_PARSE_SPAN = "static System.TimeSpan Parse(string input, System.IFormatProvider formatProvider)"


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
    raise ArgumentException(f"Can not convert {tokens.TYPE_NAMES[checked.token_type]} to byte array.")


def _all_casts() -> dict[str, Callable[[JToken | None], Any]]:
    casts: dict[str, Callable[[JToken | None], Any]] = {}
    for name in PRIMITIVES:
        casts[name] = _primitive(name, nullable=False)
        casts[name + "?"] = _primitive(name, nullable=True)
    specials: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        ("DateTimeOffset", _to_offset),
        ("Guid", _to_guid),
        ("TimeSpan", _of_text(platform.TIME_SPAN, _PARSE_SPAN, None)),
    )
    for shown, make in specials:
        name = f"System.{shown}"
        casts[name] = _special(name, shown, False, make)
        casts[name + "?"] = _special(name, shown, True, make)
    casts["System.Uri"] = _special("System.Uri", "Uri", True, _of_text(platform.URI, "new(string uriString)"))
    casts["string"] = _special("string", "String", True, _to_text)
    casts["byte[]"] = _to_bytes
    return casts


CASTS = _all_casts()
"""C# type name to its explicit conversion from JToken, as plain (unboxed) value."""

implements_all(
    tokens.JTOKEN, {f"static {name} op_Explicit({tokens.JTOKEN} value)": cast for name, cast in CASTS.items()}
)


# `Value<T>`, `Values<T>` and the extension methods over sequences of tokens.

_EXTENSIONS = J + "Extensions"


def change_type(value: Any, type_: Type) -> Any:
    """`Convert.ChangeType` with the invariant culture; returns the plain value.

    Raises InvalidCastException, FormatException or OverflowException as .NET does.
    """
    if value is None:
        if type_.is_value_type:
            raise InvalidCastException("Null object cannot be converted to a value type.")
        return None
    if is_instance(value, type_):
        return value if type_ is OBJECT else unbox(value)
    if not isinstance(value, (bool, int, float, str)) and type_of(value) not in (DECIMAL, platform.DATE_TIME):
        raise InvalidCastException("Object must implement IConvertible.")
    if type_ is STRING:
        return platform.text_of(value)
    if str(type_) in PRIMITIVES:
        return convert_to(str(type_), value)
    raise InvalidCastException(
        f"Invalid cast from '{platform.type_name(value)}' to '{platform.reflection_name(type_)}'."
    )


@functools.lru_cache(maxsize=256)  # policies ask for a few types again and again
def converter(type_: Type) -> Callable[[JToken | None], Any]:
    """Return the token converter of `Value<T>` and `Values<T>`: unlike a cast, through `Convert.ChangeType`."""
    underlying = type_.underlying
    target = underlying or type_

    def convert(token: JToken | None) -> Any:
        if token is None:
            return default_value(type_)
        if type_ is STRING and isinstance(token, JValue) and type(token.value) is str:
            return token.value
        if is_instance(token, type_):
            return token
        if not isinstance(token, JValue):
            raise InvalidCastException(f"Cannot cast {token.dotnet_type_name} to {JTOKEN}.")
        if token.value is None and underlying is not None:
            return None
        return change_type(token.value, target)

    return convert


@implements(JTOKEN, "Value", types=True)
def value_at(types: tuple[Type, ...], token: JToken, key: Any) -> Any:
    found = token.get_item(key)
    type_ = types[-1]
    if found is None:
        return default_value(type_)
    if type_ is STRING and type(found) is JValue and type(found._value) is str:
        return found._value
    return converter(type_)(found)


@implements(_EXTENSIONS, "Value", types=True)
def value_of(types: tuple[Type, ...], token: Any) -> Any:
    if not isinstance(require(token, "value"), JToken):
        raise ArgumentException("Source value must be a JToken.")
    return converter(types[-1])(token)


@implements(_EXTENSIONS, "Values")
def values(source: Iterable[JToken], key: Any = None) -> JEnumerable:
    return _values(source, key, named(JTOKEN), J_ENUMERABLE)


@implements(_EXTENSIONS, "Values<U>(IEnumerable<JToken>)", "Values<U>(IEnumerable<JToken>, object)", types=True)
def typed_values(types: tuple[Type, ...], source: Iterable[JToken], key: Any = None) -> JEnumerable:
    return _values(source, key, types[-1], of_type(types[-1]))


def _values(source: Iterable[JToken], key: Any, wanted: Type, type_: Type | str) -> JEnumerable:
    convert = converter(wanted)
    require(source, "source")

    def start() -> Any:
        for token in _tokens(source):
            if key is not None:
                found = token.get_item(key)
                if found is not None:
                    yield convert(found)
            elif isinstance(token, JValue):
                yield convert(token)
            else:
                for child in token:
                    yield convert(child)

    return JEnumerable(start, type_)


def _many(source: Any, inner: Callable[[Any], Iterable[Any]], type_: Type | str = J_ENUMERABLE) -> JEnumerable:
    require(source, "source")
    return JEnumerable(lambda: (found for token in _tokens(source) for found in inner(token)), type_)


def _tokens(source: Iterable[JToken | None]) -> Iterator[JToken]:
    """Yield the tokens of a sequence. Raises NullReferenceException at one that is null."""
    for token in source:
        if token is None:
            raise NullReferenceException
        yield token


@implements(_EXTENSIONS, "Children<T, U>(IEnumerable<T>)", types=True)
def typed_children(types: tuple[Type, ...], source: Any) -> JEnumerable:
    convert = converter(types[-1])
    return _many(source, lambda token: map(convert, token), of_type(types[-1]))


@implements(_EXTENSIONS, "AsJEnumerable(IEnumerable<T>)", types=True)
def typed_as_j_enumerable(types: tuple[Type, ...], source: Any) -> Any:
    return None if source is None else JEnumerable(lambda: iter(source), j_enumerable_of(types[-1]))


implements_all(
    _EXTENSIONS,
    {
        "AsJEnumerable(IEnumerable<JToken>)": lambda source: (
            None if source is None else JEnumerable(lambda: iter(source))
        ),
        "Ancestors": lambda source: _many(source, lambda token: token.ancestors()),
        "AncestorsAndSelf": lambda source: _many(source, lambda token: token.ancestors_and_self()),
        "Descendants": lambda source: _many(source, lambda token: token.descendants()),
        "DescendantsAndSelf": lambda source: _many(source, lambda token: token.descendants_and_self()),
        "Properties": lambda source: _many(source, lambda token: token.properties(), f"{J}JEnumerable<{J}JProperty>"),
        "Children(IEnumerable<T>)": lambda source: _many(source, lambda token: token),
    },
)
