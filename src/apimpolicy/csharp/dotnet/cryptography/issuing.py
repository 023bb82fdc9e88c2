"""Issue and revoke X.509 certificates."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList, ExtensionType, Name
    from cryptography.x509 import Certificate as ParsedCertificate


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


# Times of certificates as ticks of 100 ns since 0001-01-01, the unit of the environment's clock

_UTC, _LOCAL = 1, 2
"""Members of System.DateTimeKind."""
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def ticks_of(time: datetime.datetime) -> int:
    """Return the ticks of an aware time.

    >>> ticks_of(datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.UTC)) - UNIX_EPOCH_TICKS
    10000000
    """
    since = time - _EPOCH
    return UNIX_EPOCH_TICKS + (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10


def date_time(ticks: int, *, is_local: bool = False) -> Any:
    """Return a .NET DateTime in UTC, or in the gateway's local time, which is the same clock under another kind."""
    return bound("System.DateTime", "new(long ticks, System.DateTimeKind kind)")(ticks, _LOCAL if is_local else _UTC)


# Revocation lists: which certificates their issuers have withdrawn

_UNSET = 3_155_378_976_000_000_000
"""The ticks after the last moment of .NET's calendar."""


class RevocationList:
    """One certificate revocation list of one issuer."""

    def __init__(self, parsed: CertificateRevocationList) -> None:
        self.parsed = parsed
        self.issuer = parsed.issuer.public_bytes()
        self.valid_from = ticks_of(parsed.last_update_utc)
        self.valid_until = ticks_of(parsed.next_update_utc) if parsed.next_update_utc else _UNSET

    @classmethod
    def read(cls, data: bytes) -> RevocationList:
        """From PEM or DER. Raises ConfigurationError."""
        from cryptography import x509

        if not data.strip():
            raise ConfigurationError("the revocation list is empty")
        try:
            if b"-----BEGIN" in data:
                return cls(x509.load_pem_x509_crl(data))
            return cls(x509.load_der_x509_crl(data))
        except ValueError as error:
            raise ConfigurationError(f"this is not a certificate revocation list: {error}") from None

    def is_signed_by(self, authority: ParsedCertificate) -> bool:
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            return self.parsed.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
        except (UnsupportedAlgorithm, TypeError, ValueError):
            return False

    def is_current(self, now: int) -> bool:
        """Return whether the list may be used at this time, in ticks."""
        return self.valid_from <= now <= self.valid_until

    def revokes(self, serial_number: int) -> bool:
        """Return whether the list names this certificate, and does not take it back (`removeFromCRL`)."""
        from cryptography import x509

        entry = self.parsed.get_revoked_certificate_by_serial_number(serial_number)
        if entry is None:
            return False
        try:
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except (x509.ExtensionNotFound, ValueError):
            return True
        return reason is not x509.ReasonFlags.remove_from_crl
