"""Credentials and tokens as expressions see them: Jwt, BasicAuthCredentials, Authorization. Read, never verified.

As JSON they have their documented members in the documented order; that is our choice, no document shows their JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.cryptography.issuing import date_time
from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS, assume
from apimpolicy.csharp.dotnet.registry import dotnet_class, member
from apimpolicy.csharp.dotnet.types import array_of
from apimpolicy.csharp.dotnet.values import OBJECT, STRING, string_array, to_utf16

MAXIMUM_LENGTH = 1_048_576
"""Characters in a token; longer ones are not read."""
_MAXIMUM_SECONDS = 253_402_300_799


@dotnet_class("BasicAuthCredentials", members="UserId Password", is_json=True)
class BasicAuthCredentials:
    def __init__(self, user_id: str | None = None, password: str | None = None) -> None:
        self.user_id = user_id
        self.password = password

    @staticmethod
    @member("new")
    def create() -> BasicAuthCredentials:
        return BasicAuthCredentials()


def parse_basic(header: str | None) -> BasicAuthCredentials | None:
    """Return the credentials of an Authorization header, None when it is no valid `Basic` one."""
    scheme, _, encoded = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    user, colon, password = text.partition(":")
    if ":" in password:
        assume("AsBasic ends the user name at the first colon, as RFC 7617 does")
    return BasicAuthCredentials(to_utf16(user), to_utf16(password)) if colon else None


@dotnet_class("Authorization", members="AccessToken Claims", is_json=True)
class Authorization:
    """The result of get-authorization-context; the claims are boxed .NET values."""

    def __init__(self, access_token: str | None, claims: Mapping[str, Any] | Dictionary) -> None:
        self.access_token = access_token
        self.claims = claims
        if not isinstance(claims, Dictionary):
            self.claims = Dictionary((STRING, OBJECT))
            for name, value in claims.items():
                self.claims.set_item(to_utf16(name), value)

    @staticmethod
    @member("new")
    def create(access_token: str | None, claims: Any) -> Authorization:
        return Authorization(access_token, claims)


@dotnet_class(
    "Jwt", members="Id Algorithm Issuer Subject Type Audiences Claims ExpirationTime NotBefore IssuedAt", is_json=True
)
class Jwt:
    """A JSON Web Token. `header` and `payload` are its decoded JSON objects; `claims` has every claim as texts."""

    def __init__(self, header: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        self.header = header
        self.payload = payload
        self.algorithm = _only_text(header.get("alg"))
        self.type = _only_text(header.get("typ"))
        self.claims = Dictionary((STRING, array_of(STRING)))
        for name, value in payload.items():
            self.claims.set_item(to_utf16(name), string_array(claim_texts(value)))
        self.id = self._first("jti")
        self.issuer = self._first("iss")
        self.subject = self._first("sub")
        self.audiences = string_array(claim_texts(payload["aud"]) if "aud" in payload else ())
        self.expiration_time = _time(payload.get("exp"))
        self.not_before = _time(payload.get("nbf"))
        self.issued_at = _time(payload.get("iat"))

    @staticmethod
    @member("new")
    def create() -> Jwt:
        return Jwt({}, {})

    def _first(self, name: str) -> str | None:
        """Return a claim as one text; an array or an object as its JSON, as Microsoft.IdentityModel has it."""
        value = self.payload.get(name)
        return None if value is None else _claim_text(value)


class JsonNumber(str):
    """A JSON number as it was written."""

    __slots__ = ()


def parse_jwt(text: str | None) -> Jwt | None:
    """Return the token in a text, with or without a leading `Bearer `; None when it is no JWT. Nothing is verified."""
    token = (text or "").strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    parts = token.split(".", 3)
    if len(parts) != 3 or not parts[0] or not parts[1] or len(token) > MAXIMUM_LENGTH:
        return None
    try:
        header, payload = (
            json.loads(text, parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_refuse)
            for text in map(_decoded, parts[:2])
        )
        return Jwt(header, payload) if isinstance(header, dict) and isinstance(payload, dict) else None
    except (ValueError, RecursionError):
        return None


def claim_texts(value: Any) -> list[str]:
    """Return a claim as the texts that `Claims` shows: one for each element of an array.

    >>> claim_texts(["reader", True, {"a": Number("1.50")}])
    ['reader', 'true', '{"a":1.50}']
    """
    return [_claim_text(item) for item in value] if isinstance(value, list) else [_claim_text(value)]


def _claim_text(value: Any) -> str:
    if isinstance(value, str):
        return to_utf16(str(value))
    return to_utf16(_compact(value))


def _compact(value: Any) -> str:
    if isinstance(value, JsonNumber):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _only_text(value: Any) -> str | None:
    return to_utf16(value) if isinstance(value, str) else None


def _time(value: Any) -> Any:
    """Return a DateTime in UTC from seconds since 1970, None when there are none."""
    if not isinstance(value, JsonNumber):
        return None
    seconds = float(value)
    if not 0 <= seconds <= _MAXIMUM_SECONDS:
        return None
    return date_time(UNIX_EPOCH_TICKS + int(seconds) * 10_000_000)


def _decoded(part: str) -> str:
    if not part.isascii() or not part.replace("-", "a").replace("_", "a").isalnum():
        raise ValueError(part)
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
