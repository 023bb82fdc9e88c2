"""The child elements that validate-jwt and validate-azure-ad-token have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.conversions import text, trimmed
from apimpolicy.policies.effects import Listed
from apimpolicy.policies.json_web_tokens.checks import RequiredClaim
from apimpolicy.policies.json_web_tokens.encryption import DecryptionKey
from apimpolicy.policies.json_web_tokens.keys import decoded_secret
from apimpolicy.policies.spec import PolicyError, child_texts, children, content, expression_attribute, part
from apimpolicy.policies.uploaded_certificates import uploaded_certificate

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange, Step


@part("audiences")
class Audiences:
    audiences: list[str] = child_texts("audience", trimmed, required=True, filled=True)


@part("claim")
class Claim:
    name: str = expression_attribute(trimmed, default="")
    match: str = expression_attribute(default="all", values=("all", "any"))
    separator: str | None = expression_attribute()
    values: list[str] = child_texts("value", text)


@part("required-claims")
class RequiredClaims:
    claims: list[Step] = children(Claim, required=True)


@part("key")
class DecryptionKeyElement:
    id: str | None = expression_attribute(trimmed)
    certificate_id: str | None = expression_attribute(trimmed)
    text: str = content(trimmed)


@part("decryption-keys")
class DecryptionKeys:
    keys: list[Step] = children(DecryptionKeyElement, required=True)


def texts_of(exchange: Exchange, step: Step | None, field: str) -> list[str]:
    """Return the texts of a list element such as `audiences`, empty without it."""
    if step is None:
        return []
    found: list[str] = getattr(exchange.evaluate(step), field)
    shown = ", ".join(found) or "none"
    exchange.note(Listed(shown, count=len(found)), step)
    return found


def required_claims(exchange: Exchange, step: Step | None) -> list[RequiredClaim]:
    """Return the claims of `required-claims`."""
    claims: list[RequiredClaim] = []
    for inner in () if step is None else exchange.evaluate(step).claims:
        claim: Claim = exchange.evaluate(inner)
        values = ", ".join(claim.values) or "any value"
        exchange.note(Listed(f"{claim.name}: {values}", count=len(claim.values)), inner)
        claims.append(RequiredClaim(claim.name, claim.values, claim.match == "any", claim.separator))
    return claims


def decryption_keys(exchange: Exchange, step: Step | None) -> list[DecryptionKey]:
    """Return the keys of `decryption-keys`. Raises PolicyError for one that is not usable."""
    keys: list[DecryptionKey] = []
    for inner in () if step is None else exchange.evaluate(step).keys:
        key: DecryptionKeyElement = exchange.evaluate(inner)
        if key.certificate_id is None:
            try:
                keys.append(DecryptionKey(decoded_secret(key.text)))
            except ValueError as error:
                raise PolicyError(None, f"A decryption key is not usable: {error}.") from None
            continue
        certificate = uploaded_certificate(exchange, key.certificate_id)
        if not certificate.has_private_key:
            raise PolicyError(None, f"The certificate '{key.certificate_id}' has no private key to decrypt with.")
        keys.append(DecryptionKey(certificate.private_key))
    return keys
