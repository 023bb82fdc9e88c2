"""RSA keys as C# sees them: signing, verifying, encrypting, and the paddings."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.cryptography.hashing import span
from apimpolicy.dotnet.cryptography.identifiers import HashAlgorithmName
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentNullException, CryptographicException
from apimpolicy.dotnet.registry import dotnet_class, implements, interface_members, member
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

    @member(f"bool Equals({_SIGNATURE} other)")
    @member("bool Equals(object obj)")
    def equals(self, other: object) -> bool:
        return self == other


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

    @member(f"bool Equals({_ENCRYPTION} other)")
    @member("bool Equals(object obj)")
    def equals(self, other: object) -> bool:
        return self == other

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
    @member("static System.Security.Cryptography.RSA Create()")
    def create() -> RSA:
        return RSA()

    @staticmethod
    @member("static System.Security.Cryptography.RSA Create(int keySizeInBits)")
    def create_with_size(bits: int) -> RSA:
        if not 1024 <= bits <= 8192 or bits % 8:
            raise CryptographicException("Specified key is not a valid size for this algorithm.")
        return RSA(key_size=bits)

    @property
    def key_size(self) -> int:
        return self._key_size if self._public is None else self._public.key_size

    @property
    def public_key(self) -> RSAPublicKey:
        if self._public is None:
            from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

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

    @member("void FromXmlString(string xmlString)")
    def from_xml_string(self, xml: str | None) -> None:
        """Take over a key from `<RSAKeyValue>`. Raises CryptographicException for what is none."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        if xml is None:
            raise ArgumentNullException("xmlString")
        numbers = _xml_numbers(xml)
        try:
            public = rsa.RSAPublicNumbers(numbers["Exponent"], numbers["Modulus"])
            self._private = None
            if "D" in numbers:
                p, q, d, dp, dq, inverse = (numbers[name] for name in ("P", "Q", "D", "DP", "DQ", "InverseQ"))
                self._private = rsa.RSAPrivateNumbers(p, q, d, dp, dq, inverse, public).private_key()
            self._public = public.public_key()
        except (KeyError, ValueError):
            raise CryptographicException("Input string does not contain a valid encoding of the 'RSA' key.") from None

    @member("string ToXmlString(bool includePrivateParameters)")
    def to_xml_string(self, include_private: bool) -> str:
        public = self.public_key.public_numbers()
        numbers = {"Modulus": public.n, "Exponent": public.e}
        if include_private:
            private = self.private_key.private_numbers()
            numbers |= {"P": private.p, "Q": private.q, "DP": private.dmp1, "DQ": private.dmq1}
            numbers |= {"InverseQ": private.iqmp, "D": private.d}
        shown = "".join(f"<{name}>{_xml_number(number)}</{name}>" for name, number in numbers.items())
        return f"<RSAKeyValue>{shown}</RSAKeyValue>"

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
        return byte_array(self.private_key.sign(data, chosen, algorithm))

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
            self.public_key.verify(bytes(signature), data, chosen, algorithm)
        except InvalidSignature:
            return False
        return True

    @member(f"byte[] Encrypt(byte[] data, {_ENCRYPTION} padding)")
    def encrypt(self, data: Array | None, padding: RSAEncryptionPadding | None) -> Array:
        if data is None:
            raise ArgumentNullException("data")
        try:
            return byte_array(self.public_key.encrypt(bytes(data), _encryption_padding(padding)))
        except ValueError:
            raise CryptographicException(
                "The message exceeds the maximum allowable length for the chosen options."
            ) from None

    @member(f"byte[] Decrypt(byte[] data, {_ENCRYPTION} padding)")
    def decrypt(self, data: Array | None, padding: RSAEncryptionPadding | None) -> Array:
        if data is None:
            raise ArgumentNullException("data")
        try:
            return byte_array(self.private_key.decrypt(bytes(data), _encryption_padding(padding)))
        except ValueError:
            raise CryptographicException("The parameter is incorrect.") from None

    def dispose(self) -> None:
        """Nothing is held: the key stays with its certificate."""

    @member("byte[] ExportRSAPublicKey()")
    def export_public_key(self) -> Array:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return byte_array(self.public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1))

    @member("byte[] ExportRSAPrivateKey()")
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


def _xml_numbers(xml: str) -> dict[str, int]:
    """The numbers of an `<RSAKeyValue>` by their names."""
    found: dict[str, int] = {}
    for name in ("Modulus", "Exponent", "P", "Q", "DP", "DQ", "InverseQ", "D"):
        _, opening, rest = xml.partition(f"<{name}>")
        text, closing, _ = rest.partition(f"</{name}>")
        if opening and closing:
            try:
                found[name] = int.from_bytes(base64.b64decode("".join(text.split()), validate=True), "big")
            except ValueError:
                raise CryptographicException(
                    "Input string does not contain a valid encoding of the 'RSA' key."
                ) from None
    return found


def _xml_number(number: int) -> str:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()


@implements(_NAMESPACE + "AsymmetricAlgorithm", "int KeySize { get; set; }")
def key_size(key: RSA) -> int:
    return key.key_size


interface_members(
    _NAMESPACE + "AsymmetricAlgorithm",
    {
        "KeyExchangeAlgorithm": "algorithm",
        "SignatureAlgorithm": "algorithm",
        "void FromXmlString(string xmlString)": "from_xml_string",
        "string ToXmlString(bool includePrivateParameters)": "to_xml_string",
        "byte[] ExportPkcs8PrivateKey()": "export_pkcs8",
        "byte[] ExportSubjectPublicKeyInfo()": "export_public_key_info",
        "void Clear()": "dispose",
        "void Dispose()": "dispose",
    },
)


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
