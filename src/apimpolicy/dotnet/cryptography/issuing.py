"""Issue X.509 certificates: for tests, for stand-ins, and for the gateway on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from cryptography.x509 import Certificate, ExtensionType, Name


def new_key(*, rsa: bool = False) -> Any:
    """Make a private key: EC P-256, or RSA 2048."""
    if rsa:
        from cryptography.hazmat.primitives.asymmetric import rsa as algorithms

        return algorithms.generate_private_key(65537, 2048)
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def common_name(text: str) -> Name:
    """Return the name `CN=text`."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(
    subject: Name,
    key: Any,
    not_before: datetime.datetime,
    not_after: datetime.datetime,
    extensions: Iterable[tuple[ExtensionType, bool]] = (),
    *,
    serial_number: int,
    issuer: Name | None = None,
    signing_key: Any = None,
) -> Certificate:
    """Issue a certificate for a private key, self-signed without `issuer` and `signing_key`.

    Each extension comes with whether it is critical.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(serial_number)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(signing_key or key, hashes.SHA256())
