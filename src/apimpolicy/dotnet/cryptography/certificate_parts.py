"""Parts of a certificate that are objects of their own in .NET: its extensions and its public key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import INDEX
from apimpolicy.dotnet.cryptography.identifiers import AsnEncodedData, Oid
from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException, CryptographicException, NotSupportedException
from apimpolicy.dotnet.registry import dotnet_class, member
from apimpolicy.dotnet.values import byte_array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate as ParsedCertificate
    from cryptography.x509 import Extension

    from apimpolicy.dotnet.values import Array

_CRYPTOGRAPHY = "System.Security.Cryptography."
_NAMESPACE = _CRYPTOGRAPHY + "X509Certificates."
_RSA = "1.2.840.113549.1.1.1"


@dotnet_class(_NAMESPACE + "X509Extension", members="Critical")
class CertificateExtension(AsnEncodedData):
    """One extension: its identifier, whether it is critical, and its DER value."""

    def __init__(self, extension: Extension[Any]) -> None:
        super().__init__(Oid(extension.oid.dotted_string), extension.value.public_bytes())
        self.critical = extension.critical
        self.parsed = extension.value

    def format(self, multi_line: bool) -> str:
        """In OpenSSL's words, which know no lines; hexadecimal where it has none."""
        from apimpolicy.dotnet.cryptography.extension_texts import extension_text

        text = extension_text(self.parsed)
        return super().format(multi_line) if text is None else text


@dotnet_class(_NAMESPACE + "X509ExtensionCollection")
class ExtensionCollection:
    """The extensions of a certificate, in its own order."""

    def __init__(self, certificate: ParsedCertificate) -> None:
        self._items = [CertificateExtension(extension) for extension in certificate.extensions]

    @property
    def count(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[CertificateExtension]:
        return iter(self._items)

    @member("Item[int]")
    def get_item(self, index: int) -> CertificateExtension:
        if not 0 <= index < len(self._items):
            raise ArgumentOutOfRangeException("index", INDEX)
        return self._items[index]

    @member("Item[string]")
    def find(self, oid: str | None) -> CertificateExtension | None:
        """Return the extension with this identifier (number or friendly name), or None."""
        wanted = Oid.parse(oid).value
        return next((item for item in self._items if item.oid is not None and item.oid.value == wanted), None)


@dotnet_class(_NAMESPACE + "PublicKey", members="Oid EncodedKeyValue EncodedParameters")
class PublicKey:
    """The public key of a certificate: algorithm, its parameters, and the key itself, each as DER."""

    def __init__(self, oid: Oid, parameters: AsnEncodedData, key_value: AsnEncodedData) -> None:
        self.oid = oid
        self.encoded_parameters = parameters
        self.encoded_key_value = key_value

    @classmethod
    def of(cls, certificate: ParsedCertificate) -> PublicKey:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        algorithm, key = split_public_key_info(info)
        oid = Oid(certificate.public_key_algorithm_oid.dotted_string)
        _, oid_end = _element(algorithm, 0)
        return cls(oid, AsnEncodedData(oid, algorithm[oid_end:]), AsnEncodedData(oid, key))

    @staticmethod
    @member("new")
    def create(oid: Oid | None, parameters: AsnEncodedData | None, key_value: AsnEncodedData | None) -> PublicKey:
        return PublicKey(Oid.copy(oid), AsnEncodedData.copy(parameters), AsnEncodedData.copy(key_value))

    @property
    def key(self) -> Array:
        return byte_array(self.encoded_key_value.data)

    @member("Key")
    def algorithm(self) -> object:
        """Return the key as RSA; other kinds raise NotSupportedException, as in .NET."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        from apimpolicy.dotnet.cryptography.rsa import RSA

        if self.oid.value != _RSA:
            raise NotSupportedException("The certificate key algorithm is not supported.")
        try:
            public = load_der_public_key(self.encoded_key_value.data)
        except ValueError:
            raise CryptographicException("ASN1 corrupted data.") from None
        assert isinstance(public, RSAPublicKey)
        return RSA(public)


def split_public_key_info(info: bytes) -> tuple[bytes, bytes]:
    """Return the content of the AlgorithmIdentifier and the bits of the key, from a DER SubjectPublicKeyInfo."""
    start, _ = _element(info, 0)
    algorithm_start, algorithm_end = _element(info, start)
    key_start, key_end = _element(info, algorithm_end)
    return info[algorithm_start:algorithm_end], info[key_start + 1 : key_end]


def _element(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the DER element at `position` begins and ends."""
    length = data[position + 1]
    start = position + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return start, start + length
