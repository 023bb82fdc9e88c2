"""Reads certificates from PEM, DER and PKCS#12, with sentences for people when that fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from cryptography.x509 import Certificate as ParsedCertificate

    from apimpolicy.dotnet.cryptography.certificate import Certificate


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
    """Return a SEQUENCE that begins with version 3 and a ContentInfo."""
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
