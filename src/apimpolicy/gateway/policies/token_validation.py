"""JSON Web Tokens as the gateway validates them: attributes and child elements of policies, encryption, and the checks.

Algorithms and formats are those of RFC 7515 (JWS), 7516 (JWE), 7517 (JWK), 7518 (JWA) and 7519 (JWT). The checks are in
this order, which is our choice: form, decryption, signature, time, audience, issuer, claims; the first failure counts.

Encrypted tokens (JWE, compact form), with a certificate: RSA-OAEP, RSA-OAEP-256, RSA1_5. With a secret: `dir` and key
wrapping (A128KW, A192KW, A256KW). Contents: A128CBC-HS256, A192CBC-HS384, A256CBC-HS512, which the documentation names,
and A128GCM, A192GCM, A256GCM. The decrypted text is a token, to be verified like any other.

A scheme belongs to the header Authorization: `require-scheme` is ignored for other headers (documented), and their
whole value is the token, so that `Bearer TOKEN` is refused there (seen).

Our choices, where the documentation is silent: a header counts with its first value; any text before white space in
Authorization is a scheme, unless `require-scheme` names one, which is then compared without regard to case; another
scheme, or none, is not a token. Comparison of claims is exact, letter by letter; a token is valid until and including
the second `exp`; a claim that is not a text is compared as its JSON (`true`, `17`, `{"a":1}`); an array is a set of
values; with `separator` a text is cut there, and white space around the pieces does not count.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS, environment
from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.gateway.policies.certificates import uploaded_certificate
from apimpolicy.gateway.policies.conversions import STATUS_CODES, integer, text, trimmed
from apimpolicy.gateway.policies.effects import Effect, Listed, TokenValidated
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    azure_error,
    child_texts,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
)
from apimpolicy.gateway.policies.token_keys import TokenRefusedError, TrustedKeys, decoded, decoded_secret, refusal

if TYPE_CHECKING:
    from apimpolicy.gateway.context.tokens import Jwt

SECRET_ALGORITHMS = ("dir", "A128KW", "A192KW", "A256KW")
CERTIFICATE_ALGORITHMS = ("RSA-OAEP", "RSA-OAEP-256", "RSA1_5")
ENCODINGS = ("A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM")
SIGNED_PARTS, PARTS = 3, 5
_LONGEST_HEADER = 8_192
_LONGEST_CONTENT = 1 << 20


class DecryptionKey(NamedTuple):
    """Bytes of a secret, or a private RSA key of cryptography."""

    value: Any

    @property
    def is_secret(self) -> bool:
        return isinstance(self.value, bytes)


def is_encrypted(token: str) -> bool:
    return token.count(".") == PARTS - 1


def decrypted(token: str, keys: Sequence[DecryptionKey]) -> str:
    """Return the token inside. Every key is tried. Raises TokenRefusedError."""
    if not keys:
        raise refusal("token-encrypted", details="the policy has no decryption-keys")
    for key in keys:
        text = _decrypted(token, key)
        if text is not None:
            return text
    tried = "the key does not" if len(keys) == 1 else f"none of {len(keys)} keys does"
    raise refusal("token-encrypted", details=f"{tried} decrypt it")


def _decrypted(token: str, key: DecryptionKey) -> str | None:
    from joserfc import jwe
    from joserfc.jwk import OctKey, RSAKey

    allowed = SECRET_ALGORITHMS if key.is_secret else CERTIFICATE_ALGORITHMS
    registry = jwe.JWERegistry(algorithms=[*allowed, *ENCODINGS, "DEF"], strict_check_header=False)
    registry.max_protected_header_length = _LONGEST_HEADER
    registry.max_ciphertext_length = _LONGEST_CONTENT
    with warnings.catch_warnings():
        # Short keys and RSA1_5 are what some real policies have; the library only warns of them.
        warnings.simplefilter("ignore")
        try:
            imported = OctKey.import_key(key.value) if key.is_secret else RSAKey.import_key(key.value)
            plaintext = jwe.decrypt_compact(token, imported, registry=registry).plaintext
            return None if plaintext is None else plaintext.decode("ascii")
        except Exception:  # whatever a hostile token makes of the library, the key did not decrypt it
            return None


TENANT_PLACEHOLDER = "{tenantid}"
_EPOCH = datetime.datetime(1970, 1, 1)
_LAST_SECOND = 253_402_300_799
_MOST_SECONDS = 2.0**63
"""A number beyond an Int64 is not a time."""


class RequiredClaim(NamedTuple):
    """A claim that a token must have. Without values any value will do; `match_any`: one of them is enough."""

    name: str
    values: Sequence[str] = ()
    match_any: bool = False
    separator: str | None = None


def check_lifetime(token: Jwt, *, require_expiration: bool, skew: float) -> None:
    """Check `exp` and `nbf` at the gateway's time, with a tolerance of `skew` seconds. Raises TokenRefusedError."""
    now = (environment().utc_now() - UNIX_EPOCH_TICKS) / TICKS_PER_SECOND
    expires, starts = _seconds(token, "exp"), _seconds(token, "nbf")
    if expires is None and require_expiration:
        raise refusal("token-without-end")
    allowance = f", with {skew:g} s allowed" if skew else ""
    if starts is not None and starts > now + skew:
        raise refusal("token-early", start=_moment(starts), now=f"{_moment(now)}{allowance}")
    if expires is not None and expires < now - skew:
        raise refusal("token-expired", time=_library_moment(expires), now=_library_moment(now))


def check_audience(token: Jwt, allowed: Collection[str]) -> None:
    """Check that one of the token's audiences is allowed; without any, all are. Raises TokenRefusedError."""
    if allowed and not any(audience in allowed for audience in token.audiences):
        if not token.audiences:
            raise refusal("token-without-audience", allowed=_quoted(allowed))
        raise refusal("token-audience", found=_quoted(token.audiences), allowed=_quoted(allowed))


def check_issuer(token: Jwt, allowed: Collection[str]) -> None:
    """Check that the issuer is allowed; without any, all are. `{tenantid}` in an issuer, as providers for many tenants
    publish it, is replaced by the token's own `tid`. Raises TokenRefusedError.
    """
    if not allowed:
        return
    tenant = first_text(token, "tid")
    known = [issuer.replace(TENANT_PLACEHOLDER, tenant) if tenant else issuer for issuer in allowed]
    if token.issuer is None:
        raise refusal("token-without-issuer", allowed=_quoted(known))
    if token.issuer not in known:
        raise refusal("token-issuer", issuer=token.issuer, allowed=_quoted(known))


def check_claims(token: Jwt, required: Iterable[RequiredClaim]) -> None:
    """Check that all claims are there, then that their values are allowed. Raises TokenRefusedError."""
    required = list(required)
    missing = [claim.name for claim in required if not token.claims.contains_key(claim.name)]
    if missing:
        raise refusal("token-claim-missing", names=", ".join(missing))
    for claim in required:
        found = list(token.claims.get_item(claim.name))
        values = set(found)
        if claim.separator:
            values = {piece.strip() for text in found for piece in text.split(claim.separator)}
        present = [value in values for value in claim.values]
        if claim.values and not (any(present) if claim.match_any else all(present)):
            raise refusal("claim-mismatch", claims=f"{claim.name}={', '.join(claim.values)}.")


def first_text(token: Jwt, name: str) -> str | None:
    if not token.claims.contains_key(name):
        return None
    values = list(token.claims.get_item(name))
    return values[0] if values else None


def _seconds(token: Jwt, name: str) -> float | None:
    """Return a claim that is a moment, in seconds since 1970. Raises TokenRefusedError."""
    from apimpolicy.gateway.context.tokens import JsonNumber

    if name not in token.payload:
        return None
    value = token.payload[name]
    if not isinstance(value, JsonNumber):
        raise refusal("token-time-not-number", name=name)
    seconds = float(value)
    if not -_MOST_SECONDS < seconds < _MOST_SECONDS:
        raise refusal("token-time-not-date", name=name)
    return seconds


def _moment(seconds: float) -> str:
    if not 0 <= seconds <= _LAST_SECOND:
        return f"{seconds:g} s"
    return f"{_EPOCH + datetime.timedelta(seconds=int(seconds)):%Y-%m-%d %H:%M:%S} UTC"


def _library_moment(seconds: float) -> str:
    """Return a moment as .NET's library for tokens writes it."""
    if not 0 <= seconds <= _LAST_SECOND:
        return f"{seconds:g} s"
    return f"{_EPOCH + datetime.timedelta(seconds=int(seconds)):%m/%d/%Y %H:%M:%S}"


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


SOURCES = ("header-name", "query-parameter-name", "token-value")
ONE_SOURCE = tuple(combinations(SOURCES, 2))


class TokenPolicy:
    """The attributes that validate-jwt and validate-azure-ad-token have in common."""

    header_name: str | None = expression_attribute(trimmed)
    query_parameter_name: str | None = expression_attribute()
    token_value: str | None = expression_attribute()
    failed_validation_httpcode: int = expression_attribute(integer, default=401, within=STATUS_CODES)
    failed_validation_error_message: str | None = expression_attribute()
    output_token_variable_name: str | None = literal_attribute(sets="Jwt")
    require_scheme: str | None = expression_attribute(trimmed)

    def presented(self, exchange: PolicyExchange) -> str | None:
        if self.token_value is not None:
            return self.token_value.strip() or None
        if self.query_parameter_name is not None:
            values = exchange.request.url.query.get_all(self.query_parameter_name)
            return (values[0].strip() or None) if values else None
        name = self.header_name or "Authorization"
        values = exchange.request.headers.get_all(name)
        if name.lower() != "authorization":
            return (values[0].strip() or None) if values else None
        parts = values[0].split(None, 1) if values else []
        if self.require_scheme:
            if len(parts) != 2 or parts[0].lower() != self.require_scheme.strip().lower():
                return None
            return parts[1].strip()
        return parts[-1].strip() if parts else None


@part("audiences")
class Audiences:
    audiences: list[str] = child_texts("audience", trimmed, required=True, filled=True)


@part("claim")
class ClaimElement:
    name: str = expression_attribute(trimmed, default="")
    match: str = expression_attribute(default="all", values=("all", "any"))
    separator: str | None = expression_attribute()
    values: list[str] = child_texts("value", text)


@part("required-claims")
class RequiredClaims:
    claims: list[PolicyStep] = children(ClaimElement, required=True)


@part("key")
class DecryptionKeyElement:
    id: str | None = expression_attribute(trimmed)
    certificate_id: str | None = expression_attribute(trimmed)
    text: str = content(trimmed)


@part("decryption-keys")
class DecryptionKeys:
    keys: list[PolicyStep] = children(DecryptionKeyElement, required=True)


def texts_of(exchange: PolicyExchange, step: PolicyStep | None, field: str) -> list[str]:
    """Return the texts of a list element such as `audiences`, empty without it."""
    if step is None:
        return []
    found: list[str] = getattr(exchange.evaluate(step), field)
    shown = ", ".join(found) or "none"
    exchange.note(Listed(shown, count=len(found)), step)
    return found


def required_claims(exchange: PolicyExchange, step: PolicyStep | None) -> list[RequiredClaim]:
    claims: list[RequiredClaim] = []
    for inner in () if step is None else exchange.evaluate(step).claims:
        claim: ClaimElement = exchange.evaluate(inner)
        values = ", ".join(claim.values) or "any value"
        exchange.note(Listed(f"{claim.name}: {values}", count=len(claim.values)), inner)
        claims.append(RequiredClaim(claim.name, claim.values, claim.match == "any", claim.separator))
    return claims


def decryption_keys(exchange: PolicyExchange, step: PolicyStep | None) -> list[DecryptionKey]:
    """Return the keys of `decryption-keys`. Raises PolicyError for one that is not usable."""
    keys: list[DecryptionKey] = []
    for inner in () if step is None else exchange.evaluate(step).keys:
        key: DecryptionKeyElement = exchange.evaluate(inner)
        if key.certificate_id is None:
            try:
                keys.append(DecryptionKey(decoded_secret(key.text)))
            except ValueError as error:
                raise azure_error("decryption-key-unusable", details=error) from None
            continue
        certificate = uploaded_certificate(exchange, key.certificate_id)
        if not certificate.has_private_key:
            raise azure_error("decryption-certificate", id=key.certificate_id)
        keys.append(DecryptionKey(certificate.private_key))
    return keys


class Demands(NamedTuple):
    """The requirements for a token. `issuers` are those of the policy; with None of them, those that providers publish.

    `further` is a check of the policy's own; it raises TokenRefusedError. `texts` are the names in `azure_texts` of the
    policy's own messages, by reason.
    """

    trust: TrustedKeys
    decryption_keys: Sequence[DecryptionKey] = ()
    require_signature: bool = True
    require_expiration: bool = True
    skew: float = 0.0
    audiences: Collection[str] = ()
    issuers: Collection[str] = ()
    claims: Sequence[RequiredClaim] = ()
    further: Callable[[Jwt], None] | None = None
    texts: Mapping[str, str] = {}


def run(exchange: PolicyExchange, policy: TokenPolicy, demands: Demands) -> Effect:
    """Validate the token that was sent, and act on the result as the policy declares. Raises PolicyError."""
    try:
        token, verified_by = validated(policy.presented(exchange), demands)
    except TokenRefusedError as refused:
        exchange.note(TokenValidated(refused.message, valid=False, reason=refused.reason))
        own = demands.texts.get(refused.reason)
        message = refused.message if own is None else refusal(own).message
        public = policy.failed_validation_error_message
        status = policy.failed_validation_httpcode
        raise PolicyError(
            refused.reason, message, status, public_message=message if public is None else public
        ) from None
    if policy.output_token_variable_name is not None:
        exchange.variables[from_utf16(policy.output_token_variable_name)] = token
    subject = f"'{token.subject}'" if token.subject is not None else "a token without a subject"
    issuer = f" of '{token.issuer}'" if token.issuer is not None else ""
    return TokenValidated(f"{subject}{issuer}, {verified_by}", valid=True, reason=None)


def validated(written: str | None, demands: Demands) -> tuple[Jwt, str]:
    """Return the token, and what verified its signature. Raises TokenRefusedError."""
    from apimpolicy.gateway.context.tokens import parse_jwt

    if written is None:
        raise refusal("token-missing")
    compact = from_utf16(written)
    if len(compact.split()) != 1:
        raise refusal("token-with-space")
    if is_encrypted(compact):
        compact = decrypted(compact, demands.decryption_keys)
    token = parse_jwt(compact)
    if token is None and compact.count(".") != SIGNED_PARTS - 1:
        raise refusal("token-segments")
    if token is None:
        raise refusal("token-not-jwt")
    if "crit" in token.header:
        raise refusal("token-critical")
    verified_by = _verified(compact, token, demands)
    check_lifetime(token, require_expiration=demands.require_expiration, skew=demands.skew)
    check_audience(token, demands.audiences)
    check_issuer(token, [*demands.issuers, *demands.trust.issuers])
    if demands.further is not None:
        demands.further(token)
    check_claims(token, demands.claims)
    return token, verified_by


def _verified(compact: str, token: Jwt, demands: Demands) -> str:
    signed, _, encoded = compact.rpartition(".")
    algorithm = token.header.get("alg")
    if algorithm == "none" and not encoded:
        if demands.require_signature:
            raise refusal("token-unsigned")
        demands.trust.published(None)
        return "not signed"
    if not isinstance(algorithm, str):
        raise refusal("token-without-algorithm")
    try:
        signature = decoded(encoded)
    except ValueError:
        raise refusal("token-signature-encoding") from None
    key_id = next((value for name in ("kid", "x5t") if isinstance(value := token.header.get(name), str)), None)
    key = demands.trust.verify(
        to_utf16(algorithm), None if key_id is None else to_utf16(key_id), signed.encode("ascii"), signature
    )
    return f"verified with {key.origin}"
