"""Keys that verify a signature, with what decides which tokens they are for: their kind and their id.

The kind of a key comes from where the policy has it, never from the token: a text is a secret and verifies HS only, a
certificate or the numbers of a public key verify RS, PS and ES only. A public key can therefore not pass as a secret.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate

HMAC, RSA, EC = "secret", "RSA", "EC"


class VerificationKey(Record):
    """A key. `value` is bytes (HMAC) or a public key of cryptography; `algorithm` is the only one it is for, if any.

    `origin` is where it is from, for messages.
    """

    kind: str
    value: Any
    origin: str
    id: str | None = None
    algorithm: str | None = None

    @classmethod
    def secret(cls, text: str, id: str | None = None) -> VerificationKey:
        """Make a key of Base64; white space does not matter. Raises ValueError."""
        return cls(HMAC, decoded_secret(text), "a key in Base64", id)

    @classmethod
    def numbers(cls, modulus: str, exponent: str, id: str | None = None) -> VerificationKey:
        """Make a key of modulus and exponent in Base64url. Raises ValueError."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

        n, e = (int.from_bytes(decoded(part.strip()), "big") for part in (modulus, exponent))
        return cls(RSA, RSAPublicNumbers(e, n).public_key(), "a key of n and e", id)

    @classmethod
    def of_certificate(cls, certificate: Certificate, name: str, id: str | None = None) -> VerificationKey:
        """Return the public key of a certificate. Raises ValueError for a kind that signs no tokens."""
        return cls.public(certificate.parsed.public_key(), f"the certificate '{name}'", id)

    @classmethod
    def public(cls, key: Any, origin: str, id: str | None = None, algorithm: str | None = None) -> VerificationKey:
        """Make a key of a public key of cryptography. Raises ValueError for a kind that signs no tokens."""
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        if isinstance(key, RSAPublicKey):
            return cls(RSA, key, origin, id, algorithm)
        if isinstance(key, EllipticCurvePublicKey):
            return cls(EC, key, origin, id, algorithm)
        raise ValueError(f"{origin} is neither an RSA nor an elliptic-curve key")

    @classmethod
    def of_jwk(cls, jwk: Mapping[str, Any], origin: str) -> VerificationKey | None:
        """Make a key of a published JSON Web Key; None for one that verifies no signature: secrets (never published),
        keys for encryption, kinds unknown here, and broken ones.
        """
        if jwk.get("use", "sig") != "sig":
            return None
        try:
            key = _public_key(jwk)
            id = next((to_utf16(jwk[name]) for name in ("kid", "x5t") if isinstance(jwk.get(name), str)), None)
            algorithm = jwk.get("alg") if isinstance(jwk.get("alg"), str) else None
            return None if key is None else cls.public(key, origin, id, algorithm)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return None

    def __repr__(self) -> str:
        return f"VerificationKey({self.kind!r}, {self.origin!r}, id={self.id!r})"


def decoded(text: str) -> bytes:
    """Decode Base64url without padding, as tokens have it. Raises ValueError."""
    if not text.isascii() or "+" in text or "/" in text:
        raise ValueError("it is not Base64url")
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
    except binascii.Error:
        raise ValueError("it is not Base64url") from None


def decoded_secret(text: str) -> bytes:
    """Return a secret in Base64; white space does not matter. Raises ValueError."""
    try:
        secret = base64.b64decode("".join(text.split()).encode("ascii", "replace"), validate=True)
    except binascii.Error:
        raise ValueError("it is not Base64") from None
    if not secret:
        raise ValueError("it is empty")
    return secret


def _public_key(jwk: Mapping[str, Any]) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    kind = jwk.get("kty")
    if kind == "RSA" and "n" in jwk:
        n, e = (int.from_bytes(decoded(jwk[part]), "big") for part in ("n", "e"))
        return rsa.RSAPublicNumbers(e, n).public_key()
    if kind == "EC":
        curves: dict[str, Any] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
        curve = curves.get(jwk["crv"])
        if curve is None:
            return None
        x, y = (int.from_bytes(decoded(jwk[part]), "big") for part in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, curve()).public_key()
    if kind == "RSA" and "x5c" in jwk:
        from cryptography import x509

        return x509.load_der_x509_certificate(base64.b64decode(jwk["x5c"][0])).public_key()
    return None
