"""Methods of X509Certificate and X509Certificate2, and RSACertificateExtensions.

Where .NET's result depends on the system, it is .NET Core's on Linux. Dates are written in the invariant culture and
UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.cryptography.certificate import Certificate, invariant_date
from apimpolicy.dotnet.cryptography.distinguished_names import format_name
from apimpolicy.dotnet.cryptography.identifiers import hexadecimal
from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    CryptographicException,
    InvalidOperationException,
    NotSupportedException,
    require,
)
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.values import byte_array, to_utf16

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.identifiers import HashAlgorithmName
    from apimpolicy.dotnet.cryptography.rsa import RSA
    from apimpolicy.dotnet.values import Array

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
    if not algorithm.name:
        raise ArgumentException("The hash algorithm name cannot be null or empty.", "hashAlgorithm")
    if algorithm.name not in ("MD5", "SHA1", "SHA256", "SHA384", "SHA512"):
        raise CryptographicException(f"'{algorithm.name}' is not a known hash algorithm.")
    import hashlib

    return hashlib.new(algorithm.name, certificate.raw, usedforsecurity=False).digest()


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
    wanted: Any = {
        SIMPLE_NAME: x509.RFC822Name,
        EMAIL_NAME: x509.RFC822Name,
        UPN_NAME: x509.OtherName,
        URL_NAME: x509.UniformResourceIdentifier,
    }.get(name_type, x509.DNSName)
    for entry in names:
        if not isinstance(entry, wanted):
            continue
        if not isinstance(entry, x509.OtherName):
            return str(entry.value)
        if entry.type_id.dotted_string == _UPN:
            return entry.value[2:].decode("utf-8", "replace")
    return None


@implements("ContextExtensions", "VerifyNoRevocation")
def verify_no_revocation(certificate: Certificate | None) -> bool:
    """`Verify()` without asking whether anything in the chain was revoked."""
    certificate = require(certificate, "input")
    return certificate.verify_no_revocation()


@implements(_NAMESPACE + "RSACertificateExtensions", "GetRSAPublicKey")
def rsa_public_key(certificate: Certificate | None) -> RSA | None:
    """Return the public key, None when it is not RSA."""
    return _rsa(certificate, private=False)


@implements(_NAMESPACE + "RSACertificateExtensions", "GetRSAPrivateKey")
def rsa_private_key(certificate: Certificate | None) -> RSA | None:
    """Return the private key, None when there is none or it is not RSA."""
    return _rsa(certificate, private=True)


@implements(_NAMESPACE + "RSACertificateExtensions", "CopyWithPrivateKey")
def copy_with_private_key(certificate: Certificate | None, key: RSA | None) -> Certificate:
    """Raise InvalidOperationException when there is a key already, ArgumentException for one that does not fit."""
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

    from apimpolicy.dotnet.cryptography.rsa import RSA, RSACng

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
