"""Doubles of identity services: what they publish and issue, and how a gateway uses them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from apimpolicy import (
    Authorizations,
    ConfigurationError,
    EntraTenant,
    FixedClock,
    Gateway,
    ManagedIdentity,
    OpenIdDocuments,
    OpenIdProvider,
    Request,
    Result,
    TokenKey,
)
from apimpolicy.gateway.context.tokens import parse_jwt
from apimpolicy.gateway.engine.managed_identity import AccessToken, TokenRequest
from apimpolicy.testing.authority import self_signed

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
NOON_SECONDS = 1_767_268_800
URL = "https://login.example/.well-known/openid-configuration"
POLICY = """<policies><inbound><base /><validate-jwt header-name="Authorization">
    <openid-config url="https://login.example/.well-known/openid-configuration" />
</validate-jwt></inbound></policies>"""
IDENTITY = """<policies><inbound><base />
    <authentication-managed-identity resource="api://orders" />
</inbound></policies>"""


def call(gateway: Gateway, token: str, policy: str = POLICY) -> Result:
    return gateway.run(policy, Request("GET", "/orders", headers={"Authorization": f"Bearer {token}"}))


def claims(token: str) -> dict[str, Any]:
    parsed = parse_jwt(token)
    assert parsed is not None
    return dict(parsed.payload)


@pytest.fixture(scope="module")
def key() -> TokenKey:
    return TokenKey("ES256")


def test_tokens_are_issued_at_the_gateways_time() -> None:
    login = OpenIdProvider("https://login.example", algorithm="ES256")
    clock = FixedClock(NOON)
    gateway = Gateway(now=clock, openid_providers=login)
    token = login.token("orders", expires_in=60)
    assert claims(token) == {
        "iss": "https://login.example",
        "sub": "user",
        "aud": "orders",
        "iat": str(NOON_SECONDS),
        "nbf": str(NOON_SECONDS),
        "exp": str(NOON_SECONDS + 60),
    }
    assert call(gateway, token).response.status_code == 200
    clock.advance(61)
    assert call(gateway, token).error.reason == "TokenExpired"  # type: ignore[union-attr]
    assert call(gateway, login.token()).response.status_code == 200


def test_a_provider_with_a_time_of_its_own_keeps_it() -> None:
    login = OpenIdProvider("https://login.example", algorithm="ES256", now=NOON - datetime.timedelta(days=1))
    gateway = Gateway(now=NOON, openid_providers=[login])
    assert call(gateway, login.token()).error.reason == "TokenExpired"  # type: ignore[union-attr]


def test_claims_replace_others_and_may_be_left_out() -> None:
    login = OpenIdProvider("https://login.example", algorithm="ES256", audience=["a", "b"], claims={"roles": ["x"]})
    found = claims(login.token(claims={"roles": [], "sub": None, "iat": 7}, expires_in=None))
    assert (found["aud"], found["roles"], found["iat"]) == (["a", "b"], [], "7")
    assert not {"sub", "exp"} & found.keys()


def test_what_a_real_provider_published(key: TokenKey) -> None:
    jwks = "https://login.example/keys"
    documents = OpenIdDocuments(
        {URL: json.dumps({"issuer": "https://login.example", "jwks_uri": jwks}), jwks: {"keys": [key.jwk]}}
    )
    gateway = Gateway(now=NOON, openid_providers=[documents])
    token = key.sign({"iss": "https://login.example", "exp": NOON_SECONDS})
    assert call(gateway, token).response.status_code == 200
    assert documents.requests == [URL, jwks]


@pytest.mark.parametrize(
    ("configuration", "keys", "words"),
    [
        ("no JSON", {}, f"{URL} is not JSON"),
        (b"[]", {}, f"{URL} is not a JSON object"),
        ("[" * 100_000, {}, f"{URL} is not JSON"),
        ({}, {}, "the configuration has no jwks_uri"),
        ({"jwks_uri": "k"}, {}, "k has no keys"),
        ({"jwks_uri": "k"}, {"keys": 1}, "k has no keys"),
        ({"jwks_uri": "k"}, {"keys": ["x", {"kty": "oct"}]}, "the keys are none"),
    ],
)
def test_documents_that_are_not_as_they_should_be(configuration: Any, keys: Any, words: str, key: TokenKey) -> None:
    gateway = Gateway(now=NOON, openid_providers=OpenIdDocuments({URL: configuration, "k": keys}))
    error = call(gateway, key.sign({"exp": NOON_SECONDS})).error
    assert error is not None
    assert error.reason == "TokenSignatureKeyNotFound"
    assert words in error.message


def test_an_issuer_that_is_not_published_is_not_checked(key: TokenKey) -> None:
    documents = OpenIdDocuments({URL: {"jwks_uri": "k"}, "k": {"keys": [key.jwk]}})
    token = key.sign({"iss": "anybody", "exp": NOON_SECONDS})
    assert call(Gateway(now=NOON, openid_providers=documents), token).response.status_code == 200


def test_no_provider_fails_by_name_each_time() -> None:
    gateway = Gateway(now=NOON)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"nothing answers for https://login\.example/.*openid_providers"):
            call(gateway, TokenKey("ES256").sign({}))


def test_another_provider_is_named() -> None:
    gateway = Gateway(now=NOON, openid_providers=[OpenIdProvider("https://login.example/v2"), EntraTenant()])
    with pytest.raises(ConfigurationError) as raised:
        call(gateway, TokenKey("ES256").sign({}))
    assert str(raised.value) == (
        f"nothing answers for {URL}: pass an OpenIdProvider, an EntraTenant or OpenIdDocuments that does to"
        " Gateway(openid_providers=[…]), or add to apimpolicy.toml, below [openid-providers.login]:"
        ' issuer = "https://…"; those there answer for'
        " https://login.example/v2/.well-known/openid-configuration, https://login.example/v2/.well-known/jwks.json,"
        f" {EntraTenant().url(2)}, {EntraTenant().url(1)}"
    )


def test_a_configuration_without_its_keys_fails_by_name(key: TokenKey) -> None:
    documents = OpenIdDocuments({URL: {"jwks_uri": "https://login.example/keys"}})
    with pytest.raises(ConfigurationError, match=r"nothing answers for https://login\.example/keys"):
        call(Gateway(now=NOON, openid_providers=documents), key.sign({}))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"openid_providers": [1]}, "openid_providers are objects with a method `document`, not int"),
        ({"managed_identity": "token"}, "managed_identity is an object with a method `token`, not str"),
        ({"authorizations": {}}, "authorizations is an object with a method `connection`, not dict"),
    ],
)
def test_what_is_no_double(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Gateway(**setting)
    assert str(raised.value) == words


def test_keys_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="'XS256' signs no tokens"):
        TokenKey("XS256")
    with pytest.raises(ConfigurationError, match="is not a secret"):
        _ = TokenKey("ES256").base64
    with pytest.raises(ConfigurationError, match="has no private key to sign with"):
        TokenKey.of(type(self_signed("a")).from_der(self_signed("a").raw))
    with pytest.raises(ConfigurationError, match="16, 24, 32, 48 or 64 bytes, not 5"):
        OpenIdProvider("https://login.example", algorithm="ES256").token(encrypted_for=b"short")


def test_the_id_of_a_key() -> None:
    assert len(TokenKey("ES256").id) == 16
    assert TokenKey("ES256", id="mine").jwk["kid"] == "mine"
    assert "kid" not in TokenKey("ES256", id="").jwk
    assert TokenKey("HS256").id == ""
    assert TokenKey("none").sign({"a": 1}).endswith(".eyJhIjoxfQ.")


def test_the_documents_of_a_tenant() -> None:
    tenant = EntraTenant("22222222-2222-3333-4444-555555555555", domain="contoso.onmicrosoft.com")
    home = "https://login.microsoftonline.com/22222222-2222-3333-4444-555555555555"
    assert tenant.url() == f"{home}/v2.0/.well-known/openid-configuration"
    for name in ("22222222-2222-3333-4444-555555555555", "Contoso.onmicrosoft.com"):
        document = tenant.document(f"https://login.microsoftonline.com/{name}/v2.0/.well-known/openid-configuration")
        assert document is not None
        assert (document["issuer"], document["jwks_uri"]) == (f"{home}/v2.0", f"{home}/discovery/v2.0/keys")
    first = tenant.document(tenant.url(1))
    assert first is not None
    assert first["issuer"] == "https://sts.windows.net/22222222-2222-3333-4444-555555555555/"
    assert tenant.document(str(first["jwks_uri"])) == tenant.jwks
    assert tenant.document("https://login.microsoftonline.com/other/.well-known/openid-configuration") is None
    assert tenant.document("https://login.microsoftonline.com/common/oauth2/token") is None
    assert tenant.document("https://elsewhere.example/common/.well-known/openid-configuration") is None
    with pytest.raises(ConfigurationError, match="the version of a token is 1 or 2"):
        tenant.token("a", version=3)


def test_tokens_of_a_tenant() -> None:
    tenant = EntraTenant(client_id="app")
    second, first = claims(tenant.token("api://orders")), claims(tenant.token("api://orders", version=1))
    assert (second["azp"], second["ver"], second["tid"], second["aud"]) == ("app", "2.0", tenant.id, "api://orders")
    assert (first["appid"], first["ver"], first["iss"]) == ("app", "1.0", f"https://sts.windows.net/{tenant.id}/")


@pytest.mark.parametrize("version", [1, 2])
def test_the_configuration_of_a_version_is_for_its_tokens(version: int) -> None:
    tenant = EntraTenant()
    gateway = Gateway(now=NOON, openid_providers=tenant)
    policy = POLICY.replace(URL, tenant.url(version))
    assert call(gateway, tenant.token(version=version), policy).response.status_code == 200
    error = call(gateway, tenant.token(version=3 - version), policy).error
    assert error is not None
    assert error.reason == "TokenIssuerNotAllowed"


def test_a_managed_identity_of_ones_own() -> None:
    class Constant:
        def token(self, resource: str, client_id: str | None) -> AccessToken:
            return AccessToken(f"{resource} {client_id}", 60)

    seen: list[str | None] = []
    gateway = Gateway(managed_identity=Constant())
    result = gateway.run(IDENTITY, "/orders")
    seen += [request.headers.get("Authorization") for request in result.backend_requests]
    assert seen == ["Bearer api://orders None"]


def test_what_an_identity_was_asked_for() -> None:
    tenant = EntraTenant()
    identity = ManagedIdentity(tenant, refuses={"api://stock": "no"})
    gateway = Gateway(now=NOON, managed_identity=identity, openid_providers=[tenant])
    (request,) = gateway.run(IDENTITY, "/orders").backend_requests
    (asked,) = identity.requests
    assert asked == TokenRequest("api://orders", None, asked.token)
    assert request.headers.get("Authorization") == f"Bearer {asked.token}"
    assert claims(asked.token or "")["exp"] == str(NOON_SECONDS + 86_400)
    assert gateway.run(IDENTITY.replace("orders", "stock"), "/orders").response.status_code == 500
    assert identity.requests[1:] == [TokenRequest("api://stock", None, None)]


def test_a_token_that_one_gateway_gets_passes_the_other() -> None:
    """The round trip: an identity's token, checked by validate-azure-ad-token behind."""
    tenant = EntraTenant()
    behind = Gateway(now=NOON, openid_providers=[tenant])
    checks = f"""<policies><inbound><base /><validate-azure-ad-token tenant-id="{tenant.id}">
        <audiences><audience>api://orders</audience></audiences>
    </validate-azure-ad-token></inbound></policies>"""
    front = Gateway(
        now=NOON, managed_identity=ManagedIdentity(tenant), backend=lambda request: behind.run(checks, request).response
    )
    assert front.run(IDENTITY, "/orders").response.status_code == 200
    assert front.run(IDENTITY.replace("orders", "stock"), "/orders").response.status_code == 401


def test_claims_of_a_connection_arrive_as_net_values() -> None:
    authorizations = Authorizations()
    given = {
        "text": "a",
        "yes": True,
        "many": 1 << 40,
        "half": 0.5,
        "list": ["a", "b"],
        "object": {"a": [1]},
        "no": None,
    }
    authorizations.add("p", "c", access_token="t", claims=given)
    names = "\n".join(f'<value>@(Claim("{name}"))</value>' for name in given)
    policy = f"""<policies><inbound><base />
        <get-authorization-context provider-id="P" authorization-id="C" context-variable-name="it" />
        <set-header name="X" exists-action="override">{names}</set-header></inbound></policies>"""
    for name in given:
        code = f'(((Authorization)context.Variables["it"]).Claims["{name}"]?.GetType().ToString() ?? "null")'
        policy = policy.replace(f'Claim("{name}")', code)
    (request,) = Gateway(authorizations=authorizations).run(policy, "/x").backend_requests
    kinds = "System.String System.Boolean System.Int64 System.Double System.String[] System.String null"
    assert request.headers.get("X") == ", ".join(kinds.split())


def test_no_connections_fail_by_name() -> None:
    policy = """<policies><inbound><get-authorization-context provider-id="p" authorization-id="c"
        context-variable-name="it" ignore-error="true" /></inbound></policies>"""
    with pytest.raises(ConfigurationError, match=r"'c' of 'p' in: pass Gateway\(authorizations=Authorizations\(\)\)"):
        Gateway().run(policy, "/x")
