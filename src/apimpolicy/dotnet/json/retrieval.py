"""`Value<T>`, `Values<T>` and the extension methods over sequences of tokens."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.casts import is_instance
from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.collections.trees import of_type
from apimpolicy.dotnet.exceptions import ArgumentException, InvalidCastException, NullReferenceException, require
from apimpolicy.dotnet.json import platform
from apimpolicy.dotnet.json.casts import PRIMITIVES, convert_to
from apimpolicy.dotnet.json.kinds import J_ENUMERABLE, JTOKEN, J, JEnumerable, j_enumerable_of
from apimpolicy.dotnet.json.scalars import JValue
from apimpolicy.dotnet.json.tokens import JToken
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.values import DECIMAL, OBJECT, STRING, type_of, unbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from apimpolicy.dotnet.types import Type

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


@implements(_EXTENSIONS, "AsJEnumerable(IEnumerable<JToken>)")
def as_j_enumerable(source: Any) -> Any:
    return None if source is None else JEnumerable(lambda: iter(source))


@implements(_EXTENSIONS, "AsJEnumerable(IEnumerable<T>)", types=True)
def typed_as_j_enumerable(types: tuple[Type, ...], source: Any) -> Any:
    return None if source is None else JEnumerable(lambda: iter(source), j_enumerable_of(types[-1]))


implements_all(
    _EXTENSIONS,
    {
        "Ancestors": lambda source: _many(source, lambda token: token.ancestors()),
        "AncestorsAndSelf": lambda source: _many(source, lambda token: token.ancestors_and_self()),
        "Descendants": lambda source: _many(source, lambda token: token.descendants()),
        "DescendantsAndSelf": lambda source: _many(source, lambda token: token.descendants_and_self()),
        "Properties": lambda source: _many(source, lambda token: token.properties(), f"{J}JEnumerable<{J}JProperty>"),
        "Children(IEnumerable<T>)": lambda source: _many(source, lambda token: token),
    },
)
