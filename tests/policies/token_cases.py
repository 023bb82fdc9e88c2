"""Cases of policies about tokens and identities: who issues tokens, what a request brings, and what was asked for.

Settings: `openid_providers` are the arguments of `OpenIdProvider`, `entra_tenants` those of `EntraTenant` (they come
behind the providers), `managed_identity` those of `ManagedIdentity`, `authorizations` a list of the arguments of
`Authorizations.add`. Policies know `{{rsa-n}}`, `{{rsa-e}}` (the first RSA key of a provider).

A request with `token` brings one: the arguments of `token(…)`, and `of` (number of the issuer, 0 is the first),
`signed_with` ("stranger": another key, "impostor": another key under the right id, "none", or a table of `algorithm`,
`secret`, `certificate`, `id`), `encrypted_for` (name of a certificate, or a secret), `header` (Authorization), `scheme`
(Bearer), `query` (the parameter that has it instead), `cut` (characters taken off the end), `expires` false: no `exp`.

A step may `rotate` the keys of the first issuer ("keep" or "drop" the old ones), and set whether it is `reachable`.

Expected: `asked`, the URLs that issuers were asked for in this step; `identity_requests`, "resource client-id";
`connections`, "provider/connection for object-id": all there are of the gateway so far.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from apimpolicy import Authorizations, EntraTenant, Gateway, ManagedIdentity, OpenIdProvider, TokenKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy import Certificate
    from apimpolicy.engine.token_issuer import TokenIssuer


@functools.cache
def key_of(issuer: str, algorithm: str) -> TokenKey:
    """The same key in all cases: making one takes time."""
    return TokenKey(algorithm)


def identity_settings(settings: dict[str, Any]) -> None:
    """Put what the gateway takes where tables are."""
    issuers: list[Any] = [OpenIdProvider(**table) for table in settings.pop("openid_providers", ())]
    issuers += [EntraTenant(**table) for table in settings.pop("entra_tenants", ())]
    for issuer in issuers:
        issuer.keys = [key_of(repr(issuer), issuer.algorithm)]
        if issuer.algorithm == "RS256":
            values = {"rsa-n": issuer.key.n, "rsa-e": issuer.key.e}
            settings["named_values"] = values | settings.get("named_values", {})
    settings["openid_providers"] = issuers
    if "managed_identity" in settings:
        identity = settings["managed_identity"] = ManagedIdentity(**settings["managed_identity"])
        identity.tenant.keys = [key_of("managed", "RS256")]
    if "authorizations" in settings:
        authorizations = Authorizations()
        for table in settings["authorizations"]:
            authorizations.add(**table)
        settings["authorizations"] = authorizations


def issuers_of(gateway: Gateway) -> list[Any]:
    return list(gateway.services.identities.openid.sources)


def with_token(given: dict[str, Any], gateway: Gateway, certificate: Callable[[str], Certificate]) -> dict[str, Any]:
    """The request with its token in a header or in the query."""
    if "token" not in given:
        return given
    given = dict(given)
    wishes = dict(given.pop("token"))
    issuer = issuers_of(gateway)[wishes.pop("of", 0)]
    header, scheme = wishes.pop("header", "Authorization"), wishes.pop("scheme", "Bearer")
    query, cut = wishes.pop("query", None), wishes.pop("cut", 0)
    if not wishes.pop("expires", True):
        wishes["expires_in"] = None
    if "signed_with" in wishes:
        wishes["signed_with"] = signing_key(wishes["signed_with"], issuer, certificate)
    if "encrypted_for" in wishes:
        recipient = wishes["encrypted_for"]
        wishes["encrypted_for"] = certificate(recipient) if len(recipient) < 16 else recipient.encode()
    token = issuer.token(**wishes)
    token = token[: len(token) - cut]
    if query is not None:
        given["url"] = f"{given.get('url', 'https://contoso.example/orders')}?{query}={token}"
    else:
        given["headers"] = {**given.get("headers", {}), header: f"{scheme} {token}".strip()}
    return given


def signing_key(wish: Any, issuer: TokenIssuer, certificate: Callable[[str], Certificate]) -> TokenKey:
    if wish == "none":
        return TokenKey("none")
    if isinstance(wish, str):
        other = key_of(wish, issuer.algorithm)
        return other if wish == "stranger" else TokenKey(issuer.algorithm, id=issuer.key.id, private_key=private(other))
    wish = dict(wish)
    if "certificate" in wish:
        return TokenKey.of(certificate(wish.pop("certificate")), **wish)
    return TokenKey(**{**wish, "secret": wish["secret"].encode()})


def private(key: TokenKey) -> Any:
    return key._key.private_key


def prepare_issuers(step: dict[str, Any], gateway: Gateway) -> None:
    for issuer in issuers_of(gateway)[:1]:
        if "rotate" in step:
            issuer.rotate(keep_old=step["rotate"] == "keep")
        issuer.is_reachable = step.get("reachable", issuer.is_reachable)
    for issuer in issuers_of(gateway):
        issuer.requests.clear()


def check_identities(gateway: Gateway, expect: dict[str, Any]) -> None:
    identities = gateway.services.identities
    if "asked" in expect:
        assert [url for issuer in issuers_of(gateway) for url in issuer.requests] == expect["asked"]
    if "identity_requests" in expect:
        assert isinstance(identities.managed_identity, ManagedIdentity)
        requests = identities.managed_identity.requests
        seen = [f"{request.resource} {request.client_id or '-'}" for request in requests]
        assert seen == expect["identity_requests"]
    if "connections" in expect:
        assert isinstance(identities.authorizations, Authorizations)
        asked = identities.authorizations.requests
        names = [f"{one.provider_id}/{one.authorization_id} for {one.object_id}" for one in asked]
        assert names == expect["connections"]
