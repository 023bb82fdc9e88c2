"""The refusal of a token: the reasons and messages of the gateway's error table.

reason                      when (the message)
──────────────────────────  ──────────────────────────────────────────────────────────────────────
TokenNotPresent             there is not a token (the gateway's own words)
TokenSignatureInvalid       a signature that is missing, or that no key verifies (ours)
TokenSignatureKeyNotFound   no key of the kind or with the id that the token asks for (ours)
TokenExpired                too late (ours)
TokenAudienceNotAllowed     meant for somebody else (ours)
TokenIssuerNotAllowed       issued by somebody else (ours)
TokenClaimNotFound          claims are missing (the gateway's own words)
TokenClaimValueNotAllowed   a claim has another value (the gateway's own words)
JwtInvalid                  whatever else: no JWT, not valid yet, no expiration time, not decrypted (ours)

Where the gateway repeats what its library says, the words are ours: the documentation does not fix them. In 2018 it
called the first reason TokenNotFound.
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
