"""Sign with RSA-PSS (RFC 8017, 9.1.1): the salt follows from the content, so that a second run gives the same."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def sign_pss(key: RSAPrivateKey, digest: bytes, hash: str) -> bytes:
    """Return the signature of a digest, made with the algorithm `hash` (`sha256`); the salt is as long as the digest.

    Raises ValueError for a key that is too short.
    """
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    bits = modulus.bit_length() - 1
    length, size = (bits + 7) // 8, len(digest)
    if length < 2 * size + 2:
        raise ValueError("the key is too short for this hash algorithm")
    salt = _hashed(hash, b"salt" + digest)
    seed = _hashed(hash, bytes(8) + digest + salt)
    block = bytes(length - 2 * size - 2) + b"\x01" + salt
    masked = bytearray(one ^ other for one, other in zip(block, _mask(hash, seed, len(block)), strict=True))
    masked[0] &= 0xFF >> (8 * length - bits)
    encoded = int.from_bytes(bytes(masked) + seed + b"\xbc", "big")
    return pow(encoded, numbers.d, modulus).to_bytes((modulus.bit_length() + 7) // 8, "big")


def _hashed(hash: str, data: bytes) -> bytes:
    return hashlib.new(hash, data, usedforsecurity=False).digest()


def _mask(hash: str, seed: bytes, length: int) -> bytes:
    found = b""
    while len(found) < length:
        found += _hashed(hash, seed + (len(found) // len(seed)).to_bytes(4, "big"))
    return found[:length]
