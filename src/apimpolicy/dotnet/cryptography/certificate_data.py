"""X509Certificate and X509Certificate2 from bytes and back to bytes: constructors, Import, Reset, Export.

Messages for broken data are those of Windows, where the gateway runs. Nothing reads a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from apimpolicy.dotnet.cryptography import certificate_files
from apimpolicy.dotnet.cryptography.certificate import BareCertificate, Certificate
from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    CryptographicException,
    PlatformNotSupportedException,
    require,
)
from apimpolicy.dotnet.registry import declines, implements, implements_all
from apimpolicy.dotnet.values import byte_array, from_utf16
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.values import Array

_NAMESPACE = "System.Security.Cryptography.X509Certificates."
_CERTIFICATE = _NAMESPACE + "X509Certificate"
_CERTIFICATE2 = _NAMESPACE + "X509Certificate2"

CERT, SERIALIZED_CERT, PFX, SERIALIZED_STORE, PKCS7 = 1, 2, 3, 4, 5
"""`X509ContentType`."""


def from_bytes(cls: type[Certificate], data: Array | None) -> Certificate:
    """Without bytes the certificate is empty, as .NET keeps it for compatibility."""
    return read(cls, data, None) if data else cls(None)


def read(cls: type[Certificate], data: Array | None, password: str | None) -> Certificate:
    """Return a certificate in any format. Raises CryptographicException for data that is none."""
    if not data:
        raise ArgumentException("Array may not be empty or null.", "rawData")
    try:
        file = certificate_files.read(bytes(data), None if password is None else from_utf16(password))
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
        "new(byte[], string)": lambda data, password: read(cls, data, password),
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
declines(
    _CERTIFICATE2,
    "GetCertContentType(string)",
    reason="expressions read no files; give the certificate's bytes",
)
declines(_CERTIFICATE, "Handle", reason="handles of the operating system are not simulated")


@implements(_CERTIFICATE, "Export(X509ContentType)")
def export(certificate: Certificate, content_type: int) -> Array:
    return export_with_password(certificate, content_type, None)


@implements(_CERTIFICATE, "Export(X509ContentType, string)")
def export_with_password(certificate: Certificate, content_type: int, password: str | None) -> Array:
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
        certificate_files.read(bytes(data))
    except ConfigurationError as error:
        if "password" in str(error):
            return PFX
        raise CryptographicException("Cannot find the requested object.") from error
    return PFX if certificate_files.looks_like_pkcs12(bytes(data)) else CERT
