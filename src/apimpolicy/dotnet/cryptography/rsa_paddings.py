"""RSASignaturePadding and RSAEncryptionPadding."""

from __future__ import annotations

from apimpolicy.dotnet.cryptography.identifiers import HashAlgorithmName
from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.dotnet.values import wrap_int32

_NAMESPACE = "System.Security.Cryptography."
_SIGNATURE = _NAMESPACE + "RSASignaturePadding"
_ENCRYPTION = _NAMESPACE + "RSAEncryptionPadding"


@dotnet_class(_SIGNATURE, members="Mode")
class RSASignaturePadding:
    """`mode` is 0 for PKCS#1 v1.5, 1 for PSS with a salt as long as the hash."""

    def __init__(self, mode: int) -> None:
        self.mode = mode

    def to_string(self) -> str:
        return "Pss" if self.mode else "Pkcs1"

    def get_hash_code(self) -> int:
        return self.mode

    def equals(self, other: object) -> bool:
        return self == other


PKCS1_SIGNATURE = RSASignaturePadding(0)
PSS_SIGNATURE = RSASignaturePadding(1)


@dotnet_class(_ENCRYPTION, members="Mode OaepHashAlgorithm=hash")
class RSAEncryptionPadding:
    """`mode` is 0 for PKCS#1 v1.5, 1 for OAEP over `hash`."""

    def __init__(self, mode: int, hash: HashAlgorithmName) -> None:
        self.mode = mode
        self.hash = hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RSAEncryptionPadding) and (self.mode, self.hash) == (other.mode, other.hash)

    def __hash__(self) -> int:
        return hash((self.mode, self.hash))

    def to_string(self) -> str:
        return f"Oaep{self.hash.name}" if self.mode else "Pkcs1"

    def get_hash_code(self) -> int:
        return wrap_int32(wrap_int32(self.mode * 33) ^ self.hash.get_hash_code())

    def equals(self, other: object) -> bool:
        return self == other

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


implements_all(_ENCRYPTION, {"op_Equality": lambda left, right: left == right})
implements_all(_ENCRYPTION, {"op_Inequality": lambda left, right: left != right})
