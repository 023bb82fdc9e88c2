"""A certificate with a fresh key, for one that a gateway has and a repository doesn't."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate

_BEGIN, _END = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2049, 12, 31, tzinfo=datetime.UTC)


def self_signed(name: str) -> Certificate:
    """Make a certificate that nobody vouches for, with its private key; `name` is a common name, `CN=partner`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    from apimpolicy.dotnet.cryptography.certificate import Certificate

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name.removeprefix("CN=")[:64] or "stand-in")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(0x1000).not_valid_before(_BEGIN).not_valid_after(_END)
    made = Certificate.from_der(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    made.private_key = key
    return made
