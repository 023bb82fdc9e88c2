"""Object identifiers, names of algorithms and distinguished names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.exceptions import ArgumentException, CryptographicException, require
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.system.objects import get_hash_code
from apimpolicy.csharp.dotnet.values import Array, Equatable, byte_array, to_utf16

if TYPE_CHECKING:
    from cryptography.x509 import Name


# Object identifiers and names of algorithms: Oid, HashAlgorithmName, AsnEncodedData.
# Friendly names are those of .NET Core 3.1 on Linux: .NET's own table first, OpenSSL's long names for extensions.

_NAMESPACE = "System.Security.Cryptography."

FRIENDLY_NAMES = {
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.4": "md5RSA",
    "1.2.840.113549.1.1.5": "sha1RSA",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256RSA",
    "1.2.840.113549.1.1.12": "sha384RSA",
    "1.2.840.113549.1.1.13": "sha512RSA",
    "1.2.840.113549.1.9.1": "E",
    "1.2.840.113549.2.5": "md5",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "ECC",
    "1.2.840.10045.3.1.7": "ECDSA_P256",
    "1.2.840.10045.4.1": "sha1ECDSA",
    "1.2.840.10045.4.3.2": "sha256ECDSA",
    "1.2.840.10045.4.3.3": "sha384ECDSA",
    "1.2.840.10045.4.3.4": "sha512ECDSA",
    "1.3.132.0.34": "ECDSA_P384",
    "1.3.132.0.35": "ECDSA_P521",
    "1.3.6.1.5.5.7.1.1": "Authority Information Access",
    "1.3.6.1.5.5.7.3.1": "TLS Web Server Authentication",
    "1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.13": "Description",
    "2.5.4.17": "PostalCode",
    "2.5.4.20": "Phone",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "2.5.29.14": "X509v3 Subject Key Identifier",
    "2.5.29.15": "X509v3 Key Usage",
    "2.5.29.17": "X509v3 Subject Alternative Name",
    "2.5.29.18": "X509v3 Issuer Alternative Name",
    "2.5.29.19": "X509v3 Basic Constraints",
    "2.5.29.30": "X509v3 Name Constraints",
    "2.5.29.31": "X509v3 CRL Distribution Points",
    "2.5.29.32": "X509v3 Certificate Policies",
    "2.5.29.35": "X509v3 Authority Key Identifier",
    "2.5.29.37": "X509v3 Extended Key Usage",
}


@dotnet_class(_NAMESPACE + "Oid", members="Value FriendlyName")
class Oid:
    """`value` is the dotted number, `friendly_name` the name .NET has for it, or None."""

    def __init__(self, value: str | None, friendly_name: str | None = None) -> None:
        self.value = value
        self.friendly_name = friendly_name or (FRIENDLY_NAMES.get(value) if value else None)

    @staticmethod
    @member("new(string)")
    def parse(oid: str | None) -> Oid:
        """From a dotted number or from a friendly name, as .NET takes either."""
        if oid and not oid[0].isdigit():
            for value, name in FRIENDLY_NAMES.items():
                if name.lower() == oid.lower():
                    return Oid(value, name)
        return Oid(oid)

    @staticmethod
    @member("new(string, string)")
    def of(value: str | None, friendly_name: str | None) -> Oid:
        return Oid(value, friendly_name)

    @staticmethod
    @member("new(Oid)")
    def copy(other: Oid | None) -> Oid:
        other = require(other, "oid")
        return Oid(other.value, other.friendly_name)

    @staticmethod
    def from_friendly_name(friendly_name: str | None, group: int) -> Oid:
        """On Linux all groups share their names. Raises CryptographicException for an unknown one."""
        friendly_name = require(friendly_name, "friendlyName")
        for value, name in FRIENDLY_NAMES.items():
            if name.lower() == friendly_name.lower():
                return Oid(value, friendly_name)
        raise CryptographicException("No OID value matches this name.")

    @staticmethod
    @member("FromOidValue")
    def from_value(value: str | None, group: int) -> Oid:
        """Raises CryptographicException for an identifier without a name."""
        value = require(value, "oidValue")
        if value not in FRIENDLY_NAMES:
            raise CryptographicException("The OID value is invalid.")
        return Oid(value)


@dotnet_class(_NAMESPACE + "AsnEncodedData", members="Oid")
class AsnEncodedData:
    """An object identifier with DER data."""

    def __init__(self, oid: Oid | None, data: bytes) -> None:
        self.oid = oid
        self.data = data

    @staticmethod
    def copy(other: AsnEncodedData | None) -> AsnEncodedData:
        other = require(other, "asnEncodedData")
        return AsnEncodedData(None if other.oid is None else Oid.copy(other.oid), other.data)

    @member("RawData")
    def raw_data(self) -> Array:
        return byte_array(self.data)

    def format(self, multi_line: bool) -> str:
        """Return the data as hexadecimal, which .NET gives for every identifier it has no format for."""
        return hexadecimal(self.data, " ")


@dotnet_class(_NAMESPACE + "HashAlgorithmName")
class HashAlgorithmName(Equatable):
    """The name of a hash algorithm, e.g. `SHA256`."""

    __slots__ = ("name",)

    def __init__(self, name: str | None) -> None:
        self.name = name

    def to_string(self) -> str:
        return self.name or ""

    def get_hash_code(self) -> int:
        return 0 if self.name is None else get_hash_code(self.name)

    @property
    def identity(self) -> Any:
        return self.name

    def known(self) -> str:
        """Return the name. Raises ArgumentException without one, CryptographicException for an unknown one."""
        if not self.name:
            raise ArgumentException("The hash algorithm name cannot be null or empty.", "hashAlgorithm")
        if self.name not in _KNOWN_HASHES:
            raise CryptographicException(f"'{self.name}' is not a known hash algorithm.")
        return self.name


_KNOWN_HASHES = {name: HashAlgorithmName(name) for name in ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")}
implements_all(
    _NAMESPACE + "HashAlgorithmName",
    {
        "new": HashAlgorithmName,
        "op_Equality": lambda left, right: left == right,
        "op_Inequality": lambda left, right: left != right,
        **{name: lambda known=known: known for name, known in _KNOWN_HASHES.items()},
    },
)


def hexadecimal(data: bytes, separator: str = "") -> str:
    """Upper-case hexadecimal digits.

    >>> hexadecimal(bytes([10, 255]))
    '0AFF'
    """
    return data.hex(separator).upper() if separator else data.hex().upper()


implements_all(_NAMESPACE + "Oid", {"new()": lambda: Oid(None)})


# X500DistinguishedName: names of subjects and issuers as .NET writes them.
# Source: the documented behaviour of X500DistinguishedName.Decode with the flag Reversed, which `Subject` and `Issuer`
# use: most specific part first, separated by ", ", parts of one set by " + ", values quoted when they need it.

_CERTIFICATES = "System.Security.Cryptography.X509Certificates."
_NEEDS_QUOTES = frozenset(',+="\n<>#;')
_BLANKS = " \t\n\v\f\r"


@dotnet_class(_CERTIFICATES + "X500DistinguishedName", members="Name")
class DistinguishedName(AsnEncodedData):
    """A distinguished name; `name` is .NET's text for it."""

    def __init__(self, name: Name) -> None:
        super().__init__(None, name.public_bytes())
        self.name = format_name(name)

    def format(self, multi_line: bool) -> str:
        return self.name.replace(", ", "\r\n") if multi_line else self.name


def format_name(name: Name, *, most_specific_first: bool = True) -> str:
    """Return a name as `Subject` and `Issuer` show it; the other way round it is that of the obsolete `GetName()`."""
    parts = (
        " + ".join(f"{_label(attribute.oid.dotted_string)}={_value(attribute.value)}" for attribute in part)
        for part in (reversed(name.rdns) if most_specific_first else name.rdns)
    )
    return to_utf16(", ".join(parts))


def _label(oid: str) -> str:
    return FRIENDLY_NAMES.get(oid) or f"OID.{oid}"


def _value(value: str | bytes) -> str:
    """Return the value of one attribute, in quotes where .NET puts them.

    >>> _value("Contoso, Inc.")
    '"Contoso, Inc."'
    """
    text = value.hex().upper() if isinstance(value, bytes) else value
    if not text or text[0] in _BLANKS or text[-1] in _BLANKS or not _NEEDS_QUOTES.isdisjoint(text):
        return '"' + text.replace('"', '""') + '"'
    return text
