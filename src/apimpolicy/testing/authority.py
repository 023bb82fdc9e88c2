"""A small certificate authority for tests: makes right certificates, and on purpose wrong ones.

    authority = TestAuthority("Contoso Test CA")
    partner = authority.client("partner")
    expired = authority.client("late", not_after="2026-05-31")
    authority.revoke(partner)
    trust = TrustStore([authority.certificate], revocation_lists=[authority.crl()])

Keys are fresh each time (EC P-256, or RSA 2048 on request); names, serial numbers and dates are the same in every
run.

An authority publishes a revocation list, and its certificates say where, as those of a public authority do, so that
`Verify()` is true for them. `publishes_list=False` makes an authority as people make one with openssl: its certificates
name no list, and `Verify()` is false for them, in .NET and here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.csharp.dotnet.cryptography.issuing import issue, new_key
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.x509 import ExtensionType, Name

NOT_BEFORE = "2020-01-01"
NOT_AFTER = "2049-12-31"
_AUTHORITY_NOT_BEFORE = "2000-01-01"
_AUTHORITY_NOT_AFTER = "2099-12-31"


def self_signed(
    name: str,
    *,
    not_before: str | datetime.datetime = NOT_BEFORE,
    not_after: str | datetime.datetime = NOT_AFTER,
    rsa: bool = False,
) -> Certificate:
    """Make a self-signed certificate, with its private key."""
    key = new_key(rsa=rsa)
    issued = _issue(name, key, key, None, 0x1000, not_before, not_after)
    issued.private_key = key
    return issued


class TestAuthority:
    """An authority with a self-signed certificate, or one certified by another: see `intermediate`.

    Dates are ISO texts ("2026-05-31", "2026-05-31T12:00:00Z"; UTC) or aware datetimes. Names are a common name
    ("partner") or parts, most specific first ("CN=partner, O=Contoso, C=US"; no quoting).
    """

    __test__ = False  # not a class of tests, whatever its name suggests to pytest

    def __init__(
        self,
        name: str = "Test CA",
        *,
        not_before: str | datetime.datetime = _AUTHORITY_NOT_BEFORE,
        not_after: str | datetime.datetime = _AUTHORITY_NOT_AFTER,
        path_length: int | None = None,
        rsa: bool = False,
        publishes_list: bool = True,
        issuer: TestAuthority | None = None,
    ) -> None:
        self._issuer = issuer
        self.publishes_list = publishes_list
        self.authorities: list[TestAuthority] = []
        """Those that `intermediate` has made."""
        self._list_url = _list_url(name) if publishes_list else None
        self._serial_number = 0x1000
        self._revoked: list[Certificate] = []
        self._key = new_key(rsa=rsa)
        self.certificate: Certificate = _issue(
            name,
            self._key,
            issuer or self,
            issuer.certificate.parsed.subject if issuer else None,
            (issuer or self)._next_serial(),
            not_before,
            not_after,
            authority=True,
            path_length=path_length,
            list_url=issuer._list_url if issuer else None,
        )

    def intermediate(
        self,
        name: str,
        *,
        not_before: str | datetime.datetime = _AUTHORITY_NOT_BEFORE,
        not_after: str | datetime.datetime = _AUTHORITY_NOT_AFTER,
        path_length: int | None = None,
        rsa: bool = False,
        publishes_list: bool = True,
    ) -> TestAuthority:
        """Make an authority below this one; its clients carry its certificate as an intermediate."""
        authority = TestAuthority(
            name,
            not_before=not_before,
            not_after=not_after,
            path_length=path_length,
            rsa=rsa,
            publishes_list=publishes_list,
            issuer=self,
        )
        self.authorities.append(authority)
        return authority

    def client(
        self,
        name: str,
        *,
        not_before: str | datetime.datetime = NOT_BEFORE,
        not_after: str | datetime.datetime = NOT_AFTER,
        serial_number: int | None = None,
        dns_names: Iterable[str] = (),
        email: str | None = None,
        rsa: bool = False,
    ) -> Certificate:
        """Issue a certificate for a caller, with its private key and the authorities between it and the root."""
        alternatives: list[Any] = [x509.DNSName(dns) for dns in dns_names]
        if email:
            alternatives.append(x509.RFC822Name(email))
        key = new_key(rsa=rsa)
        issued = _issue(
            name,
            key,
            self,
            self.certificate.parsed.subject,
            serial_number or self._next_serial(),
            not_before,
            not_after,
            alternatives=alternatives,
            list_url=self._list_url,
        )
        issued.private_key = key
        issued.intermediates = tuple(self._authorities_below_root())
        return issued

    self_signed = staticmethod(self_signed)

    def revoke(self, certificate: Certificate) -> None:
        """Name this certificate in the lists that `crl` makes from now on."""
        if certificate.parsed.issuer != self.certificate.parsed.subject:
            raise ConfigurationError(f"{certificate.subject} was not issued by {self.certificate.subject}")
        self._revoked.append(certificate)

    def lists(self) -> list[bytes]:
        """Return the revocation lists of this authority and of those below it, of all that publish one."""
        found = [self.crl()] if self.publishes_list else []
        return [*found, *(made for below in self.authorities for made in below.lists())]

    def crl(
        self,
        *,
        last_update: str | datetime.datetime = _AUTHORITY_NOT_BEFORE,
        next_update: str | datetime.datetime = _AUTHORITY_NOT_AFTER,
    ) -> bytes:
        """Return the revocation list as DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.parsed.subject)
            .last_update(_moment(last_update))
            .next_update(_moment(next_update))
        )
        for certificate in self._revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.parsed.serial_number)
                .revocation_date(_moment(last_update))
                .build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _next_serial(self) -> int:
        self._serial_number += 1
        return self._serial_number

    def _authorities_below_root(self) -> Iterable[Certificate]:
        authority: TestAuthority | None = self
        while authority is not None and authority._issuer is not None:
            yield authority.certificate
            authority = authority._issuer


def _issue(
    name: str,
    key: Any,
    signer: Any,
    issuer: Name | None,
    serial_number: int,
    not_before: str | datetime.datetime,
    not_after: str | datetime.datetime,
    *,
    authority: bool = False,
    path_length: int | None = None,
    alternatives: list[Any] | None = None,
    list_url: str | None = None,
) -> Certificate:
    signing_key = signer._key if isinstance(signer, TestAuthority) else signer
    extensions: list[tuple[ExtensionType, bool]] = [
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), False),
        (x509.BasicConstraints(ca=authority, path_length=path_length), True),
    ]
    if list_url:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(list_url)], None, None, None)
        extensions.append((x509.CRLDistributionPoints([place]), False))
    if alternatives:
        extensions.append((x509.SubjectAlternativeName(alternatives), False))
    issued = issue(
        _name(name),
        key,
        _moment(not_before),
        _moment(not_after),
        extensions,
        serial_number=serial_number,
        issuer=issuer,
        signing_key=signing_key,
    )
    return Certificate(issued)


def _list_url(name: str) -> str:
    """Return where the list of an authority would be; nothing is fetched from there."""
    words = "".join(char.lower() if char.isascii() and char.isalnum() else " " for char in name.removeprefix("CN="))
    return f"http://crl.example/{'-'.join(words.split())}.crl"


def _name(text: str) -> Name:
    oids = {
        "CN": NameOID.COMMON_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
        "C": NameOID.COUNTRY_NAME,
        "L": NameOID.LOCALITY_NAME,
        "S": NameOID.STATE_OR_PROVINCE_NAME,
        "E": NameOID.EMAIL_ADDRESS,
        "DC": NameOID.DOMAIN_COMPONENT,
    }
    if "=" not in text:
        text = "CN=" + text
    attributes = []
    for part in reversed(text.split(",")):
        label, _, value = part.strip().partition("=")
        if label not in oids or not value:
            raise ConfigurationError(f"'{part.strip()}' is not a part of a name; write one of {', '.join(oids)}")
        attributes.append(x509.NameAttribute(oids[label], value))
    return x509.Name(attributes)


def _moment(time: str | datetime.datetime) -> datetime.datetime:
    if isinstance(time, str):
        try:
            time = datetime.datetime.fromisoformat(time)
        except ValueError:
            raise ConfigurationError(f"'{time}' is not a date; write one such as 2026-05-31T12:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
