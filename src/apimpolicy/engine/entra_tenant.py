"""A tenant of Microsoft Entra ID as tests have it: what it publishes, and its tokens of version 1.0 and 2.0.

    tenant = EntraTenant("11111111-2222-3333-4444-555555555555", domain="contoso.onmicrosoft.com")
    gateway = Gateway(openid_providers=[tenant])
    tenant.token("api://orders", client_id="…", claims={"roles": ["Orders.Read"]})
    tenant.token("api://orders", version=1)

It has documents for its id, its domain, `common` and `organizations`, with and without `/v2.0`. Real tokens
have more claims than these, which policies read: iss, aud, sub, oid, tid, ver, and azp or appid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.engine.openid_provider import CONFIGURATION, HOUR
from apimpolicy.engine.token_issuer import TokenIssuer, one_or_many
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.engine.services import Now
    from apimpolicy.engine.token_keys import TokenKey

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
