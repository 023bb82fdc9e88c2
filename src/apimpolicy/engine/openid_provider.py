"""OpenID providers as tests have them: they publish a configuration and keys, and issue tokens.

    login = OpenIdProvider("https://login.contoso.example", audience="orders")
    gateway = Gateway(openid_providers=[login])

    login.token(claims={"roles": ["reader"]})         valid for an hour from the gateway's now
    login.token(expires_in=-60)                       expired a minute ago
    login.token(audience="other")                     for another audience
    login.token(signed_with=TokenKey())               signed with an unpublished key
    login.token(signed_with=TokenKey("none"))         not signed

Any object with `document(url)` can replace it, such as `OpenIdDocuments` with what a real provider published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from apimpolicy.engine.token_issuer import TokenIssuer, one_or_many

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.engine.services import Now
    from apimpolicy.engine.token_keys import TokenKey

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
