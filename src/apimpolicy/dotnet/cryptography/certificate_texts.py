"""Certificates in words: `ToString(bool)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.cryptography import certificate_members as members
from apimpolicy.dotnet.cryptography.certificate import Certificate, invariant_date
from apimpolicy.dotnet.registry import implements

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMESPACE = "System.Security.Cryptography.X509Certificates."
_NAMES = (
    ("Simple Name", members.SIMPLE_NAME),
    ("Email Name", members.EMAIL_NAME),
    ("UPN Name", members.UPN_NAME),
    ("DNS Name", members.DNS_NAME),
)


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
    rsa = members.rsa_public_key(certificate)
    yield (
        "Public Key",
        f"Algorithm: {key.oid.friendly_name or ''}\n  Length: {'' if rsa is None else rsa.key_size}\n"
        f"  Key Blob: {key.encoded_key_value.format(True)}\n  Parameters: {key.encoded_parameters.format(True)}",
    )


def _names(certificate: Certificate, *, for_issuer: bool) -> Iterator[str]:
    for title, kind in _NAMES:
        name = members.name_info(certificate, kind, for_issuer)
        if name:
            yield f"{title}: {name}"
