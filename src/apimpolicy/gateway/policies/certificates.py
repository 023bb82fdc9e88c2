"""Uploaded certificates by their ids, and the claims of an `identity` of validate-client-certificate.

Ids ignore case (Microsoft's release notes of March 2024). That is known of the attributes that name a certificate. No
source tells how `context.Deployment.Certificates` compares the ids from expressions; that is exact here.

Our choices for claims, since no document states them: thumbprints and serial numbers are compared without regard to
case, blanks, colons and leading zeros; names without regard to case and to blanks around their parts, part by part in
the order in which `Subject` shows them; `dns-name` with each DNS name of the certificate as written (`*.contoso.com` is
literal).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.surroundings import PolicyExchange, azure_error

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

_Held = TypeVar("_Held")


def uploaded_certificate(exchange: PolicyExchange, wanted: str) -> Certificate:
    """Return the uploaded certificate with this id. Raises PolicyError without one."""
    uploaded = exchange.context.deployment.certificates
    found: Certificate | None = uploaded.try_get_value(wanted)[1]
    if found is None:
        found = find_by_id({from_utf16(pair.key): pair.value for pair in uploaded}, from_utf16(wanted))
    if found is None:
        raise azure_error("certificate-unknown", id=wanted)
    return found


def find_by_id(held: Mapping[str, _Held], wanted: str) -> _Held | None:
    """Return the certificate with this id, or with one that differs in case only; None without one."""
    if (found := held.get(wanted)) is not None:
        return found
    return next((each for name, each in held.items() if name.lower() == wanted.lower()), None)


_PART = re.compile(r'\s*([^=,+;]*?)\s*=\s*("(?:[^"]|"")*"|[^,+;"]*)\s*([,+;]|$)')


def hexadecimal(text: str) -> str:
    """Return a thumbprint or serial number as it is compared.

    >>> hexadecimal("00 ab:CD")
    'ABCD'
    """
    return re.sub(r"[\s:\u200e\u200f]", "", text).upper().lstrip("0")


def distinguished_name(text: str) -> tuple[str, ...] | str:
    """Return a distinguished name as it is compared: its parts, or the text itself when it is not such a name.

    >>> distinguished_name('CN = Partner,O="Contoso, Inc."')
    ('cn=partner', 'o=contoso, inc.')
    """
    parts: list[str] = []
    position = 0
    while True:
        found = _PART.match(text, position)
        if found is None or not found[1]:
            return text.strip().lower()
        value = found[2]
        if value.startswith('"'):
            value = value[1:-1].replace('""', '"')
        kind = found[1].upper().removeprefix("OID.")
        parts.append(f"{_SAME.get(kind, kind)}={value.strip()}".lower())
        position = found.end()
        if not found[3]:
            return tuple(parts)


_SAME = {"ST": "S", "EMAIL": "E", "EMAILADDRESS": "E"}
"""Names of one attribute."""


def common_names(certificate: Certificate) -> list[str]:
    from cryptography.x509.oid import NameOID

    return [_text(found.value) for found in certificate.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def dns_names(certificate: Certificate) -> list[str]:
    """Return the DNS names among the subject's alternative names."""
    from cryptography import x509

    try:
        names = certificate.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return list(names.get_values_for_type(x509.DNSName))


def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Return whether this very key signed the certificate."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def same_hexadecimal(claim: str, *found: str) -> bool:
    return any(hexadecimal(claim) == hexadecimal(value) for value in found)


def same_name(claim: str, *found: str) -> bool:
    return any(distinguished_name(from_utf16(claim)) == distinguished_name(from_utf16(value)) for value in found)


def same_text(claim: str, *found: str) -> bool:
    return any(from_utf16(claim).strip().lower() == value.strip().lower() for value in found)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
