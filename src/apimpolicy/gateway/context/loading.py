"""Contexts from JSON: `{"certs": {name: base64 DER}, "contexts": {name: {...}}}`, as the conformance data has them.

A context has the keys request, response, variables, api, deployment, operation, product, subscription, user,
lastError, requestId, timestamp, tracing, elapsedMs; all may be missing or null. A variable has a `type` and a `value`;
the type is a C# type name or one of JObject, JArray, JToken, XElement, XDocument, IResponse, Jwt, Authorization.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from apimpolicy.checkout import open_text
from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.values import CHAR, FLOAT, box, byte_array, string_array, to_single, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.bodies import parse_json, parse_xml
from apimpolicy.gateway.context.entities import (
    NOT_PUBLISHED,
    PUBLISHED,
    Api,
    Deployment,
    Group,
    Operation,
    PrivateEndpointConnection,
    Product,
    Subscription,
    SubscriptionKeyParameterNames,
    User,
    UserIdentity,
)
from apimpolicy.gateway.context.execution import Context, LastError
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
from apimpolicy.gateway.context.moments import to_date_time, to_guid, to_time_span
from apimpolicy.gateway.context.tokens import Authorization, parse_jwt
from apimpolicy.gateway.context.urls import Url


def load_contexts(path: str | Path) -> dict[str, Callable[[], Context]]:
    """Return the contexts of a file, each as a function that makes a fresh one, since reading a body uses it up.

    Raises ConfigurationError when the file is not of this form.
    """
    try:
        with open_text(path) as file:
            data = json.load(file)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from None
    try:
        certificates = read_certificates(data.get("certs") or {})
        contexts = dict(data["contexts"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{path} is not a file of contexts: {type(error).__name__} {error}") from None
    return {name: functools.partial(_context, path, name, source, certificates) for name, source in contexts.items()}


def read_certificates(certificates: Mapping[str, str]) -> dict[str, Certificate]:
    return {name: Certificate.from_der(base64.b64decode(der)) for name, der in certificates.items()}


def _context(path: str | Path, name: str, source: dict[str, Any], certificates: Mapping[str, Certificate]) -> Context:
    try:
        return context_of(source, certificates)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{path}: context '{name}': {type(error).__name__} {error}") from None


def context_of(source: Mapping[str, Any], certificates: Mapping[str, Certificate]) -> Context:
    """Return one context from its JSON object. Raises KeyError, TypeError or ValueError for one of another form."""
    elapsed = source.get("elapsedMs")
    makers: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "api": _api,
        "operation": lambda given: Operation(**_arguments(given)),
        "product": _product,
        "subscription": _subscription,
        "user": _user,
        "lastError": lambda given: LastError(**{"reason": None, **_arguments(given)}),
    }
    entities = {_snake_case(name): make(source[name]) for name, make in makers.items() if source.get(name)}
    return Context(
        _request(source.get("request") or {}, certificates),
        _response(source["response"]) if source.get("response") else None,
        {name: variable(entry["type"], entry.get("value")) for name, entry in (source.get("variables") or {}).items()},
        **entities,
        deployment=_deployment(source.get("deployment") or {}, certificates),
        request_id=source.get("requestId") or "00000000-0000-0000-0000-000000000000",
        timestamp=source.get("timestamp"),
        elapsed_ticks=None if elapsed is None else round(elapsed * 10_000),
        tracing=bool(source.get("tracing")),
    )


def _snake_case(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _arguments(source: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    """Return the members of a JSON object that are not null as keyword arguments."""
    return {_snake_case(name): value for name, value in source.items() if value is not None and name not in left_out}


def variable(type_name: str, value: Any) -> Any:
    """Return a boxed .NET value from its JSON form. Raises ConfigurationError for a type that is not known."""
    if value is None:
        return None
    make = _VARIABLES.get(type_name)
    if make is not None:
        return make(value)
    if type_name in _INTEGERS:
        return box(named(type_name), int(value))
    raise ConfigurationError(
        f"a variable of type '{type_name}' is not known; known are {', '.join(sorted([*_VARIABLES, *_INTEGERS]))}"
    )


_INTEGERS = ("sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong")

_VARIABLES: dict[str, Callable[[Any], Any]] = {
    "string": lambda value: to_utf16(value),
    "char": lambda value: box(CHAR, value),
    "bool": bool,
    "double": float,
    "float": lambda value: box(FLOAT, to_single(float(value))),
    "decimal": lambda value: Decimal(str(value)),
    "string[]": lambda value: string_array(map(to_utf16, value)),
    "byte[]": lambda value: byte_array(base64.b64decode(value)),
    "DateTime": to_date_time,
    "Guid": to_guid,
    "TimeSpan": lambda value: to_time_span(int(value)),
    "JObject": lambda value: parse_json("JObject", to_utf16(value)),
    "JArray": lambda value: parse_json("JArray", to_utf16(value)),
    "JToken": lambda value: parse_json("JToken", to_utf16(value)),
    "XElement": lambda value: parse_xml("XElement", to_utf16(value)),
    "XDocument": lambda value: parse_xml("XDocument", to_utf16(value)),
    "IResponse": lambda value: _response(value),
    "Jwt": lambda value: parse_jwt(to_utf16(value)),
    "Authorization": lambda value: Authorization(to_utf16(value["accessToken"]), _claims(value.get("claims") or {})),
}


def _claims(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_utf16(value) if isinstance(value, str) else value for name, value in claims.items()}


def _headers(source: Mapping[str, Any]) -> HeaderCollection:
    return HeaderCollection.of(Headers(source.get("headers") or {}))


def _body(source: Mapping[str, Any]) -> bytes:
    return (source.get("body") or "").encode("utf-8", "surrogatepass")


def _request(source: Mapping[str, Any], certificates: Mapping[str, Certificate]) -> RequestMessage:
    original = source.get("originalUrl")
    name = source.get("certificate")
    message = RequestMessage(
        source.get("method") or "GET",
        Url.parse(source.get("url") or "/"),
        headers=_headers(source),
        body=_body(source),
        certificate=certificates[name] if name else None,
        ip_address=source.get("ipAddress") or "127.0.0.1",
        matched_parameters=source.get("matchedParameters") or {},
        original_url=Url.parse(original) if original else None,
        second_read="again",
    )
    if connection := source.get("privateEndpointConnection"):
        message.private_endpoint_connection = PrivateEndpointConnection(**_arguments(connection))
    return message


def _response(source: Mapping[str, Any]) -> ResponseMessage:
    status, reason = source["statusCode"], source.get("statusReason")
    return ResponseMessage(status, reason, headers=_headers(source), body=_body(source), second_read="again")


def _api(source: Mapping[str, Any]) -> Api:
    names = SubscriptionKeyParameterNames(source["keyHeader"], source["keyQuery"])
    return Api(**_arguments(source, "keyHeader", "keyQuery"), subscription_key_parameter_names=names)


def _deployment(source: Mapping[str, Any], certificates: Mapping[str, Certificate]) -> Deployment:
    uploaded = {key: certificates[name] for key, name in (source.get("certificates") or {}).items()}
    return Deployment(**_arguments(source, "certificates"), certificates=uploaded)


def _product(source: Mapping[str, Any]) -> Product:
    return Product(
        **_arguments(source, "state", "subscriptionLimit", "groups", "apis"),
        state=PUBLISHED if source.get("state") == "Published" else NOT_PUBLISHED,
        subscriptions_limit=source.get("subscriptionLimit"),
        groups=_groups(source),
        apis=[_api(api) for api in source.get("apis") or ()],
    )


def _groups(source: Mapping[str, Any]) -> list[Group]:
    return [Group(**_arguments(group)) for group in source.get("groups") or ()]


def _subscription(source: Mapping[str, Any]) -> Subscription:
    return Subscription(**{"created_date": None, **_arguments(source)})


def _user(source: Mapping[str, Any]) -> User:
    given = {"registration_date": None, **_arguments(source, "groups", "identities")}
    identities = [UserIdentity(**_arguments(identity)) for identity in source.get("identities") or ()]
    return User(**given, groups=_groups(source), identities=identities)
