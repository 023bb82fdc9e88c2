"""The keys that a policy trusts: its own, and those that OpenID providers publish."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.identity_services import Identities, IdentityUnavailableError
from apimpolicy.policies.json_web_tokens.keys import EC, HMAC, RSA, VerificationKey
from apimpolicy.policies.json_web_tokens.refusal import denied


class Trust:
    """The keys of a policy. `urls` are OpenID configurations, read only when a token is to be verified."""

    def __init__(self, keys: Iterable[VerificationKey], urls: Sequence[str], identities: Identities) -> None:
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
            raise denied("TokenSignatureKeyNotFound", self.no_key(algorithm, key_id, keys))
        named = [key for key in fitting if key_id is not None and key.id == key_id]
        tried = named or fitting
        for key in tried:
            if verifies(key, algorithm, signed, signature):
                return key
        count = "1 key" if len(tried) == 1 else f"{len(tried)} keys"
        if key_id is not None and not named:
            sentence = f"No key has the id '{key_id}', and no other verifies the signature ({count} tried)"
            raise denied("TokenSignatureKeyNotFound", self.explained(sentence))
        about = f"the key '{key_id}'" if named else tried[0].origin if len(tried) == 1 else f"any of {count}"
        raise denied("TokenSignatureInvalid", self.explained(f"The signature ({algorithm}) is not that of {about}"))

    def candidates(self, key_id: str | None) -> list[VerificationKey]:
        """Return all keys; providers are asked again when none has this id."""
        known = self.keys + self.published(None)
        if key_id is None or not self.urls or any(key.id == key_id for key in known):
            return known
        return self.keys + self.published(key_id)

    def published(self, missing_key: str | None) -> list[VerificationKey]:
        """Return providers' current keys."""
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

    def no_key(self, algorithm: str, key_id: str | None, keys: Sequence[VerificationKey]) -> str:
        if algorithm not in ALGORITHMS:
            return self.explained(f"The gateway does not verify the algorithm '{algorithm}'")
        named = "" if key_id is None else f" with the id '{key_id}'"
        there = ", ".join(dict.fromkeys(f"{key.origin} ({key.kind})" for key in keys)) or "none"
        kind = ALGORITHMS[algorithm].kind
        return self.explained(f"There is no {kind} key for {algorithm}{named}; the keys are {there}")

    def explained(self, sentence: str) -> str:
        """Return the sentence with the errors of providers."""
        return "; ".join((sentence, *self.failures))


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
    """Return whether the key is one for the algorithm of this name."""
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
