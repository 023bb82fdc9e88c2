"""Revocation lists: which certificates their issuers have withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.cryptography.times import ticks_of
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as ParsedCertificate
    from cryptography.x509 import CertificateRevocationList

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
