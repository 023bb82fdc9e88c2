"""Extensions of certificates as OpenSSL 1.1 prints them for .NET Core on Linux.

An extension that OpenSSL has no printer for is None, which .NET writes as hexadecimal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY_USAGES = (
    ("digital_signature", "Digital Signature"), ("content_commitment", "Non Repudiation"),
    ("key_encipherment", "Key Encipherment"), ("data_encipherment", "Data Encipherment"),
    ("key_agreement", "Key Agreement"), ("key_cert_sign", "Certificate Sign"), ("crl_sign", "CRL Sign"),
    ("encipher_only", "Encipher Only"), ("decipher_only", "Decipher Only"),
)  # fmt: skip
_PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "TLS Web Server Authentication", "1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication",
    "1.3.6.1.5.5.7.3.3": "Code Signing", "1.3.6.1.5.5.7.3.4": "E-mail Protection",
    "1.3.6.1.5.5.7.3.8": "Time Stamping", "1.3.6.1.5.5.7.3.9": "OCSP Signing",
    "1.3.6.1.4.1.311.10.3.3": "Microsoft Server Gated Crypto", "1.3.6.1.4.1.311.20.2.2": "Microsoft Smartcard Login",
    "2.16.840.1.113730.4.1": "Netscape Server Gated Crypto", "2.5.29.37.0": "Any Extended Key Usage",
}  # fmt: skip
_ACCESS_METHODS = {"1.3.6.1.5.5.7.48.1": "OCSP", "1.3.6.1.5.5.7.48.2": "CA Issuers"}


def extension_text(extension: Any) -> str | None:
    """A parsed extension in OpenSSL's words; None when OpenSSL has none. Raises NotSimulatedError for rare ones."""
    from cryptography import x509

    if isinstance(extension, (x509.SubjectAlternativeName, x509.IssuerAlternativeName)):
        return to_utf16(", ".join(map(general_name, extension)))
    if isinstance(extension, x509.BasicConstraints):
        length = "" if extension.path_length is None else f", pathlen:{extension.path_length}"
        return f"CA:{str(extension.ca).upper()}{length}"
    if isinstance(extension, x509.KeyUsage):
        return ", ".join(name for attribute, name in _KEY_USAGES if getattr(extension, f"_{attribute}"))
    if isinstance(extension, x509.ExtendedKeyUsage):
        return ", ".join(_PURPOSES.get(oid.dotted_string, oid.dotted_string) for oid in extension)
    if isinstance(extension, x509.SubjectKeyIdentifier):
        return _colons(extension.digest)
    if isinstance(extension, x509.AuthorityKeyIdentifier):
        return _authority_key(extension)
    if isinstance(extension, (x509.AuthorityInformationAccess, x509.SubjectInformationAccess)):
        return _lines(
            f"{_ACCESS_METHODS.get(item.access_method.dotted_string, item.access_method.dotted_string)}"
            f" - {general_name(item.access_location)}"
            for item in extension
        )
    if isinstance(extension, x509.CRLDistributionPoints):
        return _distribution_points(extension)
    if isinstance(extension, x509.UnrecognizedExtension):
        return None
    raise NotSimulatedError(f"the text of the extension {extension.oid.dotted_string}")


def _authority_key(extension: Any) -> str:
    parts = [] if extension.key_identifier is None else [f"keyid:{_colons(extension.key_identifier)}"]
    parts += map(general_name, extension.authority_cert_issuer or ())
    if extension.authority_cert_serial_number is not None:
        number = extension.authority_cert_serial_number
        parts.append(f"serial:{_colons(number.to_bytes(max(1, (number.bit_length() + 7) // 8), 'big'))}")
    return _lines(parts)


def _distribution_points(extension: Any) -> str:
    text = ""
    for point in extension:
        if point.full_name is None or point.reasons or point.crl_issuer:
            raise NotSimulatedError("the text of a CRL distribution point without a full name")
        text += "\nFull Name:\n" + _lines(f"  {general_name(name)}" for name in point.full_name)
    return text


def _lines(items: Iterable[str]) -> str:
    return to_utf16("".join(f"{item}\n" for item in items))


def _colons(data: bytes) -> str:
    return data.hex(":").upper()


def general_name(name: Any) -> str:
    """Return a name as OpenSSL prints it: `DNS:a.example`."""
    from cryptography import x509

    labels = {x509.DNSName: "DNS", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "URI"}
    label = labels.get(type(name))
    if label:
        return f"{label}:{name.value}"
    if isinstance(name, x509.IPAddress):
        return f"IP Address:{name.value}"
    if isinstance(name, x509.RegisteredID):
        return f"Registered ID:{name.value.dotted_string}"
    if isinstance(name, x509.DirectoryName):
        return f"DirName:{name.value.rfc4514_string()}"
    return "othername:<unsupported>"
