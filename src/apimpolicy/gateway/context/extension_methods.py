"""ContextExtensions: the methods that the gateway adds to dictionaries, strings and byte arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from apimpolicy.csharp.dotnet.casts import cast
from apimpolicy.csharp.dotnet.collections.arrays import default_value
from apimpolicy.csharp.dotnet.costs import FREE
from apimpolicy.csharp.dotnet.cryptography.symmetric import CryptoTransform, SymmetricAlgorithm, create_algorithm
from apimpolicy.csharp.dotnet.environment import assume
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, require
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array, byte_array, from_utf16
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.tokens import BasicAuthCredentials, Jwt, parse_basic, parse_jwt
from apimpolicy.gateway.context.urls import encode_parameters


@implements("ContextExtensions", "GetValueOrDefault(IReadOnlyDictionary<string, string[]>, string, string)", cost=FREE)
def joined_values(dictionary: Any, name: str | None, default: str | None) -> str | None:
    """Return the values of a header, query parameter or claim joined by commas, or the default when it is not there."""
    dictionary = require(dictionary, "d")
    if name is not None and type(dictionary) is HeaderCollection:
        found = dictionary.joined(name)
        return default if found is None else found
    has, values = dictionary.try_get_value(name)
    if not has:
        return default
    return None if values is None else ",".join(value or "" for value in values)


@implements("ContextExtensions", "GetValueOrDefault(IReadOnlyDictionary<string, string[]>, string)", cost=FREE)
def joined_values_or_null(dictionary: Any, name: str | None) -> str | None:
    return joined_values(dictionary, name, None)


@implements("DictionaryExtensions", "GetValueOrDefault", cost=FREE)
@implements("ContextExtensions", "GetValueOrDefault(IReadOnlyDictionary<string, string>, string, string)", cost=FREE)
def text_or_default(dictionary: Any, name: str | None, default: str | None) -> str | None:
    dictionary = require(dictionary, "d")
    has, value = dictionary.try_get_value(name)
    return value if has else default


@implements(
    "ContextExtensions", "GetValueOrDefault(IReadOnlyDictionary<string, object>, string, T)", types=True, cost=FREE
)
def variable_or_default(types: tuple[Type, ...], dictionary: Any, name: str | None, default: Any) -> Any:
    """Return the variable cast to T. Raises InvalidCastException when it is of another type (documented)."""
    dictionary = require(dictionary, "d")
    has, value = dictionary.try_get_value(name)
    return cast(value, types[-1]) if has else default


@implements(
    "ContextExtensions", "GetValueOrDefault<T>(IReadOnlyDictionary<string, object>, string)", types=True, cost=FREE
)
def variable_or_nothing(types: tuple[Type, ...], dictionary: Any, name: str | None) -> Any:
    return variable_or_default(types, dictionary, name, default_value(types[-1]))


@implements("ContextExtensions", "AsBasic")
def as_basic(text: str | None) -> BasicAuthCredentials | None:
    return parse_basic(text)


@implements("ContextExtensions", "TryParseBasic")
def try_parse_basic(text: str | None) -> tuple[bool, BasicAuthCredentials | None]:
    found = parse_basic(text)
    return found is not None, found


@implements("ContextExtensions", "AsJwt")
def as_jwt(text: str | None) -> Jwt | None:
    return parse_jwt(text)


@implements("ContextExtensions", "TryParseJwt")
def try_parse_jwt(text: str | None) -> tuple[bool, Jwt | None]:
    found = parse_jwt(text)
    return found is not None, found


@implements("ContextExtensions", "ToQueryString")
def to_query_string(form: Any) -> str:
    """`a=1&a=2&b=x%20y`, without a leading question mark."""
    form = require(form, "form")
    query = encode_parameters((pair.key, (value or "" for value in pair.value or ())) for pair in form)
    if "%20" in query:
        assume("ToQueryString writes a space as %20")
    return query


@implements("ContextExtensions", "ToFormUrlEncodedContent")
def to_form_url_encoded_content(form: Any) -> str:
    """`a=1&a=2&b=x+y`"""
    form = require(form, "form")
    return "&".join(
        f"{_form_encoded(pair.key)}={_form_encoded(value or '')}" for pair in form for value in pair.value or ()
    )


def _form_encoded(text: str) -> str:
    return quote_plus(from_utf16(text), safe="-_.~")


def _register(method: str, create: Callable[..., CryptoTransform]) -> None:
    """Register the overloads of `Encrypt` or `Decrypt`: an algorithm or its name, with its own key or a given one."""

    def transform(data: Array | None, algorithm: SymmetricAlgorithm | None, *key_and_iv: Array | None) -> Array:
        algorithm = require(algorithm, "alg")
        made = create(algorithm, *(key_and_iv or (algorithm.key(), algorithm.iv())))
        return byte_array(made.apply(bytes(require(data, "input"))))

    def by_name(data: Array | None, name: str | None, key: Array | None, iv: Array | None) -> Array:
        return transform(data, _algorithm(name), key, iv)

    implements("ContextExtensions", f"{method}(byte[], string, byte[], byte[])")(by_name)
    implements("ContextExtensions", f"{method}(byte[], SymmetricAlgorithm, byte[], byte[])")(transform)
    implements("ContextExtensions", f"{method}(byte[], SymmetricAlgorithm)")(transform)


_register("Encrypt", SymmetricAlgorithm.create_encryptor_with)
_register("Decrypt", SymmetricAlgorithm.create_decryptor_with)


def _algorithm(name: str | None) -> SymmetricAlgorithm:
    found = create_algorithm(name)
    if found is None:
        raise ArgumentException("alg")
    return found
