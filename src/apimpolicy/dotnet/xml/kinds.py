"""The kinds of XML nodes (`System.Xml.XmlNodeType`), for modules below the classes of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.containers import XDocument
    from apimpolicy.dotnet.xml.elements import XElement
    from apimpolicy.dotnet.xml.nodes import XObject

ELEMENT, ATTRIBUTE, TEXT, CDATA, PROCESSING_INSTRUCTION, COMMENT, DOCUMENT, DOCUMENT_TYPE = 1, 2, 3, 4, 7, 8, 9, 10


def is_element(node: XObject | None) -> TypeGuard[XElement]:
    """Return whether a node is an XElement."""
    return node is not None and node.node_type == ELEMENT


def is_document(node: XObject) -> TypeGuard[XDocument]:
    """Return whether a node is an XDocument."""
    return node.node_type == DOCUMENT
