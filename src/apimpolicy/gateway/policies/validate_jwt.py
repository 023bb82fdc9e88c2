"""validate-jwt: let only callers with a valid JSON Web Token pass.

```xml
<validate-jwt header-name="Authorization" require-scheme="Bearer" output-token-variable-name="token">
    <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
    <audiences><audience>orders</audience></audiences>
    <required-claims>
        <claim name="scope" match="all" separator=" "><value>orders.read</value></claim>
    </required-claims>
</validate-jwt>
```

The token comes from `header-name`, `query-parameter-name` or `token-value`: exactly one of them. Its signature must be
that of a key that an OpenID provider publishes (`openid-config`), or that the policy has itself (`issuer-signing-keys`:
a secret in Base64, `certificate-id`, or `n` and `e`); `require-signed-tokens="false"` lets unsigned tokens (`alg` is
`none`) pass as well. An encrypted token is decrypted with `decryption-keys` first. Then come its time (`exp` unless
`require-expiration-time="false"`, `nbf`, give or take `clock-skew` seconds), `audiences`, `issuers` and
`required-claims`. A good token becomes a `Jwt` in the variable `output-token-variable-name`. A bad token gets
`failed-validation-httpcode` (401) with `failed-validation-error-message`, or else with the message of
`context.LastError`.

In a test, a provider publishes keys and issues tokens at the gateway's time:

```python
login = OpenIdProvider("https://login.contoso.example", audience="orders")
gateway = Gateway(openid_providers=[login])
good, late, strange = login.token(), login.token(expires_in=-60), login.token(audience="other")
forged = login.token(signed_with=TokenKey())
```

Simulated on the gateway's clock; no socket is opened, and a URL that no provider answers fails by name. The
provider's keys are cached for an hour; if a key id is missing or the provider did not respond, they are fetched again
after five minutes at the earliest (documented). `issuer-signing-tokens` and `zumo-master-key`, which only the
editor's schema knows, fail by name. `validate-connectivity` and `host` have no effect: there is no DNS here.

Seen on gateways: the reasons TokenExpired, TokenInvalidSignature (no key verifies the signature; one author's tests),
TokenClaimValueMismatch and `Invalid JWT.` (neither three nor five segments), with their messages; of the signature's,
its first sentence. Documented: TokenNotPresent, TokenSignatureInvalid (no signature, or not Base64url),
TokenSignatureKeyNotFound, TokenAudienceNotAllowed, TokenIssuerNotAllowed, TokenClaimNotFound, JwtInvalid, and the
messages of TokenNotPresent and TokenClaimNotFound. The other messages are our own. Our choices:

- Signature, time, audience, issuer and claims are checked in this order, and the first failure counts.
- Allowed issuers are those in `issuers` and those that providers publish; without either, any issuer.
- A key id that no key has is TokenSignatureKeyNotFound when no other key verifies the token; so is a token for whose
  algorithm there is no key of the right kind. A secret never verifies RS, PS or ES, a public key never HS. The
  algorithms are HS, RS, PS and ES with 256, 384 and 512 bits; the documentation names fewer.
- JwtInvalid covers the rest: segments that are no JSON, `nbf` in the future, no `exp`, no decryption.
- A key that is not Base64, or a certificate that is not uploaded, is an error with status 500, without a reason.
- Only the first value of a header counts. In Authorization, the text before white space is the scheme. Any scheme is
  accepted unless `require-scheme` names one; case is ignored. For other headers
  `require-scheme` is ignored (documented), and the whole value is the token: `Bearer TOKEN` is refused there (seen).
- All other comparisons are exact. A claim that is not a string is compared as its JSON (`true`, `17`, `{"a":1}`); an
  array is a set of values; with `separator` a string is split there, and white space around the parts is ignored.
- `clock-skew` is a number of seconds, a TimeSpan, or the text of one.

Source: https://learn.microsoft.com/azure/api-management/validate-jwt-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.policies import token_validation
from apimpolicy.gateway.policies.certificates import uploaded_certificate
from apimpolicy.gateway.policies.conversions import boolean, number, text, trimmed
from apimpolicy.gateway.policies.effects import Effect, Listed
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    azure_error,
    child,
    child_texts,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)
from apimpolicy.gateway.policies.token_keys import TrustedKeys, VerificationKey
from apimpolicy.gateway.policies.token_validation import (
    ONE_SOURCE,
    SOURCES,
    Audiences,
    DecryptionKeys,
    RequiredClaims,
    TokenPolicy,
    decryption_keys,
    required_claims,
    texts_of,
)

_TRUE_FALSE = ("true", "false")


def skew(value: object) -> float:
    """Convert a number or a TimeSpan to seconds. Raises FormatException, OverflowException."""
    written = text(value).strip()
    if ":" not in written:
        return number(written)
    from apimpolicy.csharp.dotnet.system.timespan_parsing import parse

    return abs(parse(written).ticks) / TICKS_PER_SECOND


@part("openid-config")
class OpenIdConfig:
    url: str = expression_attribute(trimmed, required=True)
    validate_connectivity: str | None = expression_attribute()
    host: str | None = expression_attribute()


@part("key")
class SigningKey:
    id: str | None = expression_attribute(trimmed)
    certificate_id: str | None = expression_attribute(trimmed, refers="certificates")
    n: str | None = literal_attribute(trimmed)
    e: str | None = literal_attribute(trimmed)
    text: str = content(trimmed)

    def key(self, exchange: PolicyExchange) -> VerificationKey:
        """Return the key. Raises PolicyError for one that is not usable."""
        try:
            if self.certificate_id is not None:
                certificate = uploaded_certificate(exchange, self.certificate_id)
                return VerificationKey.of_certificate(certificate, self.certificate_id, self.id)
            if self.n is not None and self.e is not None:
                return VerificationKey.numbers(self.n, self.e, self.id)
            return VerificationKey.secret(self.text, self.id)
        except ValueError as error:
            raise azure_error("signing-key-unusable", details=error) from None


@part("zumo-master-key")
class ZumoMasterKey:
    id: str | None = expression_attribute()
    text: str = content()


@part("issuer-signing-keys", choices=("key", "zumo-master-key"))
class IssuerSigningKeys:
    keys: list[PolicyStep] = children(SigningKey)
    zumo_master_keys: list[PolicyStep] = children(ZumoMasterKey)


@part("issuer-signing-tokens")
class IssuerSigningTokens:
    tokens: list[str] = child_texts("token", required=True, filled=True)


@part("issuers")
class Issuers:
    issuers: list[str] = child_texts("issuer", trimmed, required=True, filled=True)


@policy(
    "validate-jwt",
    sections="inbound",
    alternatives=SOURCES,
    exclusive=ONE_SOURCE,
    in_order=True,
    choices=("openid-config", "issuer-signing-keys", "issuer-signing-tokens"),
    waiver="require-signed-tokens",
    choice_is_doubtful=True,  # extracted from a live service without any: it saves, and refuses every token
    left_out="`issuer-signing-tokens` and `zumo-master-key`, which fail by name",
    traits="checks-token bounded-numbers",
    refuses_with="failed-validation-httpcode",
    traced="trace-token-valid",
    traced_error="trace-token-refused",
    effects="refuses fails variables",
    access="token",
)
class ValidateJwt(TokenPolicy):
    require_expiration_time: bool = expression_attribute(boolean, default=True, values=_TRUE_FALSE)
    require_signed_tokens: bool = expression_attribute(boolean, default=True, values=_TRUE_FALSE)
    clock_skew: float = expression_attribute(skew, default=0.0)
    openid_configs: list[PolicyStep] = children(OpenIdConfig)
    issuer_signing_tokens: PolicyStep | None = child(IssuerSigningTokens)
    issuer_signing_keys: PolicyStep | None = child(IssuerSigningKeys)
    decryption_keys: PolicyStep | None = child(DecryptionKeys, anywhere=True)  # last in an example of the documentation
    audiences: PolicyStep | None = child(Audiences)
    issuers: PolicyStep | None = child(Issuers)
    required_claims: PolicyStep | None = child(RequiredClaims)

    def run(self, exchange: PolicyExchange) -> Effect:
        demands = token_validation.Demands(
            TrustedKeys(self.keys(exchange), self.urls(exchange), exchange.services.identities),
            decryption_keys(exchange, self.decryption_keys),
            self.require_signed_tokens,
            self.require_expiration_time,
            self.clock_skew,
            texts_of(exchange, self.audiences, "audiences"),
            texts_of(exchange, self.issuers, "issuers"),
            required_claims(exchange, self.required_claims),
        )
        return token_validation.run(exchange, self, demands)

    def urls(self, exchange: PolicyExchange) -> list[str]:
        urls: list[str] = []
        for step in self.openid_configs:
            element: OpenIdConfig = exchange.evaluate(step)
            exchange.note(Listed(element.url, count=1), step)
            urls.append(element.url)
        return urls

    def keys(self, exchange: PolicyExchange) -> list[VerificationKey]:
        """Return the keys that the policy has itself. Raises PolicyError, NotSimulatedError."""
        if self.issuer_signing_tokens is not None:
            raise NotSimulatedError("'issuer-signing-tokens' of validate-jwt", "it is undocumented")
        keys: list[VerificationKey] = []
        if self.issuer_signing_keys is not None:
            element: IssuerSigningKeys = exchange.evaluate(self.issuer_signing_keys)
            if element.zumo_master_keys:
                raise NotSimulatedError("'zumo-master-key' of validate-jwt", "it is undocumented")
            for step in element.keys:
                key = exchange.evaluate(step).key(exchange)
                exchange.note(Listed(key.origin, count=1), step)
                keys.append(key)
        return keys
