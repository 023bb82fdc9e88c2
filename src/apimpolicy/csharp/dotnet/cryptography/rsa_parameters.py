"""RSAParameters, RSASignaturePadding and RSAEncryptionPadding."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.cryptography.identifiers import HashAlgorithmName
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, CryptographicException
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.csharp.dotnet.values import Array, Equatable, byte_array, wrap_int32
from apimpolicy.records import Record

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import (
        RSAPrivateKey,
        RSAPrivateNumbers,
        RSAPublicKey,
        RSAPublicNumbers,
    )


_NAMES = ("Modulus", "Exponent", "P", "Q", "DP", "DQ", "InverseQ", "D")
"""In the order of the XML form."""


@dotnet_class("System.Security.Cryptography.RSAParameters", members="Modulus Exponent P Q DP=dp DQ=dq InverseQ D")
class RSAParameters:
    """Big-endian numbers as `byte[]`; those of the private half are None in a public key."""

    __slots__ = ("d", "dp", "dq", "exponent", "inverse_q", "modulus", "p", "q")

    def __init__(self, numbers: dict[str, Array]) -> None:
        self.modulus, self.exponent, self.p, self.q, self.dp, self.dq, self.inverse_q, self.d = map(numbers.get, _NAMES)

    @staticmethod
    def of(public: RSAPublicNumbers, private: RSAPrivateNumbers | None) -> RSAParameters:
        """D is as long as the modulus, the others of the private half are half as long, as in .NET."""
        size = (public.n.bit_length() + 7) // 8
        numbers = {"Modulus": _bytes(public.n, size), "Exponent": _bytes(public.e)}
        if private is not None:
            half = (size + 1) // 2
            parts = {
                "P": private.p, "Q": private.q, "DP": private.dmp1, "DQ": private.dmq1, "InverseQ": private.iqmp,
            }  # fmt: skip
            numbers |= {name: _bytes(number, half) for name, number in parts.items()}
            numbers["D"] = _bytes(private.d, size)
        return RSAParameters(numbers)

    @staticmethod
    def from_xml(xml: str) -> RSAParameters:
        """From `<RSAKeyValue>`. Raises CryptographicException when modulus or exponent is missing."""
        found: dict[str, Array] = {}
        for name in _NAMES:
            _, opening, rest = xml.partition(f"<{name}>")
            text, closing, _ = rest.partition(f"</{name}>")
            if opening and closing:
                try:
                    found[name] = byte_array(base64.b64decode("".join(text.split()), validate=True))
                except ValueError:
                    raise _invalid_xml(name) from None
        for name in ("Modulus", "Exponent"):
            if name not in found:
                raise _invalid_xml(name)
        return RSAParameters(found)

    def to_xml(self) -> str:
        values = (self.modulus, self.exponent, self.p, self.q, self.dp, self.dq, self.inverse_q, self.d)
        shown = "".join(
            f"<{name}>{base64.b64encode(bytes(value)).decode()}</{name}>"
            for name, value in zip(_NAMES, values, strict=True)
            if value is not None
        )
        return f"<RSAKeyValue>{shown}</RSAKeyValue>"

    def keys(self) -> tuple[RSAPublicKey, RSAPrivateKey | None]:
        """Raises CryptographicException for an incomplete or impossible key."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        private_half = (self.p, self.q, self.d, self.dp, self.dq, self.inverse_q)
        if self.modulus is None or self.exponent is None:
            raise CryptographicException("Value was invalid.")
        try:
            public = rsa.RSAPublicNumbers(_number(self.exponent), _number(self.modulus))
            if all(part is None for part in private_half):
                return public.public_key(), None
            p, q, d, dp, dq, inverse = (_number(part) for part in private_half if part is not None)
            private = rsa.RSAPrivateNumbers(p, q, d, dp, dq, inverse, public).private_key()
        except ValueError:
            raise CryptographicException("Value was invalid.") from None
        return private.public_key(), private


def _invalid_xml(name: str) -> CryptographicException:
    return CryptographicException(f"Input string does not contain a valid encoding of the 'RSA' '{name}' parameter.")


def _bytes(number: int, size: int | None = None) -> Array:
    return byte_array(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _number(data: Array) -> int:
    return int.from_bytes(bytes(data), "big")


_NAMESPACE = "System.Security.Cryptography."
_SIGNATURE = _NAMESPACE + "RSASignaturePadding"
_ENCRYPTION = _NAMESPACE + "RSAEncryptionPadding"


@dotnet_class(_SIGNATURE, members="Mode")
class RSASignaturePadding(Record):
    """`mode` is 0 for PKCS#1 v1.5, 1 for PSS with a salt as long as the hash."""

    mode: int

    def to_string(self) -> str:
        return "Pss" if self.mode else "Pkcs1"

    def get_hash_code(self) -> int:
        return self.mode

    def equals(self, other: object) -> bool:
        return self == other


PKCS1_SIGNATURE = RSASignaturePadding(0)
PSS_SIGNATURE = RSASignaturePadding(1)


@dotnet_class(_ENCRYPTION, members="Mode OaepHashAlgorithm=hash")
class RSAEncryptionPadding(Equatable):
    """`mode` is 0 for PKCS#1 v1.5, 1 for OAEP over `hash`."""

    def __init__(self, mode: int, hash: HashAlgorithmName) -> None:
        self.mode = mode
        self.hash = hash

    def to_string(self) -> str:
        return f"Oaep{self.hash.name}" if self.mode else "Pkcs1"

    def get_hash_code(self) -> int:
        return wrap_int32(wrap_int32(self.mode * 33) ^ self.hash.get_hash_code())

    @property
    def identity(self) -> Any:
        return self.mode, self.hash

    @staticmethod
    def create_oaep(hash: HashAlgorithmName) -> RSAEncryptionPadding:
        if not hash.name:
            raise ArgumentException("The hash algorithm name cannot be null or empty.", "hashAlgorithm")
        return RSAEncryptionPadding(1, hash)


def _register_encryption_padding(name: str, padding: RSAEncryptionPadding) -> None:
    implements(_ENCRYPTION, f"static {_ENCRYPTION} {name} {{ get; }}")(lambda: padding)


_register_encryption_padding("Pkcs1", RSAEncryptionPadding(0, HashAlgorithmName(None)))
for _name in ("SHA1", "SHA256", "SHA384", "SHA512"):
    _register_encryption_padding("Oaep" + _name, RSAEncryptionPadding(1, HashAlgorithmName(_name)))

implements_all(
    _SIGNATURE,
    {
        "Pkcs1": lambda: PKCS1_SIGNATURE,
        "Pss": lambda: PSS_SIGNATURE,
        "op_Equality": lambda left, right: left == right,
        "op_Inequality": lambda left, right: left != right,
    },
)


implements_all(
    _ENCRYPTION, {"op_Equality": lambda left, right: left == right, "op_Inequality": lambda left, right: left != right}
)
