"""The checks of a token, for every policy that validates one.

In this order, which is our choice: form, decryption, signature, time, audience, issuer, claims; the first failure counts.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.dotnet.values import from_utf16, to_utf16
from apimpolicy.policies.effects import Effect, TokenValidated
from apimpolicy.policies.json_web_tokens.checks import check_audience, check_claims, check_issuer, check_lifetime
from apimpolicy.policies.json_web_tokens.encryption import DecryptionKey, decrypted, is_encrypted
from apimpolicy.policies.json_web_tokens.keys import decoded
from apimpolicy.policies.json_web_tokens.refusal import NOT_PRESENT, TokenRefusedError, denied, invalid
from apimpolicy.policies.surroundings import Exchange, PolicyError

if TYPE_CHECKING:
    from apimpolicy.context.tokens import Jwt
    from apimpolicy.policies.json_web_tokens.checks import RequiredClaim
    from apimpolicy.policies.json_web_tokens.source import TokenPolicy
    from apimpolicy.policies.json_web_tokens.trust import Trust


class Demands(NamedTuple):
    """The requirements for a token. `issuers` are those of the policy; with None of them, those that providers publish.

    `further` is a check of the policy's own; it raises TokenRefusedError. `messages` are the policy's own by reason.
    """

    trust: Trust
    decryption_keys: Sequence[DecryptionKey] = ()
    require_signature: bool = True
    require_expiration: bool = True
    skew: float = 0.0
    audiences: Collection[str] = ()
    issuers: Collection[str] = ()
    claims: Sequence[RequiredClaim] = ()
    further: Callable[[Jwt], None] | None = None
    messages: Mapping[str, str] = {}


def run(exchange: Exchange, policy: TokenPolicy, demands: Demands) -> Effect:
    """Validate the token that was sent, and act on the result as the policy declares. Raises PolicyError."""
    try:
        token, verified_by = validated(policy.presented(exchange), demands)
    except TokenRefusedError as refusal:
        exchange.note(TokenValidated(refusal.message, valid=False, reason=refusal.reason))
        message = demands.messages.get(refusal.reason, refusal.message)
        public = policy.failed_validation_error_message
        status = policy.failed_validation_httpcode
        raise PolicyError(
            refusal.reason, message, status, public_message=message if public is None else public
        ) from None
    if policy.output_token_variable_name is not None:
        exchange.variables[from_utf16(policy.output_token_variable_name)] = token
    subject = f"'{token.subject}'" if token.subject is not None else "a token without a subject"
    issuer = f" of '{token.issuer}'" if token.issuer is not None else ""
    return TokenValidated(f"{subject}{issuer}, {verified_by}", valid=True, reason=None)


def validated(written: str | None, demands: Demands) -> tuple[Jwt, str]:
    """Return the token, and what verified its signature. Raises TokenRefusedError."""
    from apimpolicy.context.tokens import parse_jwt

    if written is None:
        raise TokenRefusedError("TokenNotPresent", NOT_PRESENT)
    compact = from_utf16(written)
    if len(compact.split()) != 1:
        raise invalid("The token has white space in it: a value must not begin with a scheme such as 'Bearer '")
    if is_encrypted(compact):
        compact = decrypted(compact, demands.decryption_keys)
    token = parse_jwt(compact)
    if token is None:
        raise invalid("The token is not a JSON Web Token")
    if "crit" in token.header:
        raise invalid("The token has a critical extension (crit), and none is known")
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
            raise denied("TokenSignatureInvalid", "The token is not signed, and signed tokens are required")
        demands.trust.published(None)
        return "not signed"
    if not isinstance(algorithm, str):
        raise invalid("The token does not say which algorithm it is signed with (alg)")
    try:
        signature = decoded(encoded)
    except ValueError:
        raise denied("TokenSignatureInvalid", "The signature is not Base64url") from None
    key_id = next((value for name in ("kid", "x5t") if isinstance(value := token.header.get(name), str)), None)
    key = demands.trust.verify(
        to_utf16(algorithm), None if key_id is None else to_utf16(key_id), signed.encode("ascii"), signature
    )
    return f"verified with {key.origin}"
