"""Parts of a certificate that are objects of their own in .NET (extensions, public key), and certificates in files.

Files are PEM, DER or PKCS#12, with sentences for people when reading fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.cryptography.identifiers import AsnEncodedData, Oid
from apimpolicy.csharp.dotnet.exceptions import CryptographicException, NotSupportedException, check_range
from apimpolicy.csharp.dotnet.registry import dotnet_class, member
from apimpolicy.csharp.dotnet.values import Array, byte_array, to_utf16
from apimpolicy.errors import ConfigurationError, NotSimulatedError

if TYPE_CHECKING:
    import ssl

    from cryptography.x509 import Certificate as ParsedCertificate
    from cryptography.x509 import Extension

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate


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
        check_range(0 <= index < len(self._items), "index", INDEX)
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

        from apimpolicy.csharp.dotnet.cryptography.rsa import RSA

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


# Extensions of certificates as OpenSSL 1.1 prints them for .NET Core on Linux
# An extension that OpenSSL has no printer for is None, which .NET writes as hexadecimal.

_KEY_USAGES = (
    ("digital_signature", "Digital Signature"), ("content_commitment", "Non Repudiation"),
    ("key_encipherment", "Key Encipherment"), ("data_encipherment", "Data Encipherment"),
    ("key_agreement", "Key Agreement"), ("key_cert_sign", "Certificate Sign"), ("crl_sign", "CRL Sign"),
    ("encipher_only", "Encipher Only"), ("decipher_only", "Decipher Only"),
)  # fmt: skip
_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication",
    "1.3.6.1.5.5.7.3.3": "Code Signing", "1.3.6.1.5.5.7.3.4": "E-mail Protection",
    "1.3.6.1.5.5.7.3.8": "Time Stamping", "1.3.6.1.5.5.7.3.9": "OCSP Signing",
    "1.3.6.1.4.1.311.10.3.3": "Microsoft Server Gated Crypto", "1.3.6.1.4.1.311.20.2.2": "Microsoft Smartcard Login",
    "2.16.840.1.113730.4.1": "Netscape Server Gated Crypto", "2.5.29.37.0": "Any Extended Key Usage",
}  # fmt: skip
_ACCESS_METHODS = {"1.3.6.1.5.5.7.48.1": "OCSP", "1.3.6.1.5.5.7.48.2": "CA Issuers"}


def extension_text(extension: Any) -> str | None:
    """A parsed extension in OpenSSL's words; None when OpenSSL has none. Raises NotSimulatedError for rare ones."""
    from cryptography import x509

    if isinstance(extension, (x509.SubjectAlternativeName, x509.IssuerAlternativeName)):
        return to_utf16(", ".join(map(general_name, extension)))
    if isinstance(extension, x509.BasicConstraints):
        length = "" if extension.path_length is None else f", pathlen:{extension.path_length}"
        return f"CA:{str(extension.ca).upper()}{length}"
    if isinstance(extension, x509.KeyUsage):
        return ", ".join(name for attribute, name in _KEY_USAGES if getattr(extension, f"_{attribute}"))
    if isinstance(extension, x509.ExtendedKeyUsage):
        return ", ".join(_PURPOSES.get(oid.dotted_string, oid.dotted_string) for oid in extension)
    if isinstance(extension, x509.SubjectKeyIdentifier):
        return _colons(extension.digest)
    if isinstance(extension, x509.AuthorityKeyIdentifier):
        return _authority_key(extension)
    if isinstance(extension, (x509.AuthorityInformationAccess, x509.SubjectInformationAccess)):
        return _lines(
            f"{_ACCESS_METHODS.get(item.access_method.dotted_string, item.access_method.dotted_string)}"
            f" - {general_name(item.access_location)}"
            for item in extension
        )
    if isinstance(extension, x509.CRLDistributionPoints):
        return _distribution_points(extension)
    if isinstance(extension, x509.UnrecognizedExtension):
        return None
    raise NotSimulatedError(f"the text of the extension {extension.oid.dotted_string}")


def _authority_key(extension: Any) -> str:
    parts = [] if extension.key_identifier is None else [f"keyid:{_colons(extension.key_identifier)}"]
    parts += map(general_name, extension.authority_cert_issuer or ())
    if extension.authority_cert_serial_number is not None:
        number = extension.authority_cert_serial_number
        parts.append(f"serial:{_colons(number.to_bytes(max(1, (number.bit_length() + 7) // 8), 'big'))}")
    return _lines(parts)


def _distribution_points(extension: Any) -> str:
    text = ""
    for point in extension:
        if point.full_name is None or point.reasons or point.crl_issuer:
            raise NotSimulatedError("the text of a CRL distribution point without a full name")
        text += "\nFull Name:\n" + _lines(f"  {general_name(name)}" for name in point.full_name)
    return text


def _lines(items: Iterable[str]) -> str:
    return to_utf16("".join(f"{item}\n" for item in items))


def _colons(data: bytes) -> str:
    return data.hex(":").upper()


def general_name(name: Any) -> str:
    """Return a name as OpenSSL prints it: `DNS:a.example`."""
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


_PKCS7_DATA = bytes.fromhex("06092a864886f70d010701")
"""DER of the object identifier that every PKCS#12 file has near its beginning."""

MAXIMUM_BYTES = 4 * 1024 * 1024


class CertificateFile(NamedTuple):
    """The contents of a file: the certificate, its private key or None, and all other certificates."""

    certificate: ParsedCertificate
    private_key: Any
    others: tuple[ParsedCertificate, ...]
    friendly_name: str


def read(data: bytes, password: str | bytes | None = None, origin: str = "the certificate") -> CertificateFile:
    """Read any of the formats. `origin` names the data in messages. Raises ConfigurationError."""
    if not data.strip():
        raise ConfigurationError(f"{origin} is empty: expected a certificate as PEM, DER or PKCS#12")
    if len(data) > MAXIMUM_BYTES:
        raise ConfigurationError(f"{origin} has {len(data):,} bytes: too large for a certificate")
    if b"-----BEGIN" in data:
        return read_pem(data, password, origin)
    if looks_like_pkcs12(data):
        return read_pkcs12(data, password, origin)
    if data[:1] != b"\x30":  # every DER certificate is a sequence
        raise ConfigurationError(f"{origin} is neither PEM ('-----BEGIN CERTIFICATE-----') nor DER nor PKCS#12")
    return read_der(data, origin)


def read_der(data: bytes, origin: str = "the certificate") -> CertificateFile:
    """Read one DER certificate. Raises ConfigurationError."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion) as error:
        raise ConfigurationError(f"{origin} is not a certificate: {_reason(error)}") from None
    _check(certificate, origin)
    return CertificateFile(certificate, None, (), "")


def read_pem(data: bytes, password: str | bytes | None = None, origin: str = "the PEM file") -> CertificateFile:
    """Read PEM: certificates and at most one private key, in any order.

    The certificate is the one the private key belongs to, without a key the first one. Raises ConfigurationError.
    """
    from cryptography import x509

    certificates: list[ParsedCertificate] = []
    key = None
    for number, (label, block) in enumerate(_pem_blocks(data, origin), 1):
        if label in ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"):
            try:
                certificate = x509.load_pem_x509_certificate(block)
            except (ValueError, x509.InvalidVersion) as error:
                raise ConfigurationError(f"{origin}: block {number} ({label}) is broken: {_reason(error)}") from None
            _check(certificate, origin)
            certificates.append(certificate)
        elif label.endswith("PRIVATE KEY"):
            key = _private_key(block, password, origin)
    if not certificates:
        raise ConfigurationError(f"{origin} holds no certificate: expected a block '-----BEGIN CERTIFICATE-----'")
    chosen = certificates[0]
    if key is not None:
        public = _public_bytes(key)
        matching = [c for c in certificates if _public_bytes(c) == public]
        if not matching:
            raise ConfigurationError(f"{origin}: the private key belongs to none of its certificates")
        chosen = matching[0]
    return CertificateFile(chosen, key, tuple(c for c in certificates if c is not chosen), "")


def read_pkcs12(data: bytes, password: str | bytes | None, origin: str = "the PKCS#12 file") -> CertificateFile:
    """Read PKCS#12 (.pfx, .p12). Raises ConfigurationError, which says so when the password is wrong."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        loaded = pkcs12.load_pkcs12(data, _password_bytes(password))
    except ValueError as error:
        if not looks_like_pkcs12(data):
            raise ConfigurationError(f"{origin} is not a PKCS#12 file: {_reason(error)}") from None
        if password:
            raise ConfigurationError(f"{origin}: the password is wrong, or the PKCS#12 file is damaged") from None
        raise ConfigurationError(f"{origin}: this PKCS#12 file needs a password") from None
    except Exception as error:
        raise ConfigurationError(f"{origin}: this PKCS#12 file cannot be read: {_reason(error)}") from None
    others = tuple(extra.certificate for extra in loaded.additional_certs)
    if loaded.cert is None:
        if not others:
            raise ConfigurationError(f"{origin} holds no certificate")
        _check(others[0], origin)
        return CertificateFile(others[0], loaded.key, others[1:], "")
    for certificate in (loaded.cert.certificate, *others):
        _check(certificate, origin)
    name = (loaded.cert.friendly_name or b"").decode("utf-8", "replace")
    return CertificateFile(loaded.cert.certificate, loaded.key, others, name)


def _pem_blocks(data: bytes, origin: str) -> list[tuple[str, bytes]]:
    blocks = []
    position = data.find(b"-----BEGIN ")
    while position >= 0:
        label_end = data.find(b"-----", position + 11)
        label = data[position + 11 : label_end] if label_end >= 0 else b""
        if not label or len(label) > 40 or b"\n" in label:
            raise ConfigurationError(f"{origin} is not valid PEM: a line '-----BEGIN …' does not end in five hyphens")
        closing = b"-----END " + label + b"-----"
        end = data.find(closing, label_end)
        name = label.decode("ascii", "replace")
        if end < 0:
            raise ConfigurationError(f"{origin} is cut off: '-----BEGIN {name}-----' has no '-----END {name}-----'")
        blocks.append((name, data[position : end + len(closing)] + b"\n"))
        position = data.find(b"-----BEGIN ", end + len(closing))
    return blocks


def _private_key(block: bytes, password: str | bytes | None, origin: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = b"ENCRYPTED" in block
    try:
        return load_pem_private_key(block, _password_bytes(password) if encrypted else None)
    except TypeError:
        raise ConfigurationError(f"{origin}: its private key is encrypted and needs a password") from None
    except ValueError as error:
        if encrypted:
            raise ConfigurationError(f"{origin}: the password of its private key is wrong") from None
        raise ConfigurationError(f"{origin}: its private key is broken: {_reason(error)}") from None
    except Exception as error:
        raise ConfigurationError(f"{origin}: its private key cannot be read: {_reason(error)}") from None


def _check(certificate: ParsedCertificate, origin: str) -> None:
    """Read now what `cryptography` would read, and fail on, later."""
    try:
        names = (certificate.subject, certificate.issuer, certificate.extensions, certificate.version)
        dates = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        del names, dates
    except Exception as error:
        raise ConfigurationError(f"{origin} is not a usable certificate: {_reason(error)}") from None


def looks_like_pkcs12(data: bytes) -> bool:
    """Return whether data begins as PKCS #12 does: a SEQUENCE, version 3, a ContentInfo (RFC 7292, section 4)."""
    head = data[:64]
    return head[:1] == b"\x30" and (b"\x02\x01\x03\x30" in head) and (_PKCS7_DATA in head)


def _public_bytes(owner: Any) -> bytes | None:
    """Return the public key of a certificate or private key; None when its kind is unknown to `cryptography`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        return bytes(owner.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (UnsupportedAlgorithm, ValueError):
        return None


def _password_bytes(password: str | bytes | None) -> bytes | None:
    return password.encode() if isinstance(password, str) else password


def _reason(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0].partition(". See https")[0]
    return first.rstrip(".") or type(error).__name__


# A certificate with its key, presented in TLS.


def present(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Have a context present a certificate. Raises ConfigurationError for one without a key.

    Python reads it from a file, which is removed at once. Windows can't open a temporary file a second time while it is
    open, so the file is in a temporary folder.
    """
    import tempfile  # few runs present a certificate

    if not certificate.has_private_key:
        raise ConfigurationError(f"{certificate.subject} has no private key, so it can't be presented")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "certificate.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(certificate.to_pem(include_key=True, include_intermediates=True))
        context.load_cert_chain(path)
