"""Certificates: what callers present, what the gateway holds, and X509Certificate2 of C#."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.checkout import open_bytes
from apimpolicy.csharp.dotnet.cryptography import certificate_parts
from apimpolicy.csharp.dotnet.cryptography.issuing import date_time, ticks_of
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import CryptographicException
from apimpolicy.csharp.dotnet.registry import dotnet_class, interface_members
from apimpolicy.csharp.dotnet.values import wrap_int32
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    import datetime

    from cryptography.x509 import Certificate as ParsedCertificate

    from apimpolicy.csharp.dotnet.cryptography.certificate_parts import CertificateFile, ExtensionCollection, PublicKey
    from apimpolicy.csharp.dotnet.cryptography.identifiers import DistinguishedName, Oid

_NAMESPACE = "System.Security.Cryptography.X509Certificates."


@dotnet_class(_NAMESPACE + "X509Certificate2", members="Archived FriendlyName")
class Certificate:
    """A certificate, with its private key and the other certificates of its file when there are any.

    Make one with `from_pem`, `from_der`, `from_pkcs12` or `from_file`. Two certificates are equal when issuer and
    serial number are, as in .NET; compare `thumbprint` to ask for the very same certificate. Everything derived is
    computed once. The times `not_before` and `not_after` are .NET's; `valid_from` and `valid_until` are Python's.
    """

    dotnet_type_name: str

    def __init__(
        self,
        parsed: ParsedCertificate | None,
        private_key: Any = None,
        intermediates: tuple[Certificate, ...] = (),
        friendly_name: str = "",
    ) -> None:
        self._parsed = parsed
        self.private_key = private_key
        self.intermediates = intermediates
        self.friendly_name = friendly_name
        self.archived = False

    @property
    def parsed(self) -> ParsedCertificate:
        if self._parsed is None:
            raise CryptographicException("m_safeCertContext is an invalid handle.")
        return self._parsed

    @property
    def is_empty(self) -> bool:
        return self._parsed is None

    def reset(self) -> None:
        """Forget everything, as `Reset()` of C# does."""
        self.__dict__.clear()
        Certificate.__init__(self, None)

    @classmethod
    def from_pem(cls, pem: str | bytes, password: str | bytes | None = None) -> Certificate:
        """From PEM text; takes a private key and further certificates along. Raises ConfigurationError."""
        data = pem.encode() if isinstance(pem, str) else pem
        if not data.strip():
            return cls._of(certificate_parts.read(data, origin="the PEM text"))
        return cls._of(certificate_parts.read_pem(data, password, "the PEM text"))

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """From one DER certificate. Raises ConfigurationError."""
        return cls._of(certificate_parts.read_der(der))

    @classmethod
    def from_pkcs12(cls, data: bytes, password: str | bytes | None = None) -> Certificate:
        """From PKCS#12 (.pfx, .p12). Raises ConfigurationError, which says so when the password is wrong."""
        return cls._of(certificate_parts.read_pkcs12(data, password))

    @classmethod
    def from_file(cls, path: str | Path, password: str | bytes | None = None) -> Certificate:
        """From a file in any of the three formats. Raises ConfigurationError."""
        try:
            with open_bytes(Path(path)) as file:
                data = file.read(certificate_parts.MAXIMUM_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
        return cls._of(certificate_parts.read(data, password, str(path)))

    @classmethod
    def _of(cls, file: CertificateFile) -> Certificate:
        others = tuple(cls(other) for other in file.others)
        return cls(file.certificate, file.private_key, others, file.friendly_name)

    def to_pem(self, include_key: bool = False, include_intermediates: bool = False) -> str:
        """As PEM text; `include_key` appends the private key, unencrypted, when there is one."""
        from cryptography.hazmat.primitives import serialization

        pem = self.parsed.public_bytes(serialization.Encoding.PEM)
        if include_key and self.private_key is not None:
            pem += self.private_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        text = pem.decode()
        return text + "".join(other.to_pem() for other in self.intermediates if include_intermediates)

    @functools.cached_property
    def raw(self) -> bytes:
        """The certificate as DER."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.parsed.public_bytes(Encoding.DER)

    @functools.cached_property
    def thumbprint(self) -> str:
        """SHA-1 of the DER form, 40 upper-case hexadecimal digits."""
        import hashlib

        return hashlib.sha1(self.raw, usedforsecurity=False).hexdigest().upper()

    @functools.cached_property
    def subject(self) -> str:
        """The subject as .NET writes it: `CN=partner, O=Contoso, C=US`."""
        return self.subject_name.name

    @functools.cached_property
    def issuer(self) -> str:
        return self.issuer_name.name

    @functools.cached_property
    def subject_name(self) -> DistinguishedName:
        from apimpolicy.csharp.dotnet.cryptography.identifiers import DistinguishedName

        return DistinguishedName(self.parsed.subject)

    @functools.cached_property
    def issuer_name(self) -> DistinguishedName:
        from apimpolicy.csharp.dotnet.cryptography.identifiers import DistinguishedName

        return DistinguishedName(self.parsed.issuer)

    @functools.cached_property
    def serial_bytes(self) -> bytes:
        """The serial number as in DER: big-endian, with the leading zero that a high first bit needs."""
        number = self.parsed.serial_number
        return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)

    @functools.cached_property
    def serial_number(self) -> str:
        return self.serial_bytes.hex().upper()

    @functools.cached_property
    def valid_from(self) -> datetime.datetime:
        return self.parsed.not_valid_before_utc

    @functools.cached_property
    def valid_until(self) -> datetime.datetime:
        return self.parsed.not_valid_after_utc

    @functools.cached_property
    def not_before(self) -> Any:
        """The beginning of validity, in the gateway's local time, which is UTC."""
        return date_time(ticks_of(self.valid_from), is_local=True)

    @functools.cached_property
    def not_after(self) -> Any:
        """The end of validity, in the gateway's local time, which is UTC."""
        return date_time(ticks_of(self.valid_until), is_local=True)

    @functools.cached_property
    def extensions(self) -> ExtensionCollection:
        from apimpolicy.csharp.dotnet.cryptography.certificate_parts import ExtensionCollection

        return ExtensionCollection(self.parsed)

    @functools.cached_property
    def public_key(self) -> PublicKey:
        from apimpolicy.csharp.dotnet.cryptography.certificate_parts import PublicKey

        return PublicKey.of(self.parsed)

    @functools.cached_property
    def signature_algorithm(self) -> Oid:
        from apimpolicy.csharp.dotnet.cryptography.identifiers import Oid

        return Oid(self.parsed.signature_algorithm_oid.dotted_string)

    @property
    def has_private_key(self) -> bool:
        _ = self.parsed
        return self.private_key is not None

    @property
    def version(self) -> int:
        """The X.509 version: 1 or 3."""
        return self.parsed.version.value + 1

    @property
    def is_self_issued(self) -> bool:
        return self.parsed.subject == self.parsed.issuer

    def verify(self) -> bool:
        """Return whether there is a valid chain to a root that the environment trusts."""
        return _has_valid_chain(self, check_revocation=True)

    def verify_no_revocation(self) -> bool:
        return _has_valid_chain(self, check_revocation=False)

    def to_string(self) -> str:
        """.NET's long form, with a heading for each part."""
        if self.is_empty:
            return self.dotnet_type_name
        parts = {
            "Subject": self.subject,
            "Issuer": self.issuer,
            "Serial Number": self.serial_number,
            "Not Before": invariant_date(self.valid_from),
            "Not After": invariant_date(self.valid_until),
            "Thumbprint": self.thumbprint,
        }
        return "\n".join(f"[{title}]\n  {text}\n" for title, text in parts.items())

    def equals(self, other: object) -> bool:
        return self == other

    def get_hash_code(self) -> int:
        return 0 if self.is_empty else wrap_int32(int(self.thumbprint[:8], 16))

    def dispose(self) -> None:
        """Do nothing: a certificate is in memory only."""

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Certificate):
            return NotImplemented
        if self.is_empty or other.is_empty:
            return self.is_empty and other.is_empty
        return self.issuer == other.issuer and self.serial_bytes == other.serial_bytes

    def __hash__(self) -> int:
        return 0 if self.is_empty else hash((self.issuer, self.serial_bytes))

    def __repr__(self) -> str:
        if self.is_empty:
            return "<Certificate without data>"
        return f"<Certificate {self.subject} ({self.thumbprint[:4]}…)>"


class BareCertificate(Certificate):
    """X509Certificate, the class that X509Certificate2 derives from; its `ToString()` is the name of its type."""

    dotnet_type_name = _NAMESPACE + "X509Certificate"

    def to_string(self) -> str:
        return self.dotnet_type_name


def _has_valid_chain(certificate: Certificate, *, check_revocation: bool) -> bool:
    trust: Any = environment().trust
    if trust is None:
        from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore

        trust = TrustStore()
    return bool(trust.build(certificate, check_revocation=check_revocation).is_valid)


def invariant_date(time: datetime.datetime) -> str:
    """Return a date as DateTime.ToString() writes it in the invariant culture."""
    return f"{time.month:02}/{time.day:02}/{time.year:04} {time:%H:%M:%S}"


interface_members(
    _NAMESPACE + "X509Certificate",
    {
        "Subject": "subject",
        "Issuer": "issuer",
        "string ToString()": "to_string",
        "Equals": "equals",
        "GetHashCode": "get_hash_code",
        "Dispose": "dispose",
    },
)
interface_members(_NAMESPACE + "X509Certificate2", {"string ToString()": "to_string", "Verify": "verify"})
