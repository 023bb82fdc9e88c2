"""RSA keys as C# sees them: signing, verifying, encrypting, and the paddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.cryptography.hashing import span
from apimpolicy.dotnet.cryptography.identifiers import HashAlgorithmName
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentNullException, CryptographicException
from apimpolicy.dotnet.registry import dotnet_class, implements, member
from apimpolicy.dotnet.values import Array, byte_array

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_NAMESPACE = "System.Security.Cryptography."
_SIGNATURE = _NAMESPACE + "RSASignaturePadding"
_ENCRYPTION = _NAMESPACE + "RSAEncryptionPadding"
_HASH = _NAMESPACE + "HashAlgorithmName"


@dotnet_class(_SIGNATURE, attributes={"Mode": "mode"})
class RSASignaturePadding:
    """`mode` is 0 for PKCS#1 v1.5, 1 for PSS with a salt as long as the hash."""

    def __init__(self, mode: int) -> None:
        self.mode = mode

    @member("string ToString()")
    def to_string(self) -> str:
        return "Pss" if self.mode else "Pkcs1"


PKCS1_SIGNATURE = RSASignaturePadding(0)
PSS_SIGNATURE = RSASignaturePadding(1)


@dotnet_class(_ENCRYPTION, attributes={"Mode": "mode", "OaepHashAlgorithm": "hash"})
class RSAEncryptionPadding:
    """`mode` is 0 for PKCS#1 v1.5, 1 for OAEP over `hash`."""

    def __init__(self, mode: int, hash: HashAlgorithmName) -> None:
        self.mode = mode
        self.hash = hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RSAEncryptionPadding) and (self.mode, self.hash) == (other.mode, other.hash)

    def __hash__(self) -> int:
        return hash((self.mode, self.hash))

    @member("string ToString()")
    def to_string(self) -> str:
        return f"Oaep{self.hash.name}" if self.mode else "Pkcs1"

    @staticmethod
    @member(f"static {_ENCRYPTION} CreateOaep({_HASH} hashAlgorithm)")
    def create_oaep(hash: HashAlgorithmName) -> RSAEncryptionPadding:
        return RSAEncryptionPadding(1, hash)


@implements(_SIGNATURE, f"static {_SIGNATURE} Pkcs1 {{ get; }}")
def signature_pkcs1() -> RSASignaturePadding:
    return PKCS1_SIGNATURE


@implements(_SIGNATURE, f"static {_SIGNATURE} Pss {{ get; }}")
def signature_pss() -> RSASignaturePadding:
    return PSS_SIGNATURE


@implements(_SIGNATURE, f"static bool op_Equality({_SIGNATURE} left, {_SIGNATURE} right)")
@implements(_ENCRYPTION, f"static bool op_Equality({_ENCRYPTION} left, {_ENCRYPTION} right)")
def paddings_equal(left: object, right: object) -> bool:
    return left == right


@implements(_SIGNATURE, f"static bool op_Inequality({_SIGNATURE} left, {_SIGNATURE} right)")
@implements(_ENCRYPTION, f"static bool op_Inequality({_ENCRYPTION} left, {_ENCRYPTION} right)")
def paddings_differ(left: object, right: object) -> bool:
    return left != right


def _register_encryption_padding(name: str, padding: RSAEncryptionPadding) -> None:
    implements(_ENCRYPTION, f"static {_ENCRYPTION} {name} {{ get; }}")(lambda: padding)


_register_encryption_padding("Pkcs1", RSAEncryptionPadding(0, HashAlgorithmName(None)))
for _name in ("SHA1", "SHA256", "SHA384", "SHA512"):
    _register_encryption_padding("Oaep" + _name, RSAEncryptionPadding(1, HashAlgorithmName(_name)))


@dotnet_class(_NAMESPACE + "RSA", attributes={"KeyExchangeAlgorithm": "algorithm", "SignatureAlgorithm": "algorithm"})
class RSA:
    """A key pair, or only its public half. `key_size` is in bits."""

    algorithm = "RSA"

    def __init__(self, public: RSAPublicKey, private: RSAPrivateKey | None = None) -> None:
        self._public = public
        self._private = private
        self.key_size = public.key_size

    @staticmethod
    @member("static System.Security.Cryptography.RSA Create()")
    def create() -> RSA:
        return RSA.create_with_size(2048)

    @staticmethod
    @member("static System.Security.Cryptography.RSA Create(int keySizeInBits)")
    def create_with_size(bits: int) -> RSA:
        """A new random key; the one thing here that a seed of the environment does not repeat."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        if not 1024 <= bits <= 8192 or bits % 8:
            raise CryptographicException("Specified key is not a valid size for this algorithm.")
        key = rsa.generate_private_key(65537, bits)
        return RSA(key.public_key(), key)

    def _private_key(self) -> RSAPrivateKey:
        if self._private is None:
            raise CryptographicException(
                "Object contains only the public half of a key pair. A private key must also be provided."
            )
        return self._private

    @member(f"byte[] SignData(byte[] data, {_HASH} hashAlgorithm, {_SIGNATURE} padding)")
    def sign_data(self, data: Array | None, hash: HashAlgorithmName, padding: RSASignaturePadding | None) -> Array:
        if data is None:
            raise ArgumentNullException("data")
        return self._sign(bytes(data), hash, padding, hashed=False)

    @member(f"byte[] SignData(byte[] data, int offset, int count, {_HASH} hashAlgorithm, {_SIGNATURE} padding)")
    def sign_range(
        self, data: Array | None, offset: int, count: int, hash: HashAlgorithmName, padding: RSASignaturePadding | None
    ) -> Array:
        return self._sign(span(data, offset, count, "data", "offset"), hash, padding, hashed=False)

    @member(f"byte[] SignHash(byte[] hash, {_HASH} hashAlgorithm, {_SIGNATURE} padding)")
    def sign_hash(self, data: Array | None, hash: HashAlgorithmName, padding: RSASignaturePadding | None) -> Array:
        if data is None:
            raise ArgumentNullException("hash")
        return self._sign(bytes(data), hash, padding, hashed=True)

    def _sign(
        self, data: bytes, hash: HashAlgorithmName, padding: RSASignaturePadding | None, *, hashed: bool
    ) -> Array:
        chosen, algorithm = _signature_scheme(hash, padding, data if hashed else None)
        return byte_array(self._private_key().sign(data, chosen, algorithm))

    @member(f"bool VerifyData(byte[] data, byte[] signature, {_HASH} hashAlgorithm, {_SIGNATURE} padding)")
    def verify_data(
        self,
        data: Array | None,
        signature: Array | None,
        hash: HashAlgorithmName,
        padding: RSASignaturePadding | None,
    ) -> bool:
        if data is None:
            raise ArgumentNullException("data")
        return self._verify(bytes(data), signature, hash, padding, hashed=False)

    @member(
        f"bool VerifyData(byte[] data, int offset, int count, byte[] signature, {_HASH} hashAlgorithm,"
        f" {_SIGNATURE} padding)"
    )
    def verify_range(
        self,
        data: Array | None,
        offset: int,
        count: int,
        signature: Array | None,
        hash: HashAlgorithmName,
        padding: RSASignaturePadding | None,
    ) -> bool:
        return self._verify(span(data, offset, count, "data", "offset"), signature, hash, padding, hashed=False)

    @member(f"bool VerifyHash(byte[] hash, byte[] signature, {_HASH} hashAlgorithm, {_SIGNATURE} padding)")
    def verify_hash(
        self,
        data: Array | None,
        signature: Array | None,
        hash: HashAlgorithmName,
        padding: RSASignaturePadding | None,
    ) -> bool:
        if data is None:
            raise ArgumentNullException("hash")
        return self._verify(bytes(data), signature, hash, padding, hashed=True)

    def _verify(
        self,
        data: bytes,
        signature: Array | None,
        hash: HashAlgorithmName,
        padding: RSASignaturePadding | None,
        *,
        hashed: bool,
    ) -> bool:
        from cryptography.exceptions import InvalidSignature

        if signature is None:
            raise ArgumentNullException("signature")
        chosen, algorithm = _signature_scheme(hash, padding, data if hashed else None)
        try:
            self._public.verify(bytes(signature), data, chosen, algorithm)
        except InvalidSignature:
            return False
        return True

    @member(f"byte[] Encrypt(byte[] data, {_ENCRYPTION} padding)")
    def encrypt(self, data: Array | None, padding: RSAEncryptionPadding | None) -> Array:
        if data is None:
            raise ArgumentNullException("data")
        try:
            return byte_array(self._public.encrypt(bytes(data), _encryption_padding(padding)))
        except ValueError:
            raise CryptographicException(
                "The message exceeds the maximum allowable length for the chosen options."
            ) from None

    @member(f"byte[] Decrypt(byte[] data, {_ENCRYPTION} padding)")
    def decrypt(self, data: Array | None, padding: RSAEncryptionPadding | None) -> Array:
        if data is None:
            raise ArgumentNullException("data")
        try:
            return byte_array(self._private_key().decrypt(bytes(data), _encryption_padding(padding)))
        except ValueError:
            raise CryptographicException("The parameter is incorrect.") from None

    @member("byte[] ExportRSAPublicKey()")
    def export_public_key(self) -> Array:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return byte_array(self._public.public_bytes(Encoding.DER, PublicFormat.PKCS1))


@implements(_NAMESPACE + "AsymmetricAlgorithm", "int KeySize { get; set; }")
def key_size(key: RSA) -> int:
    return key.key_size


@implements(_NAMESPACE + "AsymmetricAlgorithm", "void Clear()")
@implements(_NAMESPACE + "AsymmetricAlgorithm", "void Dispose()")
def dispose(key: RSA) -> None:
    """Nothing is held: the key stays with its certificate."""


def _hash(name: HashAlgorithmName) -> Any:
    from cryptography.hazmat.primitives import hashes

    if not name.name:
        raise ArgumentException("The hash algorithm name cannot be null or empty.", "hashAlgorithm")
    if name.name not in ("MD5", "SHA1", "SHA256", "SHA384", "SHA512"):
        raise CryptographicException(f"'{name.name}' is not a known hash algorithm.")
    return getattr(hashes, name.name)()


def _signature_scheme(
    name: HashAlgorithmName, padding: RSASignaturePadding | None, digest: bytes | None
) -> tuple[Any, Any]:
    """Padding and hash for `cryptography`; `digest` is given when the data is hashed already."""
    from cryptography.hazmat.primitives.asymmetric import padding as paddings
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    algorithm = _hash(name)
    if padding is None:
        raise ArgumentNullException("padding")
    if digest is not None and len(digest) != algorithm.digest_size:
        raise CryptographicException(
            "The provided hash value is not the expected size for the specified hash algorithm."
        )
    chosen: Any = paddings.PKCS1v15()
    if padding.mode == PSS_SIGNATURE.mode:
        chosen = paddings.PSS(paddings.MGF1(algorithm), algorithm.digest_size)
    return chosen, algorithm if digest is None else Prehashed(algorithm)


def _encryption_padding(padding: RSAEncryptionPadding | None) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding as paddings

    if padding is None:
        raise ArgumentNullException("padding")
    if padding.mode == 0:
        return paddings.PKCS1v15()
    algorithm = _hash(padding.hash)
    return paddings.OAEP(paddings.MGF1(algorithm), algorithm, None)
