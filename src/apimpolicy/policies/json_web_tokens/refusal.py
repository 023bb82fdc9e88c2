"""The refusal of a token: the reasons and messages of the gateway's error table.

reason                      when
──────────────────────────  ──────────────────────────────────────────────────────────────────
TokenNotPresent             there is no token (the gateway's own message)
TokenSignatureInvalid       the signature is missing, or no key verifies it
TokenSignatureKeyNotFound   there is no key with the token's key id or for its algorithm
TokenExpired                the token has expired
TokenAudienceNotAllowed     the token is for another audience
TokenIssuerNotAllowed       the token has another issuer
TokenClaimNotFound          claims are missing (the gateway's own message)
TokenClaimValueNotAllowed   a claim has another value (the gateway's own message)
JwtInvalid                  any other error: no JWT, not valid yet, no expiration time, not decrypted

The other messages, which the gateway takes from its library and no document states, are our choice. In 2018 the first
reason was TokenNotFound.
"""

from __future__ import annotations

NOT_PRESENT = "JWT not present."


class TokenRefusedError(Exception):
    """A token that is not accepted. `reason` is one of the table, `message` a .NET string."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message


def denied(reason: str, sentence: str) -> TokenRefusedError:
    """Return a refusal with the gateway's ending: `<sentence>. Access denied.`"""
    return TokenRefusedError(reason, f"{sentence}. Access denied.")


def invalid(sentence: str) -> TokenRefusedError:
    """Return the refusal JwtInvalid, which has no ending."""
    return TokenRefusedError("JwtInvalid", f"{sentence}.")
