"""X500DistinguishedName: names of subjects and issuers as .NET writes them.

Source: the documented behaviour of X500DistinguishedName.Decode with the flag Reversed, which `Subject` and `Issuer`
use: most specific part first, separated by ", ", parts of one set by " + ", values quoted when they need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.cryptography.identifiers import FRIENDLY_NAMES, AsnEncodedData
from apimpolicy.dotnet.registry import dotnet_class
from apimpolicy.dotnet.values import to_utf16

if TYPE_CHECKING:
    from cryptography.x509 import Name

_NAMESPACE = "System.Security.Cryptography.X509Certificates."
_NEEDS_QUOTES = frozenset(',+="\n<>#;')
_BLANKS = " \t\n\v\f\r"


@dotnet_class(_NAMESPACE + "X500DistinguishedName", members="Name")
class DistinguishedName(AsnEncodedData):
    """A distinguished name; `name` is .NET's text for it."""

    def __init__(self, name: Name) -> None:
        super().__init__(None, name.public_bytes())
        self.name = format_name(name)

    def format(self, multi_line: bool) -> str:
        """Return the name as text, with one part per line when `multi_line` is set."""
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
