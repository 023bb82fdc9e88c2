"""Encrypted tokens (JWE, compact form): the decrypted text is a token, to be verified like any other.

With a certificate: RSA-OAEP, RSA-OAEP-256, RSA1_5. With a secret: `dir` and key wrapping (A128KW, A192KW, A256KW).
Contents: A128CBC-HS256, A192CBC-HS384, A256CBC-HS512, which the documentation names, and A128GCM, A192GCM, A256GCM.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from apimpolicy.policies.json_web_tokens.refusal import invalid

SECRET_ALGORITHMS = ("dir", "A128KW", "A192KW", "A256KW")
CERTIFICATE_ALGORITHMS = ("RSA-OAEP", "RSA-OAEP-256", "RSA1_5")
ENCODINGS = ("A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM")
PARTS = 5
_LONGEST_HEADER = 8_192
_LONGEST_CONTENT = 1 << 20


class DecryptionKey(NamedTuple):
    """Bytes of a secret, or a private RSA key of cryptography."""

    value: Any

    @property
    def is_secret(self) -> bool:
        return isinstance(self.value, bytes)


def is_encrypted(token: str) -> bool:
    """Return whether the token has the form of an encrypted one."""
    return token.count(".") == PARTS - 1


def decrypted(token: str, keys: Sequence[DecryptionKey]) -> str:
    """Return the token inside. Every key is tried. Raises TokenRefusedError."""
    if not keys:
        raise invalid("The token is encrypted, and the policy has no decryption-keys")
    for key in keys:
        text = _decrypted(token, key)
        if text is not None:
            return text
    tried = "the key does not" if len(keys) == 1 else f"none of {len(keys)} keys does"
    raise invalid(f"The token is encrypted, and {tried} decrypt it")


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
