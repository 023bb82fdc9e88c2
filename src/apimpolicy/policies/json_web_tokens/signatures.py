"""Signatures of JSON Web Tokens: HS, RS, PS and ES with 256, 384 and 512 bits (RFC 7518, section 3).

The documentation names RS256, RS512, PS256 and ES256, and secrets; that the rest of each family passes too is our choice.
"""  # noqa: E501

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from apimpolicy.policies.json_web_tokens.keys import EC, HMAC, RSA, VerificationKey


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
