"""Jwt, BasicAuthCredentials and the variables' GetValueOrDefault."""

from __future__ import annotations

import base64
import json

import pytest

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.exceptions import InvalidCastException, NullReferenceException
from apimpolicy.csharp.dotnet.json.serialization import to_token
from apimpolicy.csharp.dotnet.json.tokens import write
from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.values import OBJECT, STRING, Int64
from apimpolicy.gateway.context.execution import LastError
from apimpolicy.gateway.context.extension_methods import (
    as_basic,
    as_jwt,
    joined_values,
    try_parse_basic,
    try_parse_jwt,
    variable_or_default,
    variable_or_nothing,
)


def encoded(data):
    raw = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def token(payload, header=None):
    return f"{encoded(header or {'alg': 'HS256', 'typ': 'JWT'})}.{encoded(payload)}.c2ln"


PAYLOAD = {
    "iss": "https://idp.contoso.example/",
    "sub": "user-42",
    "aud": ["api://orders", "api://billing"],
    "jti": "jwt-0001",
    "roles": ["reader", "writer"],
    "email_verified": True,
    "level": 3,
    "nothing": None,
    "address": {"city": "Zürich", "zip": [8000, 1.50]},
    "name": "Zoë",
}


def test_json_has_the_documented_members() -> None:
    jwt = as_jwt(token({"sub": "a", "aud": "b", "roles": ["x", "y"], "exp": 1_700_000_000}))
    assert write(to_token(jwt), indented=False) == (
        '{"Id":null,"Algorithm":"HS256","Issuer":null,"Subject":"a","Type":"JWT","Audiences":["b"],'
        '"Claims":{"sub":["a"],"aud":["b"],"roles":["x","y"],"exp":["1700000000"]},'
        '"ExpirationTime":"2023-11-14T22:13:20Z","NotBefore":null,"IssuedAt":null}'
    )
    assert write(to_token(as_basic("Basic YTpi")), indented=False) == '{"UserId":"a","Password":"b"}'
    error = LastError("set-body", None, "m", scope="api", section="inbound", path="set-body[1]")
    assert write(to_token(error), indented=False) == (
        '{"Source":"set-body","Reason":null,"Message":"m","Scope":"api","Section":"inbound","Path":"set-body[1]",'
        '"PolicyId":null}'
    )


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer  "])
def test_tokens(prefix):
    jwt = as_jwt(prefix + token(PAYLOAD))
    assert (jwt.issuer, jwt.subject, jwt.id) == ("https://idp.contoso.example/", "user-42", "jwt-0001")
    assert (jwt.algorithm, jwt.type) == ("HS256", "JWT")
    assert list(jwt.audiences) == ["api://orders", "api://billing"]
    assert list(jwt.claims.keys) == list(PAYLOAD)
    assert joined_values(jwt.claims, "roles", "") == "reader,writer"
    assert joined_values(jwt.claims, "nope", "x") == "x"
    assert list(jwt.claims.get_item("email_verified")) == ["true"]
    assert list(jwt.claims.get_item("level")) == ["3"]
    assert list(jwt.claims.get_item("address")) == ['{"city":"Zürich","zip":[8000,1.5]}']
    assert (jwt.expiration_time, jwt.not_before, jwt.issued_at) == (None, None, None)


def test_a_single_audience():
    assert list(as_jwt(token({"aud": "one"})).audiences) == ["one"]
    assert list(as_jwt(token({})).audiences) == []
    assert as_jwt(token({})).subject is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "a.b.c",
        "a.b",
        "..",
        "Bearer ",
        "é.é.é",
        f"{encoded({})}.{encoded([])}.x",
        f"{encoded({})}.{encoded(b'nonsense')}.x",
        f"{encoded({})}.{encoded(b'{' * 100_000)}.x",
        f"{encoded({})}.{encoded(b'[' * 100_000 + b']' * 100_000)}.x",
        f'{encoded({})}.{encoded(b"""{"a":NaN}""")}.x',
        f"{encoded({})}.{encoded({})}.x.y",
        f"{encoded({})}.{encoded({})}." + "x" * 2_000_000,
    ],
)
def test_what_is_no_token(text):
    assert as_jwt(text) is None
    assert try_parse_jwt(text) == (False, None)


@pytest.mark.parametrize(
    ("text", "user", "password"),
    [
        ("Basic dXNlcjpwYXNz", "user", "pass"),
        ("basic  dXNlcjpw", "user", "p"),
        ("Basic YWRhOnBAc3M6d8O2cmQ=", "ada", "p@ss:wörd"),
    ],
)
def test_basic_credentials(text, user, password):
    found = as_basic(text)
    assert (found.user_id, found.password) == (user, password)
    assert try_parse_basic(text)[0]


@pytest.mark.parametrize("text", [None, "", "Basic", "Basic !!!", "Basic dXNlcg==", "Bearer dXNlcjpw", "dXNlcjpw"])
def test_what_are_no_basic_credentials(text):
    assert as_basic(text) is None
    assert try_parse_basic(text) == (False, None)


@pytest.fixture
def variables():
    made = Dictionary((STRING, OBJECT))
    for name, value in {"num": 42, "big": Int64(9), "text": "x", "nothing": None}.items():
        made.set_item(name, value)
    return made


def test_variables(variables):
    types = {name: (parse(name),) for name in ("int", "long", "string", "object", "bool", "int?")}
    assert variable_or_default(types["int"], variables, "num", 7) == 42
    assert variable_or_nothing(types["int"], variables, "nope") == 0
    assert variable_or_nothing(types["bool"], variables, "nope") is False
    assert variable_or_nothing(types["string"], variables, "nope") is None
    assert variable_or_nothing(types["int?"], variables, "nope") is None
    assert variable_or_nothing(types["string"], variables, "nothing") is None
    assert type(variable_or_nothing(types["long"], variables, "big")) is int
    assert type(variable_or_nothing(types["object"], variables, "big")) is Int64
    for name, source, target in (("string", "System.Int32", "System.String"), ("long", "System.Int32", "System.Int64")):
        with pytest.raises(InvalidCastException) as caught:
            variable_or_nothing(types[name], variables, "num")
        assert caught.value.message == f"Unable to cast object of type '{source}' to type '{target}'."
    with pytest.raises(NullReferenceException):
        variable_or_nothing(types["int"], variables, "nothing")
