"""RSA keys as C# sees them: signing, verifying, encrypting."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

from apimpolicy.csharp.dotnet.cryptography.rsa_parameters import PSS_SIGNATURE, RSAParameters
from apimpolicy.csharp.dotnet.cryptography.symmetric import KeySizes
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import CryptographicException, NotSupportedException, check_range, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_setter, interface_members, member
from apimpolicy.csharp.dotnet.values import Array, byte_array
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from apimpolicy.csharp.dotnet.cryptography.identifiers import HashAlgorithmName
    from apimpolicy.csharp.dotnet.cryptography.rsa_parameters import RSAEncryptionPadding, RSASignaturePadding


# Sign with RSA-PSS (RFC 8017, 9.1.1): the salt follows from the content, so that a second run gives the same.


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


_NAMESPACE = "System.Security.Cryptography."

_BITS_CUBED_PER_STEP = 1 << 15
"""Finding the primes of a key takes about the cube of its length: for 4,096 bits a second, and at times several."""
LEGAL_KEY_SIZES = KeySizes(512, 16384, 8)
SMALLEST_NEW_KEY, LARGEST_NEW_KEY = 1024, 4096
"""Bits of the keys that are made here; keys that are read may have any size."""

_NAMES = frozenset(("rsa", "system.security.cryptography.rsa", "system.security.cryptography.asymmetricalgorithm"))
_OTHER_NAMES = frozenset(("dsa", "ecdsa", "system.security.cryptography.dsa", "system.security.cryptography.ecdsa"))


@dotnet_class(
    _NAMESPACE + "RSA",
    members=(
        "KeyExchangeAlgorithm=algorithm SignatureAlgorithm=algorithm EncryptValue=raw_operation "
        "DecryptValue=raw_operation ExportRSAPublicKey=export_public_key "
        "ExportRSAPrivateKey=export_private_key"
    ),
)
class RSA:
    """A key pair, or only its public half. `key_size` is in bits.

    A new one makes its random key when it is first needed: the one thing here that a seed does not repeat.
    """

    algorithm = "RSA"

    def __init__(
        self, public: RSAPublicKey | None = None, private: RSAPrivateKey | None = None, key_size: int = 2048
    ) -> None:
        self._public = public
        self._private = private
        self._key_size = key_size

    @staticmethod
    @member("Create()")
    def create() -> RSA:
        return RSA()

    @staticmethod
    @member("Create(int)")
    def create_with_size(bits: int) -> RSA:
        made = RSA()
        made.set_key_size(bits)
        return made

    @staticmethod
    @member("Create(RSAParameters)")
    def create_from(parameters: RSAParameters) -> RSA:
        made = RSA()
        made.import_parameters(parameters)
        return made

    @property
    def key_size(self) -> int:
        return self._key_size if self._public is None else self._public.key_size

    def set_key_size(self, bits: int) -> None:
        """Another size throws the key away; CryptographicException for sizes that RSA does not have here."""
        if not LEGAL_KEY_SIZES.allows(bits):
            raise CryptographicException("Specified key is not a valid size for this algorithm.")
        if bits != self.key_size:
            self._public = self._private = None
            self._key_size = bits

    @property
    def public_key(self) -> RSAPublicKey:
        if self._public is None:
            from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

            if not SMALLEST_NEW_KEY <= self._key_size <= LARGEST_NEW_KEY:
                raise NotSimulatedError(f"new RSA keys of {self._key_size} bits")
            environment().step(self._key_size**3 // _BITS_CUBED_PER_STEP)
            self._private = generate_private_key(65537, self._key_size)
            self._public = self._private.public_key()
        return self._public

    @property
    def private_key(self) -> RSAPrivateKey:
        """Raises CryptographicException when there is only a public key."""
        _ = self.public_key
        if self._private is None:
            raise CryptographicException(
                "Object contains only the public half of a key pair. A private key must also be provided."
            )
        return self._private

    def export_parameters(self, include_private: bool) -> RSAParameters:
        private = self.private_key.private_numbers() if include_private else None
        return RSAParameters.of(self.public_key.public_numbers(), private)

    def import_parameters(self, parameters: RSAParameters) -> None:
        """Take over a key. Raises CryptographicException when the numbers are none."""
        self._public, self._private = parameters.keys()

    def from_xml_string(self, xml: str | None) -> None:
        """Take over a key from `<RSAKeyValue>`. Raises CryptographicException for what is none."""
        self.import_parameters(RSAParameters.from_xml(require(xml, "xmlString")))

    def to_xml_string(self, include_private: bool) -> str:
        return self.export_parameters(include_private).to_xml()

    def raw_operation(self, data: Array | None) -> NoReturn:
        """.NET Core has no RSA without padding."""
        raise NotSupportedException("Method not supported.")

    @member("SignData(byte[], HashAlgorithmName, RSASignaturePadding)")
    def sign_data(self, data: Array | None, hash: HashAlgorithmName, padding: RSASignaturePadding | None) -> Array:
        return self._sign(bytes(require(data, "data")), hash, padding, hashed=False)

    @member("SignData(byte[], int, int, HashAlgorithmName, RSASignaturePadding)")
    def sign_range(
        self, data: Array | None, offset: int, count: int, hash: HashAlgorithmName, padding: RSASignaturePadding | None
    ) -> Array:
        return self._sign(_part(data, offset, count), hash, padding, hashed=False)

    def sign_hash(self, data: Array | None, hash: HashAlgorithmName, padding: RSASignaturePadding | None) -> Array:
        return self._sign(bytes(require(data, "hash")), hash, padding, hashed=True)

    def _sign(
        self, data: bytes, hash: HashAlgorithmName, padding: RSASignaturePadding | None, *, hashed: bool
    ) -> Array:
        chosen, algorithm = _signature_scheme(hash, padding, data if hashed else None)
        if padding is not None and padding.mode == PSS_SIGNATURE.mode:
            name = str(hash.name).lower()
            return byte_array(sign_pss(self.private_key, data if hashed else hashlib.new(name, data).digest(), name))
        return byte_array(self.private_key.sign(data, chosen, algorithm))

    @member("VerifyData(byte[], byte[], HashAlgorithmName, RSASignaturePadding)")
    def verify_data(
        self, data: Array | None, signature: Array | None, hash: HashAlgorithmName, padding: RSASignaturePadding | None
    ) -> bool:
        return self._verify(bytes(require(data, "data")), signature, hash, padding, hashed=False)

    @member("VerifyData(byte[], int, int, byte[], HashAlgorithmName, RSASignaturePadding)")
    def verify_range(
        self,
        data: Array | None,
        offset: int,
        count: int,
        signature: Array | None,
        hash: HashAlgorithmName,
        padding: RSASignaturePadding | None,
    ) -> bool:
        return self._verify(_part(data, offset, count), signature, hash, padding, hashed=False)

    def verify_hash(
        self, data: Array | None, signature: Array | None, hash: HashAlgorithmName, padding: RSASignaturePadding | None
    ) -> bool:
        return self._verify(bytes(require(data, "hash")), signature, hash, padding, hashed=True)

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

        signature = require(signature, "signature")
        chosen, algorithm = _signature_scheme(hash, padding, data if hashed else None)
        try:
            self.public_key.verify(bytes(signature), data, chosen, algorithm)
        except InvalidSignature:
            return False
        return True

    def encrypt(self, data: Array | None, padding: RSAEncryptionPadding | None) -> Array:
        data = require(data, "data")
        try:
            return byte_array(self.public_key.encrypt(bytes(data), _encryption_padding(padding)))
        except ValueError:
            raise CryptographicException(
                "The message exceeds the maximum allowable length for the chosen options."
            ) from None

    def decrypt(self, data: Array | None, padding: RSAEncryptionPadding | None) -> Array:
        data = require(data, "data")
        try:
            return byte_array(self.private_key.decrypt(bytes(data), _encryption_padding(padding)))
        except ValueError:
            raise CryptographicException("The parameter is incorrect.") from None

    def dispose(self) -> None:
        """Do nothing: the key stays with its certificate."""

    def export_public_key(self) -> Array:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return byte_array(self.public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1))

    def export_private_key(self) -> Array:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = self.private_key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return byte_array(key)

    def export_pkcs8(self) -> Array:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return byte_array(self.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    def export_public_key_info(self) -> Array:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return byte_array(self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@dotnet_class(_NAMESPACE + "RSACng")
class RSACng(RSA):
    """A certificate's private key, as on Windows, where the managed gateway runs (our choice: undocumented).

    Microsoft's own sample for tokens by certificate casts to it.
    """


@implements(_NAMESPACE + "AsymmetricAlgorithm", "KeySize")
def key_size(key: RSA) -> int:
    return key.key_size


implements_setter(_NAMESPACE + "AsymmetricAlgorithm", "int KeySize { get; set; }")(RSA.set_key_size)


@implements(_NAMESPACE + "AsymmetricAlgorithm", "LegalKeySizes")
def legal_key_sizes(key: RSA) -> Array:
    return Array(named(_NAMESPACE + "KeySizes"), [LEGAL_KEY_SIZES])


@implements(_NAMESPACE + "AsymmetricAlgorithm", "Create(string)")
@implements(_NAMESPACE + "RSA", "Create(string)")
def create_by_name(name: str | None) -> RSA | None:
    """RSA with a key of 1,024 bits, as CryptoConfig makes it; null for names it does not know."""
    name = require(name, "name")
    if name.lower() in _NAMES:
        return RSA(key_size=1024)
    if name.lower() in _OTHER_NAMES:
        raise NotSimulatedError(f"the algorithm {name}")
    return None


interface_members(
    _NAMESPACE + "AsymmetricAlgorithm",
    "KeyExchangeAlgorithm=algorithm SignatureAlgorithm=algorithm FromXmlString ToXmlString "
    "ExportPkcs8PrivateKey=export_pkcs8 ExportSubjectPublicKeyInfo=export_public_key_info Clear=dispose "
    "Dispose",
)


def _part(data: Array | None, offset: int, count: int) -> bytes:
    data = require(data, "data")
    check_range(0 <= offset <= len(data), "offset")
    check_range(0 <= count <= len(data) - offset, "count")
    return bytes(data[offset : offset + count])


def _hash(name: HashAlgorithmName) -> Any:
    from cryptography.hazmat.primitives import hashes

    return getattr(hashes, name.known())()


def _signature_scheme(
    name: HashAlgorithmName, padding: RSASignaturePadding | None, digest: bytes | None
) -> tuple[Any, Any]:
    """Padding and hash for `cryptography`; `digest` is given when the data is hashed already."""
    from cryptography.hazmat.primitives.asymmetric import padding as paddings
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    algorithm = _hash(name)
    padding = require(padding, "padding")
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

    padding = require(padding, "padding")
    if padding.mode == 0:
        return paddings.PKCS1v15()
    algorithm = _hash(padding.hash)
    return paddings.OAEP(paddings.MGF1(algorithm), algorithm, None)
