"""validate-azure-ad-token: let only callers with a valid token of a Microsoft Entra tenant pass.

```xml
<validate-azure-ad-token tenant-id="{{tenant}}" output-token-variable-name="token">
    <client-application-ids><application-id>{{orders-client}}</application-id></client-application-ids>
    <audiences><audience>api://orders</audience></audiences>
    <required-claims><claim name="roles" match="any"><value>Orders.Read</value></claim></required-claims>
</validate-azure-ad-token>
```

The policy validates tokens like validate-jwt: tokens of one tenant (an id, a domain, or a URL that ends with one), of
any organization (`organizations`), or of any account (`common`). The token comes from the header Authorization unless
`header-name`, `query-parameter-name` or `token-value` is set. Keys and issuer are those of the tenant. The
application that requested the token must be among `client-application-ids`, if these are set; `audiences`,
`required-claims` and `decryption-keys` mean the same as in validate-jwt.

```python
tenant = EntraTenant(domain="contoso.onmicrosoft.com")
gateway = Gateway(openid_providers=[tenant])
tenant.token("api://orders", client_id="…", claims={"roles": ["Orders.Read"]})       # version=1 for the older form
```

Simulated: signature, time, tenant, application, audience and claims, on the gateway's clock, with the keys that an
`EntraTenant`, or `OpenIdDocuments`, publishes for the tenant's v2.0 URL; without one the policy fails by name. Reasons,
messages and statuses are those of validate-jwt. `require-scheme`, which only the editor's schema knows, works as in
validate-jwt; `allow-protected-forwarded-tokens` and `allow-proof-of-possession-tokens`, likewise, have no effect. Our
choices:

- Issuers of version 2.0 (the published one) and 1.0 (`https://sts.windows.net/<tenant>/`) are both accepted; with
  `organizations` personal accounts are not (their tenant is 9188040d-6c67-4c5b-b112-36a304b66dad).
- The application is the claim `azp` of version 2.0 or `appid` of 1.0; another one is TokenClaimValueNotAllowed, none is
  TokenClaimNotFound. Ids ignore case.
- `backend-application-ids` are compared with the audience, as they are or behind `api://`; with `audiences` given too,
  either may fit.
- `exp` is required, and no clock skew is allowed.
- `authentication-endpoint` is https://login.microsoftonline.com unless given; the documentation has a typo
  there.

Source: https://learn.microsoft.com/azure/api-management/validate-azure-ad-token-policy
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies import token_validation
from apimpolicy.gateway.policies.conversions import text, trimmed
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child,
    child_texts,
    expression_attribute,
    part,
    policy,
)
from apimpolicy.gateway.policies.token_keys import TrustedKeys, VerificationKey, refusal
from apimpolicy.gateway.policies.token_validation import (
    ONE_SOURCE,
    Audiences,
    DecryptionKeys,
    RequiredClaims,
    TokenPolicy,
    decryption_keys,
    first_text,
    required_claims,
    texts_of,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.tokens import Jwt
    from apimpolicy.gateway.policies.effects import Effect

ENDPOINT = "https://login.microsoftonline.com"
PERSONAL_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad"


@part("backend-application-ids")
class BackendApplicationIds:
    ids: list[str] = child_texts("application-id", trimmed, required=True, filled=True, literal=True)


@part("client-application-ids")
class ClientApplicationIds:
    ids: list[str] = child_texts("application-id", trimmed, required=True, filled=True, literal=True)


@policy(
    "validate-azure-ad-token",
    sections="inbound",
    exclusive=ONE_SOURCE,
    left_out=("`allow-protected-forwarded-tokens` and `allow-proof-of-possession-tokens`, which have no effect"),
    traits="checks-token bounded-numbers",
    refuses_with="failed-validation-httpcode",
    effects="refuses fails variables",
    access="token",
)
class ValidateAzureAdToken(TokenPolicy):
    tenant_id: str = expression_attribute(trimmed, required=True)
    authentication_endpoint: str = expression_attribute(trimmed, default=ENDPOINT)
    allow_protected_forwarded_tokens: str | None = expression_attribute(text)
    allow_proof_of_possession_tokens: str | None = expression_attribute(text)
    backend_application_ids: PolicyStep | None = child(BackendApplicationIds)
    client_application_ids: PolicyStep | None = child(ClientApplicationIds)
    audiences: PolicyStep | None = child(Audiences)
    required_claims: PolicyStep | None = child(RequiredClaims)
    decryption_keys: PolicyStep | None = child(DecryptionKeys)

    def run(self, exchange: PolicyExchange) -> Effect:
        backends = texts_of(exchange, self.backend_application_ids, "ids")
        applications = texts_of(exchange, self.client_application_ids, "ids")
        audiences = texts_of(exchange, self.audiences, "audiences")
        endpoint, tenant = tenant_of(self.authentication_endpoint, self.tenant_id)
        trust = EntraTrust(
            [], [f"{from_utf16(endpoint)}/{from_utf16(tenant)}/v2.0/{WELL_KNOWN}"], exchange.services.identities
        )

        def further(token: Jwt) -> None:
            check_tenant(token, tenant)
            check_application(token, applications)

        demands = token_validation.Demands(
            trust,
            decryption_keys(exchange, self.decryption_keys),
            audiences=[*audiences, *backends, *(f"api://{id}" for id in backends)],
            claims=required_claims(exchange, self.required_claims),
            further=further,
            texts={"TokenExpired": "entra-token-expired"},
        )
        return token_validation.run(exchange, self, demands)


WELL_KNOWN = ".well-known/openid-configuration"


class EntraTrust(TrustedKeys):
    """The keys of a tenant, and its issuers of both versions."""

    def published(self, missing_key: str | None) -> list[VerificationKey]:
        keys = super().published(missing_key)
        self.issuers += [version_1(issuer) for issuer in self.issuers]
        return keys


def version_1(issuer: str) -> str:
    """Return the issuer of version 1.0 beside that of version 2.0.

    >>> version_1("https://login.microsoftonline.com/{tenantid}/v2.0")
    'https://sts.windows.net/{tenantid}/'
    """
    tenant = issuer.removesuffix("/").removesuffix("/v2.0").rpartition("/")[2]
    return f"https://sts.windows.net/{tenant}/"


def tenant_of(endpoint: str, tenant_id: str) -> tuple[str, str]:
    """Return the login endpoint without a slash, and the tenant's id or domain; either may be given as a URL.

    >>> tenant_of("login.microsoftonline.us", "https://login.microsoftonline.com/common/")
    ('https://login.microsoftonline.us', 'common')
    >>> tenant_of(ENDPOINT, "https://contoso.onmicrosoft.com")[1]
    'contoso.onmicrosoft.com'
    """
    endpoint = endpoint.rstrip("/")
    if "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    parts = [part for part in tenant_id.partition("://")[2].split("/") if part] if "://" in tenant_id else [tenant_id]
    return endpoint, (parts[1] if len(parts) > 1 else parts[0]) if parts else ""


def check_tenant(token: Jwt, tenant: str) -> None:
    """Check that `organizations` gets no personal accounts. Raises TokenRefusedError."""
    if tenant.lower() == "organizations" and first_text(token, "tid") == PERSONAL_ACCOUNTS:
        raise refusal("token-personal", issuer=token.issuer)


def check_application(token: Jwt, allowed: Sequence[str]) -> None:
    """Check that the application of the token is allowed; without any, all are. Raises TokenRefusedError."""
    if not allowed:
        return
    name = "azp" if first_text(token, "azp") is not None else "appid"
    application = first_text(token, name)
    if application is None:
        raise refusal("token-claim-missing", names="azp or appid")
    if application.lower() not in {id.lower() for id in allowed}:
        raise refusal("token-application", name=name, value=application)
