"""Issuers of tokens as tests have them, at the simulated time: OpenID providers and tenants of Microsoft Entra ID.

OpenID providers as tests have them: they publish a configuration and keys, and issue tokens.

    login = OpenIdProvider("https://login.contoso.example", audience="orders")
    gateway = Gateway(openid_providers=[login])

    login.token(claims={"roles": ["reader"]})         valid for an hour from the gateway's now
    login.token(expires_in=-60)                       expired a minute ago
    login.token(audience="other")                     for another audience
    login.token(signed_with=TokenKey())               signed with an unpublished key
    login.token(signed_with=TokenKey("none"))         not signed

Any object with `document(url)` can replace it, such as `OpenIdDocuments` with what a real provider published.

A tenant of Microsoft Entra ID as tests have it: what it publishes, and its tokens of version 1.0 and 2.0.

    tenant = EntraTenant("11111111-2222-3333-4444-555555555555", domain="contoso.onmicrosoft.com")
    gateway = Gateway(openid_providers=[tenant])
    tenant.token("api://orders", client_id="…", claims={"roles": ["Orders.Read"]})
    tenant.token("api://orders", version=1)

It has documents for its id, its domain, `common` and `organizations`, with and without `/v2.0`. Real tokens
have more claims than these, which policies read: iss, aud, sub, oid, tid, ver, and azp or appid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.services import SimulatedTime, clock_of
from apimpolicy.gateway.engine.token_keys import TokenKey, encrypted

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.engine.services import Now

_shared: dict[tuple[str, str], TokenKey] | None = None


@contextmanager
def shared_keys() -> Iterator[None]:
    """Give issuers of the same name the same first key, so that gateways that are compared issue the same tokens."""
    global _shared
    before, _shared = _shared, {}
    try:
        yield
    finally:
        _shared = before


def first_key(algorithm: str, name: str) -> TokenKey:
    """Return a new key; inside of `shared_keys` the same one for the same name."""
    return TokenKey(algorithm) if _shared is None else _shared.setdefault((algorithm, name), TokenKey(algorithm))


class TokenIssuer:
    """Keys that are published, of which the newest signs. Its time is that of the gateway it is passed to, unless
    it has another `now`. `name` tells issuers apart (`shared_keys`).
    """

    def __init__(self, algorithm: str, now: Now = None, name: str = "") -> None:
        self.name = name
        self.algorithm = algorithm
        self.keys: list[TokenKey] = [first_key(algorithm, name)]
        self.requests: list[str] = []
        self.is_reachable = True
        self._own_clock = now is not None
        self._time = SimulatedTime(clock_of(now))

    @property
    def key(self) -> TokenKey:
        """Return the key that signs now."""
        return self.keys[-1]

    def rotate(self, *, keep_old: bool = True) -> TokenKey:
        """Sign with a new key from now on; the old ones stay published unless `keep_old` is false."""
        new = TokenKey(self.algorithm)
        self.keys = [*self.keys, new] if keep_old else [new]
        return new

    def use_time(self, time: SimulatedTime) -> None:
        """Issue tokens at this time: a gateway calls this for its issuers."""
        if not self._own_clock:
            self._time = time

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return (self._time.ticks() - UNIX_EPOCH_TICKS) // TICKS_PER_SECOND

    @property
    def jwks(self) -> dict[str, object]:
        """Return the published keys as a JSON Web Key Set."""
        return {"keys": [key.jwk for key in self.keys if key.is_published]}

    def issued(
        self,
        payload: Mapping[str, object],
        *,
        expires_in: float | None,
        starts_in: float,
        signed_with: TokenKey | None,
        headers: Mapping[str, object] | None,
        encrypted_for: Certificate | bytes | None,
    ) -> str:
        """Return a token with this payload and times; claims that are None are left out."""
        now = self.now()
        start = now + starts_in
        times: dict[str, object] = {"iat": _whole(start), "nbf": _whole(start)}
        if expires_in is not None:
            times["exp"] = _whole(now + expires_in)
            if expires_in <= starts_in:
                times["iat"] = times["nbf"] = _whole(now + expires_in - 3600)
        claims = {name: value for name, value in {**times, **payload}.items() if value is not None}
        token = (signed_with or self.key).sign(claims, headers)
        return token if encrypted_for is None else encrypted(token, encrypted_for)


def one_or_many(audience: str | Sequence[str] | None) -> object:
    """`aud`: a text, or an array of them."""
    return audience if audience is None or isinstance(audience, str) else list(audience)


def _whole(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds


CONFIGURATION = "/.well-known/openid-configuration"
HOUR = 3600


@runtime_checkable
class OpenIdSource(Protocol):
    """A source of documents of OpenID providers."""

    def document(self, url: str) -> Mapping[str, Any] | str | bytes | None:
        """Return the JSON at a URL, decoded or not; None for an unknown one. Raises OSError when unreachable."""


class OpenIdProvider(TokenIssuer):
    """A provider that publishes its configuration at `url` (the issuer's well-known one) and its keys at `jwks_url`.

    `audience` and `claims` are in every token unless it overrides them. With an `HS…` algorithm nothing is published:
    the policy has `provider.key.base64`. `requests` are the requested URLs; while `is_reachable` is false it
    does not respond.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str | Sequence[str] | None = None,
        claims: Mapping[str, object] | None = None,
        algorithm: str = "RS256",
        url: str | None = None,
        jwks_url: str | None = None,
        now: Now = None,
    ) -> None:
        super().__init__(algorithm, now, issuer)
        self.issuer = issuer
        self.audience = audience
        self.claims = dict(claims or {})
        self.url = url or issuer.rstrip("/") + CONFIGURATION
        self.jwks_url = jwks_url or issuer.rstrip("/") + "/.well-known/jwks.json"

    @property
    def urls(self) -> list[str]:
        return [self.url, self.jwks_url]

    @property
    def configuration(self) -> dict[str, object]:
        """Return the document at `url`."""
        return {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_url,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted({key.algorithm for key in self.keys if key.is_published}),
        }

    def document(self, url: str) -> Mapping[str, Any] | None:
        if url not in self.urls:
            return None
        self.requests.append(url)
        if not self.is_reachable:
            raise ConnectionRefusedError(f"{url} cannot be reached")
        return self.configuration if url == self.url else self.jwks

    def token(
        self,
        audience: str | Sequence[str] | None = None,
        *,
        claims: Mapping[str, object] | None = None,
        subject: str | None = "user",
        issuer: str | None = None,
        expires_in: float | None = HOUR,
        starts_in: float = 0,
        signed_with: TokenKey | None = None,
        headers: Mapping[str, object] | None = None,
        encrypted_for: Certificate | bytes | None = None,
    ) -> str:
        """Return a token; times are in seconds from the gateway's now, `expires_in=None` leaves `exp` out.

        `claims` come last and may replace any other; one that is None is left out. `encrypted_for` is a certificate or
        a secret that the policy has among its decryption-keys.
        """
        payload = {
            "iss": issuer or self.issuer,
            "sub": subject,
            "aud": one_or_many(self.audience if audience is None else audience),
            **self.claims,
            **(claims or {}),
        }
        return self.issued(
            payload,
            expires_in=expires_in,
            starts_in=starts_in,
            signed_with=signed_with,
            headers=headers,
            encrypted_for=encrypted_for,
        )

    def __repr__(self) -> str:
        return f"OpenIdProvider({self.issuer!r})"


class OpenIdDocuments:
    """Documents that a provider published once, by URL: decoded JSON or its text. `requests` are the requested URLs."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any] | str | bytes]) -> None:
        self.documents = dict(documents)
        self.requests: list[str] = []

    @property
    def urls(self) -> list[str]:
        return list(self.documents)

    def document(self, url: str) -> Mapping[str, Any] | str | bytes | None:
        if url in self.documents:
            self.requests.append(url)
        return self.documents.get(url)


TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
OBJECT = "99999999-8888-7777-6666-555555555555"
ENDPOINT = "https://login.microsoftonline.com"
VERSION_1_ISSUER = "https://sts.windows.net"
SHARED = ("common", "organizations")


class EntraTenant(TokenIssuer):
    """A tenant. `endpoint` is the login endpoint, another one in national clouds; `client_id` the application whose
    tokens these are. `requests` are the requested URLs; while `is_reachable` is false it does not respond.
    """

    def __init__(
        self,
        id: str = TENANT,
        *,
        domain: str | None = None,
        endpoint: str = ENDPOINT,
        client_id: str = CLIENT,
        now: Now = None,
    ) -> None:
        super().__init__("RS256", now, id)
        self.id = id
        self.domain = domain
        self.endpoint = endpoint.rstrip("/")
        self.client_id = client_id

    def issuer(self, version: int = 2, tenant: str | None = None) -> str:
        """Return the issuer of its tokens of version 1 or 2."""
        name = self.id if tenant is None else tenant
        return f"{self.endpoint}/{name}/v2.0" if version == 2 else f"{VERSION_1_ISSUER}/{name}/"

    def url(self, version: int = 2) -> str:
        """Return the URL of its OpenID configuration, as openid-config of validate-jwt has it."""
        return f"{self.endpoint}/{self.id}{'/v2.0' if version == 2 else ''}{CONFIGURATION}"

    @property
    def urls(self) -> list[str]:
        """Return the URLs of its documents, among others."""
        return [self.url(2), self.url(1)]

    def document(self, url: str) -> Mapping[str, Any] | None:
        if not url.startswith(f"{self.endpoint}/"):
            return None
        name, _, rest = urlsplit(url).path.lstrip("/").partition("/")
        if name.lower() not in (self.id.lower(), (self.domain or self.id).lower(), *SHARED):
            return None
        version = 2 if "v2.0" in rest else 1
        keys = "discovery/v2.0/keys" if version == 2 else "discovery/keys"
        configuration = f"{'v2.0/' if version == 2 else ''}{CONFIGURATION[1:]}"
        if rest not in (keys, configuration):
            return None
        self.requests.append(url)
        if not self.is_reachable:
            raise ConnectionRefusedError(f"{url} cannot be reached")
        if rest == keys:
            return self.jwks
        shared = name.lower() in SHARED
        return {
            "issuer": self.issuer(version, "{tenantid}" if shared else self.id),
            "jwks_uri": f"{self.endpoint}/{name if shared else self.id}/{keys}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(
        self,
        audience: str | Sequence[str] | None = None,
        *,
        client_id: str | None = None,
        version: int = 2,
        claims: Mapping[str, object] | None = None,
        subject: str | None = OBJECT,
        expires_in: float | None = HOUR,
        starts_in: float = 0,
        signed_with: TokenKey | None = None,
        headers: Mapping[str, object] | None = None,
        encrypted_for: Certificate | bytes | None = None,
    ) -> str:
        """Return an access token of version 1 or 2 for an application; the rest is as in `OpenIdProvider.token`.

        Raises ConfigurationError for another version.
        """
        if version not in (1, 2):
            raise ConfigurationError(f"the version of a token is 1 or 2, not {version!r}")
        payload = {
            "iss": self.issuer(version),
            "aud": one_or_many(audience),
            "sub": subject,
            "oid": subject,
            "tid": self.id,
            "ver": f"{version}.0",
            "azp" if version == 2 else "appid": self.client_id if client_id is None else client_id,
            **(claims or {}),
        }
        return self.issued(
            payload,
            expires_in=expires_in,
            starts_in=starts_in,
            signed_with=signed_with,
            headers=headers,
            encrypted_for=encrypted_for,
        )

    def __repr__(self) -> str:
        return f"EntraTenant({self.id!r})"
