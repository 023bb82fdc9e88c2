"""Parts of a certificate that are objects of their own in .NET: its extensions and its public key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.cryptography.identifiers import AsnEncodedData, Oid
from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException, NotSupportedException
from apimpolicy.dotnet.registry import dotnet_class, member
from apimpolicy.dotnet.values import byte_array, to_utf16

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate as ParsedCertificate
    from cryptography.x509 import Extension

    from apimpolicy.dotnet.values import Array

_NAMESPACE = "System.Security.Cryptography.X509Certificates."


@dotnet_class(_NAMESPACE + "X509Extension", attributes={"Critical": "critical"})
class CertificateExtension(AsnEncodedData):
    """One extension: its identifier, whether it is critical, and its DER value."""

    def __init__(self, extension: Extension[Any]) -> None:
        super().__init__(Oid(extension.oid.dotted_string), extension.value.public_bytes())
        self.critical = extension.critical
        self.parsed = extension.value

    def format(self, multi_line: bool) -> str:
        """Alternative names as OpenSSL prints them ("DNS:a.example, email:a@b"), all else as hexadecimal."""
        from cryptography import x509

        if not isinstance(self.parsed, (x509.SubjectAlternativeName, x509.IssuerAlternativeName)):
            return super().format(multi_line)
        return to_utf16((",\n" if multi_line else ", ").join(map(_general_name, self.parsed)))


def _general_name(name: Any) -> str:
    from cryptography import x509

    labels = {x509.DNSName: "DNS", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "URI"}
    label = labels.get(type(name))
    if label:
        return f"{label}:{name.value}"
    if isinstance(name, x509.IPAddress):
        return f"IP Address:{name.value}"
    if isinstance(name, x509.RegisteredID):
        return f"Registered ID:{name.value.dotted_string}"
    if isinstance(name, x509.DirectoryName):
        return f"DirName:{name.value.rfc4514_string()}"
    return "othername:<unsupported>"


@dotnet_class(_NAMESPACE + "X509ExtensionCollection", attributes={"Count": "count"})
class ExtensionCollection:
    """The extensions of a certificate, in its own order."""

    def __init__(self, certificate: ParsedCertificate) -> None:
        self._items = [CertificateExtension(extension) for extension in certificate.extensions]

    @property
    def count(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[CertificateExtension]:
        return iter(self._items)

    @member("System.Security.Cryptography.X509Certificates.X509Extension Item[int index] { get; }")
    def get_item(self, index: int) -> CertificateExtension:
        if not 0 <= index < len(self._items):
            raise ArgumentOutOfRangeException(
                "index", "Index was out of range. Must be non-negative and less than the size of the collection."
            )
        return self._items[index]

    @member("System.Security.Cryptography.X509Certificates.X509Extension Item[string oid] { get; }")
    def find(self, oid: str | None) -> CertificateExtension | None:
        """The extension with this identifier (number or friendly name), or None."""
        wanted = Oid.parse(oid).value
        return next((item for item in self._items if item.oid is not None and item.oid.value == wanted), None)


@dotnet_class(
    _NAMESPACE + "PublicKey",
    attributes={"Oid": "oid", "EncodedKeyValue": "encoded_key_value", "EncodedParameters": "encoded_parameters"},
)
class PublicKey:
    """The public key of a certificate: algorithm, its parameters, and the key itself, each as DER."""

    def __init__(self, certificate: ParsedCertificate) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._certificate = certificate
        info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        algorithm, key = split_public_key_info(info)
        self.oid = Oid(certificate.public_key_algorithm_oid.dotted_string)
        _, oid_end = _element(algorithm, 0)
        self.encoded_parameters = AsnEncodedData(self.oid, algorithm[oid_end:])
        self.encoded_key_value = AsnEncodedData(self.oid, key)

    @property
    def key(self) -> Array:
        return byte_array(self.encoded_key_value.data)

    @member("System.Security.Cryptography.AsymmetricAlgorithm Key { get; }")
    def algorithm(self) -> object:
        """The key as RSA; other kinds raise NotSupportedException, as in .NET."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

        from apimpolicy.dotnet.cryptography.rsa import RSA

        public = self._certificate.public_key()
        if not isinstance(public, RSAPublicKey):
            raise NotSupportedException("The certificate key algorithm is not supported.")
        return RSA(public)


def split_public_key_info(info: bytes) -> tuple[bytes, bytes]:
    """The content of the AlgorithmIdentifier and the bits of the key, from a DER SubjectPublicKeyInfo."""
    start, _ = _element(info, 0)
    algorithm_start, algorithm_end = _element(info, start)
    key_start, key_end = _element(info, algorithm_end)
    return info[algorithm_start:algorithm_end], info[key_start + 1 : key_end]


def _element(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of the DER element at `position` begins and ends."""
    length = data[position + 1]
    start = position + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return start, start + length
