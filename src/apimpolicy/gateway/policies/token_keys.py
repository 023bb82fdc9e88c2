"""Keys that verify the signatures of JSON Web Tokens, each for the tokens that fit its kind and its id.

The kind of a key comes from where the policy has it, never from the token: a text is a secret and verifies HS only, a
certificate or the numbers of a public key verify RS, PS and ES only. A public key can therefore not pass as a secret.

A token is refused with these reasons and messages:

reason                      when
──────────────────────────  ──────────────────────────────────────────────────────────────────
TokenNotPresent             there is no token (the gateway's own message)
TokenInvalidSignature       no key verifies the signature (seen)
TokenSignatureInvalid       the signature is missing, or not Base64url
TokenSignatureKeyNotFound   there is no key with the token's key id or for its algorithm
TokenExpired                the token has expired (seen, with its message)
TokenAudienceNotAllowed     the token is for another audience
TokenIssuerNotAllowed       the token has another issuer
TokenClaimNotFound          claims are missing (the gateway's own message)
TokenClaimValueMismatch     a claim has another value (seen, with its message)
TokenClaimValueNotAllowed   the application is another one (the gateway's own message)
Invalid JWT.                the token has neither three nor five segments (seen, with its message)
JwtInvalid                  any other error: no JSON, not valid yet, no expiration time, not decrypted

Reasons and messages that were seen come from `azure_texts`, the others from the gateway's documented table. Other
messages, which the gateway takes from its library and no document states, are our choice. In 2018 the first reason was
TokenNotFound.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.gateway.policies.identity_services import IdentityServices, IdentityUnavailableError
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.records import Record
from apimpolicy.text.source import is_unknown

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.text.document import Element


class TokenRefusedError(Exception):
    """A token that is not accepted. `reason` is one of the table, `message` a .NET string."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message


def refusal(name: str, /, **values: object) -> TokenRefusedError:
    """Return the refusal that `azure_texts` has by this name, with the variable parts of its text."""
    from apimpolicy.gateway.context.azure_texts import azure_entry

    return TokenRefusedError(azure_entry(name).reason, azure_text(name, **values))


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


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*")


def unreadable_part(key: Element) -> str:
    """Return the part of a `key` that is literal and can't be read: `n`, `e`, its `text`, or nothing."""
    for name in ("n", "e"):
        given = key.get(name)
        if given is None or given.value.expression is not None or is_unknown(given.value.text):
            continue
        if _BASE64URL.fullmatch(given.value.text.strip()) is None:
            return name
    is_secret = all(attribute.name == "id" for attribute in key.attributes)
    if not is_secret or key.expression is not None or is_unknown(key.text) or any(key.elements()):
        return ""
    return "" if _BASE64.fullmatch("".join(key.text.split())) else "text"


class TrustedKeys:
    """The keys of a policy. `urls` are OpenID configurations, read only when a token is to be verified."""

    def __init__(self, keys: Iterable[VerificationKey], urls: Sequence[str], identities: IdentityServices) -> None:
        self.keys = list(keys)
        self.urls = urls
        self.identities = identities
        self.issuers: list[str] = []
        self.failures: list[str] = []

    def verify(self, algorithm: str, key_id: str | None, signed: bytes, signature: bytes) -> VerificationKey:
        """Return the key that verifies the signature. Raises TokenRefusedError.

        A key with the token's id is the only one tried; when none has it, each one that fits is.
        """
        keys = self.candidates(key_id)
        fitting = [key for key in keys if fits(key, algorithm)]
        if not fitting:
            raise self.no_key(algorithm, key_id, keys)
        named = [key for key in fitting if key_id is not None and key.id == key_id]
        tried = named or fitting
        for key in tried:
            if verifies(key, algorithm, signed, signature):
                return key
        count = "1 key" if len(tried) == 1 else f"{len(tried)} keys"
        if key_id is not None and not named:
            raise refusal("token-key-id", id=key_id, count=count, details=self.explained())
        about = f"the key '{key_id}'" if named else tried[0].origin if len(tried) == 1 else f"any of {count}"
        details = azure_text("token-signature-other", algorithm=algorithm, key=about, details=self.explained())
        raise refusal("token-signature", details=f" {details}")

    def candidates(self, key_id: str | None) -> list[VerificationKey]:
        """Return all keys; providers are asked again when none has this id."""
        known = self.keys + self.published(None)
        if key_id is None or not self.urls or any(key.id == key_id for key in known):
            return known
        return self.keys + self.published(key_id)

    def published(self, missing_key: str | None) -> list[VerificationKey]:
        self.issuers.clear()
        self.failures.clear()
        keys: list[VerificationKey] = []
        for url in self.urls:
            try:
                configuration = self.identities.openid_configuration(url, missing_key)
            except IdentityUnavailableError as error:
                self.failures.append(to_utf16(str(error)))
                continue
            if configuration.issuer is not None:
                self.issuers.append(to_utf16(configuration.issuer))
            made = (VerificationKey.of_jwk(jwk, f"a key of {url}") for jwk in configuration.keys)
            keys += [key for key in made if key is not None]
        return keys

    def no_key(self, algorithm: str, key_id: str | None, keys: Sequence[VerificationKey]) -> TokenRefusedError:
        """Return the refusal where no key fits."""
        if algorithm not in ALGORITHMS:
            return refusal("token-algorithm", algorithm=algorithm, details=self.explained())
        named = "" if key_id is None else f" with the id '{key_id}'"
        there = ", ".join(dict.fromkeys(f"{key.origin} ({key.kind})" for key in keys)) or "none"
        kind = ALGORITHMS[algorithm].kind
        known = {"kind": kind, "algorithm": algorithm, "named": named, "keys": there}
        return refusal("token-key-missing", **known, details=self.explained())

    def explained(self) -> str:
        """Return why keys of providers are missing, to be added to a sentence."""
        return "".join(f"; {failure}" for failure in self.failures)


# Signatures of JSON Web Tokens: HS, RS, PS and ES with 256, 384 and 512 bits (RFC 7518, section 3)
# The documentation names RS256, RS512, PS256 and ES256, and secrets; that the rest of each family passes too is our
# choice.


class Algorithm(NamedTuple):
    """`kind` is the kind of its keys; `curve` the one curve that is allowed for ES."""

    kind: str
    hash: str
    is_pss: bool = False
    curve: str = ""


ALGORITHMS: dict[str, Algorithm] = {
    "HS256": Algorithm(HMAC, "SHA256"),
    "HS384": Algorithm(HMAC, "SHA384"),
    "HS512": Algorithm(HMAC, "SHA512"),
    "RS256": Algorithm(RSA, "SHA256"),
    "RS384": Algorithm(RSA, "SHA384"),
    "RS512": Algorithm(RSA, "SHA512"),
    "PS256": Algorithm(RSA, "SHA256", is_pss=True),
    "PS384": Algorithm(RSA, "SHA384", is_pss=True),
    "PS512": Algorithm(RSA, "SHA512", is_pss=True),
    "ES256": Algorithm(EC, "SHA256", curve="secp256r1"),
    "ES384": Algorithm(EC, "SHA384", curve="secp384r1"),
    "ES512": Algorithm(EC, "SHA512", curve="secp521r1"),
}


def fits(key: VerificationKey, name: str) -> bool:
    algorithm = ALGORITHMS.get(name)
    if algorithm is None or algorithm.kind != key.kind or key.algorithm not in (None, name):
        return False
    return key.kind != EC or key.value.curve.name == algorithm.curve


def verifies(key: VerificationKey, name: str, signed: bytes, signature: bytes) -> bool:
    """Return whether the signature is that of the key, under the algorithm of this name, which must fit the key."""
    algorithm = ALGORITHMS[name]
    if algorithm.kind == HMAC:
        expected = hmac.new(key.value, signed, getattr(hashlib, algorithm.hash.lower())).digest()
        return hmac.compare_digest(expected, signature)

    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    hash = getattr(hashes, algorithm.hash)()
    try:
        if algorithm.kind == EC:
            size = (key.value.key_size + 7) // 8
            if len(signature) != 2 * size:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
            key.value.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hash))
        elif algorithm.is_pss:
            pss = padding.PSS(padding.MGF1(hash), hash.digest_size)
            key.value.verify(signature, signed, pss, hash)
        else:
            key.value.verify(signature, signed, padding.PKCS1v15(), hash)
    except InvalidSignature:
        return False
    return True
