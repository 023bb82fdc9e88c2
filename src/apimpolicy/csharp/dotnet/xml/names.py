"""XName and XNamespace, interned, so that equality is identity; kinds of nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from apimpolicy.csharp.dotnet.exceptions import ArgumentException, ArgumentNullException, XmlException, require
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.csharp.dotnet.values import Equatable

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.xml.containers import XDocument
    from apimpolicy.csharp.dotnet.xml.elements import XElement
    from apimpolicy.csharp.dotnet.xml.nodes import XObject


X = "System.Xml.Linq."

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
XMLNS_NAMESPACE = "http://www.w3.org/2000/xmlns/"

_START = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0180-\u01c3\u01cd-\u01f0\u01f4-\u01f5"
    "\u01fa-\u0217\u0250-\u02a8\u02bb-\u02c1\u0386\u0388-\u03ff\u0401-\u0481\u0490-\u1fff\u2126\u212a-\u212b\u212e"
    "\u2180-\u2182\u3007\u3021-\u3029\u3041-\u3094\u30a1-\u30fa\u3105-\u312c\u4e00-\u9fa5\uac00-\ud7a3"
)
_FIRST = re.compile(f"[{_START}]")
NCNAME = re.compile(
    f"[{_START}][{_START}0-9.\\-\xb7\u0300-\u036f\u0483-\u0486\u0591-\u05bd\u0610-\u065f\u0660-\u0669]*"
)


def is_name_start(character: str) -> bool:
    """Return whether a name without a colon may begin with this."""
    return _FIRST.match(character) is not None


def is_name_character(character: str) -> bool:
    """Return whether a name without a colon may continue with this."""
    return NCNAME.fullmatch("a" + character) is not None


def verify_ncname(name: str | None) -> str:
    """Raises XmlException, as `XmlConvert.VerifyNCName`, for what cannot be a name without a colon."""
    name = require(name, "name")
    if not name:
        raise ArgumentNullException("name", "The empty string '' is not a valid local name.")
    if NCNAME.fullmatch(name):
        return name
    for position, character in enumerate(name):
        valid = _FIRST.match(character) if position == 0 else NCNAME.fullmatch("a" + character)
        if not valid:
            code = f"hexadecimal value 0x{ord(character):02X}"
            if position == 0:
                raise XmlException(f"Name cannot begin with the '{character}' character, {code}.")
            raise XmlException(f"The '{character}' character, {code}, cannot be included in a name.")
    return name


@dotnet_class(X + "XNamespace", members="NamespaceName=name")
class XNamespace(Equatable):
    """A namespace; `name` is its URI, empty for none. Get one with `XNamespace.get`."""

    __slots__ = ("name", "names")

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: dict[str, XName] = {}

    @staticmethod
    def get(name: str | None) -> XNamespace:
        name = require(name, "namespaceName")
        found = _namespaces.get(name)
        if found is None:
            if len(_namespaces) > 4096:
                # Names keep their namespace alive; forgetting one only costs identity of later names.
                return XNamespace(name)
            found = _namespaces[name] = XNamespace(name)
        return found

    def get_name(self, local: str | None) -> XName:
        local = require(local, "localName")
        found = self.names.get(local)
        if found is None:
            verify_ncname(local)
            found = XName(self, local)
            if len(self.names) < 65536:
                self.names[local] = found
        return found

    def to_string(self) -> str:
        return self.name

    @property
    def identity(self) -> Any:
        return self.name

    def get_hash_code(self) -> int:
        return hash(self.name) & 0x7FFFFFFF


@dotnet_class(X + "XName", members="LocalName=local")
class XName(Equatable):
    """A local name in a namespace. Get one with `XNamespace.get_name` or `expanded_name`."""

    __slots__ = ("local", "namespace")

    def __init__(self, namespace: XNamespace, local: str) -> None:
        self.namespace = namespace
        self.local = local

    @property
    def namespace_name(self) -> str:
        return self.namespace.name

    def to_string(self) -> str:
        return f"{{{self.namespace.name}}}{self.local}" if self.namespace.name else self.local

    @property
    def identity(self) -> Any:
        return self.namespace.name, self.local

    def get_hash_code(self) -> int:
        return hash((self.namespace.name, self.local)) & 0x7FFFFFFF


_namespaces: dict[str, XNamespace] = {}
NO_NAMESPACE = XNamespace.get("")
XML = XNamespace.get(XML_NAMESPACE)
XMLNS = XNamespace.get(XMLNS_NAMESPACE)


@implements(X + "XName", "Get(string)")
def expanded_name(text: str | None) -> XName:
    """`a` or `{urn:x}a` as a name. Raises ArgumentException or XmlException for what is no name."""
    text = require(text, "expandedName")
    if not text:
        raise ArgumentException("'' is an invalid expanded name.")
    if text[0] != "{":
        return NO_NAMESPACE.get_name(text)
    end = text.rfind("}")
    if end <= 1 or end == len(text) - 1:
        raise ArgumentException(f"'{text}' is an invalid expanded name.")
    return XNamespace.get(text[1:end]).get_name(text[end + 1 :])


@implements(X + "XName", "op_Implicit")
def name_of(text: str | None) -> XName | None:
    return None if text is None else expanded_name(text)


@implements(X + "XNamespace", "op_Addition")
def add(namespace: XNamespace | None, local: str | None) -> XName:
    return require(namespace, "ns").get_name(local)


@implements(X + "XNamespace", "None")
def none() -> XNamespace:
    return NO_NAMESPACE


@implements(X + "XNamespace", "Xml")
def xml() -> XNamespace:
    return XML


@implements(X + "XNamespace", "Xmlns")
def xmlns() -> XNamespace:
    return XMLNS


@implements(X + "XName", "op_Equality")
@implements(X + "XNamespace", "op_Equality")
def equal(left: Any, right: Any) -> bool:
    return bool(left == right)


implements_all(X + "XNamespace", {"op_Implicit": lambda text: None if text is None else XNamespace.get(text)})
implements_all(X + "XNamespace", {"op_Inequality": lambda left, right: bool(left != right)})
implements_all(
    X + "XName",
    {
        "op_Inequality": lambda left, right: bool(left != right),
        "Get(string, string)": lambda local, namespace: XNamespace.get(namespace).get_name(local),
    },
)


# The kinds of XML nodes (`System.Xml.XmlNodeType`), for modules below the classes of nodes

ELEMENT, ATTRIBUTE, TEXT, CDATA, PROCESSING_INSTRUCTION, COMMENT, DOCUMENT, DOCUMENT_TYPE = 1, 2, 3, 4, 7, 8, 9, 10


def is_element(node: XObject | None) -> TypeGuard[XElement]:
    return node is not None and node.node_type == ELEMENT


def is_document(node: XObject) -> TypeGuard[XDocument]:
    return node.node_type == DOCUMENT
