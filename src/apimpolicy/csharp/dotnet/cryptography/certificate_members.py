"""Members of X509Certificate and X509Certificate2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from apimpolicy.csharp.dotnet.cryptography import certificate_parts
from apimpolicy.csharp.dotnet.cryptography.certificate import BareCertificate, Certificate, invariant_date
from apimpolicy.csharp.dotnet.cryptography.identifiers import HashAlgorithmName, format_name, hexadecimal
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    CryptographicException,
    InvalidOperationException,
    NotSupportedException,
    PlatformNotSupportedException,
    require,
)
from apimpolicy.csharp.dotnet.registry import declines, implements, implements_all
from apimpolicy.csharp.dotnet.values import Array, byte_array, from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.rsa import RSA


# Methods of X509Certificate and X509Certificate2, and RSACertificateExtensions.
# Where .NET's result depends on the system, it is .NET Core's on Linux. Dates are written in the invariant culture and
# UTC.

_NAMESPACE = "System.Security.Cryptography.X509Certificates."
_CERTIFICATE = _NAMESPACE + "X509Certificate"
_CERTIFICATE2 = _NAMESPACE + "X509Certificate2"

SIMPLE_NAME, EMAIL_NAME, UPN_NAME, DNS_NAME, DNS_FROM_ALTERNATIVE_NAME, URL_NAME = range(6)
_UPN = "1.3.6.1.4.1.311.20.2.3"
_COMMON_NAME, _EMAIL_ADDRESS = "2.5.4.3", "1.2.840.113549.1.9.1"
_SIMPLE_NAME_ORDER = (_COMMON_NAME, "2.5.4.11", "2.5.4.10", _EMAIL_ADDRESS)


@implements(_CERTIFICATE2, "RawData")
@implements(_CERTIFICATE, "GetRawCertData")
def raw_data(certificate: Certificate) -> Array:
    return byte_array(certificate.raw)


def _digest(certificate: Certificate, algorithm: HashAlgorithmName) -> bytes:
    import hashlib

    return hashlib.new(algorithm.known(), certificate.raw, usedforsecurity=False).digest()


@implements(_CERTIFICATE2, "GetNameInfo")
def name_info(certificate: Certificate, name_type: int, for_issuer: bool) -> str:
    """Return one name out of subject or issuer and their alternative names; empty when there is none of this type."""
    if not SIMPLE_NAME <= name_type <= URL_NAME:
        raise ArgumentException("Invalid name type.")
    name = certificate.parsed.issuer if for_issuer else certificate.parsed.subject
    attributes = {}
    for part in name.rdns:
        for attribute in part:
            attributes[attribute.oid.dotted_string] = str(attribute.value)
    if name_type == SIMPLE_NAME:
        for oid in _SIMPLE_NAME_ORDER:
            if oid in attributes:
                return to_utf16(attributes[oid])
    alternative = _alternative_name(certificate, name_type, for_issuer)
    if alternative is None and name_type in (EMAIL_NAME, DNS_NAME):
        alternative = attributes.get(_EMAIL_ADDRESS if name_type == EMAIL_NAME else _COMMON_NAME)
    if alternative is None and name_type == SIMPLE_NAME and attributes:
        alternative = next(reversed(attributes.values()))
    return to_utf16(alternative or "")


def _alternative_name(certificate: Certificate, name_type: int, for_issuer: bool) -> str | None:
    from cryptography import x509

    kind = x509.IssuerAlternativeName if for_issuer else x509.SubjectAlternativeName
    try:
        names: Any = certificate.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    name_class: Any = {
        SIMPLE_NAME: x509.RFC822Name,
        EMAIL_NAME: x509.RFC822Name,
        UPN_NAME: x509.OtherName,
        URL_NAME: x509.UniformResourceIdentifier,
    }.get(name_type, x509.DNSName)
    for entry in names:
        if not isinstance(entry, name_class):
            continue
        if not isinstance(entry, x509.OtherName):
            return str(entry.value)
        if entry.type_id.dotted_string == _UPN:
            return entry.value[2:].decode("utf-8", "replace")
    return None


@implements("ContextExtensions", "VerifyNoRevocation")
def verify_no_revocation(certificate: Certificate | None) -> bool:
    """`Verify()` without asking whether anything in the chain was revoked."""
    return require(certificate, "input").verify_no_revocation()


@implements(_NAMESPACE + "RSACertificateExtensions", "GetRSAPublicKey")
def rsa_public_key(certificate: Certificate | None) -> RSA | None:
    return _rsa(certificate, private=False)


@implements(_NAMESPACE + "RSACertificateExtensions", "GetRSAPrivateKey")
def rsa_private_key(certificate: Certificate | None) -> RSA | None:
    return _rsa(certificate, private=True)


@implements(_NAMESPACE + "RSACertificateExtensions", "CopyWithPrivateKey")
def copy_with_private_key(certificate: Certificate | None, key: RSA | None) -> Certificate:
    """Raises InvalidOperationException when there is a key already, ArgumentException for one that does not fit."""
    certificate = require(certificate, "certificate")
    key = require(key, "privateKey")
    if certificate.has_private_key:
        raise InvalidOperationException("The certificate already has an associated private key.")
    public = _rsa(certificate, private=False)
    if public is None:
        raise ArgumentException("The provided key does not match the public key algorithm for this certificate.")
    if public.public_key.public_numbers() != key.public_key.public_numbers():
        raise ArgumentException("The provided key does not match the public key for this certificate.", "privateKey")
    return Certificate(certificate.parsed, key.private_key, certificate.intermediates, certificate.friendly_name)


@implements(_CERTIFICATE2, "PrivateKey")
def private_key(certificate: Certificate) -> RSA | None:
    """Return the private key as RSA; other kinds raise NotSupportedException, as in .NET."""
    found = _rsa(certificate, private=True)
    if found is None and certificate.has_private_key:
        raise NotSupportedException("The certificate key algorithm is not supported.")
    return found


def _rsa(certificate: Certificate | None, *, private: bool) -> RSA | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from apimpolicy.csharp.dotnet.cryptography.rsa import RSA, RSACng

    certificate = require(certificate, "certificate")
    if certificate.parsed.public_key_algorithm_oid.dotted_string != "1.2.840.113549.1.1.1":
        return None
    public = certificate.parsed.public_key()
    if not isinstance(public, RSAPublicKey) or (private and certificate.private_key is None):
        return None
    return RSACng(public, certificate.private_key) if private else RSA(public)


implements_all(
    _CERTIFICATE,
    {
        "GetCertHash()": lambda certificate: byte_array(bytes.fromhex(certificate.thumbprint)),
        "GetCertHashString(HashAlgorithmName)": lambda certificate, name: hexadecimal(_digest(certificate, name)),
        "GetSerialNumber": lambda certificate: byte_array(certificate.serial_bytes[::-1]),  # the other way round
        "GetExpirationDateString": lambda certificate: invariant_date(certificate.valid_until),
        "GetName": lambda certificate: format_name(certificate.parsed.subject, most_specific_first=False),
        "GetFormat": lambda _: "X509",
        "GetKeyAlgorithm": lambda certificate: certificate.parsed.public_key_algorithm_oid.dotted_string,
        "GetKeyAlgorithmParametersString": lambda certificate: hexadecimal(
            certificate.public_key.encoded_parameters.data
        ),
        "GetPublicKeyString": lambda certificate: hexadecimal(certificate.public_key.encoded_key_value.data),
        "GetRawCertDataString": lambda certificate: hexadecimal(certificate.raw),
        "GetSerialNumberString": lambda certificate: certificate.serial_number,
        "GetEffectiveDateString": lambda certificate: invariant_date(certificate.valid_from),
        "GetIssuerName": lambda certificate: format_name(certificate.parsed.issuer, most_specific_first=False),
        "GetPublicKey": lambda certificate: certificate.public_key.key,
        "GetCertHashString()": lambda certificate: certificate.thumbprint,
        "GetCertHash(HashAlgorithmName)": lambda certificate, algorithm: byte_array(_digest(certificate, algorithm)),
        "GetKeyAlgorithmParameters": lambda certificate: byte_array(certificate.public_key.encoded_parameters.data),
    },
)


# X509Certificate and X509Certificate2 from bytes and back to bytes: constructors, Import, Reset, Export.
# Messages for broken data are those of Windows, where the gateway runs. Nothing reads a file.

CERT, SERIALIZED_CERT, PFX, SERIALIZED_STORE, PKCS7 = 1, 2, 3, 4, 5
"""`X509ContentType`."""


def from_bytes(cls: type[Certificate], data: Array | None) -> Certificate:
    """Without bytes the certificate is empty, as .NET keeps it for compatibility."""
    return read_certificate(cls, data, None) if data else cls(None)


def read_certificate(cls: type[Certificate], data: Array | None, password: str | None) -> Certificate:
    """Return a certificate in any format. Raises CryptographicException for data that is none."""
    if not data:
        raise ArgumentException("Array may not be empty or null.", "rawData")
    try:
        file = certificate_parts.read(bytes(data), None if password is None else from_utf16(password))
    except ConfigurationError as error:
        if "password" in str(error):
            raise CryptographicException("The specified network password is not correct.") from error
        raise CryptographicException("Cannot find the requested object.") from error
    others = tuple(Certificate(other) for other in file.others)
    return cls(file.certificate, file.private_key, others, file.friendly_name)


def copy_as(cls: type[Certificate], certificate: Certificate | None) -> Certificate:
    certificate = require(certificate, "cert")
    if certificate.is_empty:
        return cls(None)
    return cls(certificate.parsed, certificate.private_key, certificate.intermediates, certificate.friendly_name)


def immutable(*_arguments: Any) -> NoReturn:
    """`Import` of .NET Core, whatever it is given."""
    raise PlatformNotSupportedException(
        "X509Certificate is immutable on this platform. Use the equivalent constructor instead."
    )


def _register_constructors(name: str, cls: type[Certificate]) -> None:
    table: dict[str, Callable[..., Certificate]] = {
        "new()": lambda: cls(None),
        "new(byte[])": lambda data: from_bytes(cls, data),
        "new(X509Certificate)": lambda other: copy_as(cls, other),
        "new(byte[], string)": lambda data, password: read_certificate(cls, data, password),
    }
    implements_all(name, table)
    implements(name, "void Reset()")(Certificate.reset)
    implements(name, "Import")(immutable)
    declines(
        name,
        "new(string fileName)",
        "new(string fileName, string password)",
        reason="expressions read no files; give the certificate's bytes",
    )
    declines(name, "new(System.IntPtr handle)", reason="handles of the operating system are not simulated")


_register_constructors(_CERTIFICATE, BareCertificate)
_register_constructors(_CERTIFICATE2, Certificate)
declines(
    _CERTIFICATE,
    "CreateFromCertFile",
    "CreateFromSignedFile",
    reason="expressions read no files; give the certificate's bytes",
)
declines(_CERTIFICATE2, "GetCertContentType(string)", reason="expressions read no files; give the certificate's bytes")
declines(_CERTIFICATE, "Handle", reason="handles of the operating system are not simulated")


@implements(_CERTIFICATE, "Export(X509ContentType)", "Export(X509ContentType, string)")
def export(certificate: Certificate, content_type: int, password: str | None = None) -> Array:
    """As DER (Cert) or PKCS#12 (Pfx)."""
    if content_type not in (CERT, SERIALIZED_CERT, PFX):
        raise CryptographicException("Invalid content type.")
    if content_type == CERT:
        return byte_array(certificate.raw)
    parsed = certificate.parsed
    if content_type == SERIALIZED_CERT:
        raise PlatformNotSupportedException(
            "The SerializedCert and SerializedStore export types are not supported on Unix."
        )
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    encryption: Any = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(from_utf16(password).encode())
    return byte_array(pkcs12.serialize_key_and_certificates(None, certificate.private_key, parsed, None, encryption))


@implements(_CERTIFICATE2, "GetCertContentType(byte[])")
def content_type(data: Array | None) -> int:
    if not data:
        raise ArgumentException("Array may not be empty or null.", "rawData")
    try:
        certificate_parts.read(bytes(data))
    except ConfigurationError as error:
        if "password" in str(error):
            return PFX
        raise CryptographicException("Cannot find the requested object.") from error
    return PFX if certificate_parts.looks_like_pkcs12(bytes(data)) else CERT


# Certificates in words: `ToString(bool)`

_NAMES = (("Simple Name", SIMPLE_NAME), ("Email Name", EMAIL_NAME), ("UPN Name", UPN_NAME), ("DNS Name", DNS_NAME))


@implements(_NAMESPACE + "X509Certificate", "ToString(bool)")
def to_string(certificate: Certificate, verbose: bool) -> str:
    if not verbose or certificate.is_empty:
        return certificate.dotnet_type_name
    return Certificate.to_string(certificate)


@implements(_NAMESPACE + "X509Certificate2", "ToString(bool)")
def to_long_string(certificate: Certificate, verbose: bool) -> str:
    """Return the text of a certificate; the long form has the names, the public key and the extensions too."""
    if not verbose or certificate.is_empty:
        return certificate.to_string()
    text = "\n\n".join(f"[{title}]\n  {content}" for title, content in _parts(certificate))
    if certificate.has_private_key:
        text += "\n\n[Private Key]\n"
    extensions = list(certificate.extensions)
    if extensions:
        text += "\n\n[Extensions]"
    for extension in extensions:
        assert extension.oid is not None
        text += f"\n* {extension.oid.friendly_name or ''}({extension.oid.value}):\n  {extension.format(True)}"
    return text + "\n"


def _parts(certificate: Certificate) -> Iterator[tuple[str, str]]:
    algorithm = certificate.signature_algorithm
    yield "Version", f"V{certificate.version}"
    yield "Subject", "\n  ".join((certificate.subject, *_names(certificate, for_issuer=False)))
    yield "Issuer", "\n  ".join((certificate.issuer, *_names(certificate, for_issuer=True)))
    yield "Serial Number", certificate.serial_number
    yield "Not Before", invariant_date(certificate.valid_from)
    yield "Not After", invariant_date(certificate.valid_until)
    yield "Thumbprint", certificate.thumbprint
    yield "Signature Algorithm", f"{algorithm.friendly_name or ''}({algorithm.value})"
    key = certificate.public_key
    rsa = rsa_public_key(certificate)
    yield (
        "Public Key",
        f"Algorithm: {key.oid.friendly_name or ''}\n  Length: {'' if rsa is None else rsa.key_size}\n"
        f"  Key Blob: {key.encoded_key_value.format(True)}\n  Parameters: {key.encoded_parameters.format(True)}",
    )


def _names(certificate: Certificate, *, for_issuer: bool) -> Iterator[str]:
    for title, kind in _NAMES:
        name = name_info(certificate, kind, for_issuer)
        if name:
            yield f"{title}: {name}"
