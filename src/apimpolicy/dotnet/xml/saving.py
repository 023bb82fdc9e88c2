"""`Save` into a StringWriter, `Load` from a StringReader, and the writer that `CreateWriter` puts on a container.

A saved document has a declaration, which `ToString()` leaves out; its encoding is that of a StringWriter: utf-16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentNullException, InvalidOperationException
from apimpolicy.dotnet.registry import bound, declines, dotnet_class, implements, member
from apimpolicy.dotnet.xml.comparison import clone
from apimpolicy.dotnet.xml.containers import XContainer, XDocument
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.nodes import TEXT, XNode
from apimpolicy.dotnet.xml.reader import parse_document, parse_element
from apimpolicy.dotnet.xml.writer import DISABLE_FORMATTING, write

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.elements import XElement

_DOCUMENT, _ELEMENT = X + "XDocument", X + "XElement"
_WRITER, _READER, _STREAM = "System.IO.TextWriter textWriter", "System.IO.TextReader textReader", "System.IO.Stream"
_SAVE_OPTIONS, _LOAD_OPTIONS = f"{X}SaveOptions options", f"{X}LoadOptions options"


@implements(_DOCUMENT, f"void Save({_WRITER})")
@implements(_DOCUMENT, f"void Save({_WRITER}, {_SAVE_OPTIONS})")
@implements(_ELEMENT, f"void Save({_WRITER})")
@implements(_ELEMENT, f"void Save({_WRITER}, {_SAVE_OPTIONS})")
def save(node: XDocument | XElement, writer: Any, options: int = 0) -> None:
    """Write with a declaration. Raises ArgumentNullException, InvalidOperationException for an empty document."""
    if writer is None:
        raise ArgumentNullException("output")
    standalone = None
    if isinstance(node, XDocument):
        if node.root is None:
            raise InvalidOperationException(
                "Token EndDocument in state Document would result in an invalid XML document."
            )
        standalone = node.declaration and node.declaration.standalone
    declared = f' standalone="{standalone}"' if standalone in ("yes", "no") else ""
    line_end = "" if options & DISABLE_FORMATTING else "\n"
    text = f'<?xml version="1.0" encoding="utf-16"{declared}?>{line_end}{write(node, options)}'
    bound("System.IO.StringWriter", "void Write(string value)")(writer, text)


def _all_of(reader: Any) -> str:
    if reader is None:
        raise ArgumentNullException("input")
    text: str = bound("System.IO.TextReader", "string ReadToEnd()")(reader)
    return text


@implements(_ELEMENT, f"static {_ELEMENT} Load({_READER})")
@implements(_ELEMENT, f"static {_ELEMENT} Load({_READER}, {_LOAD_OPTIONS})")
def load_element(reader: Any, options: int = 0) -> XElement:
    """The root element of a text. Raises XmlException for what is no XML."""
    return parse_element(_all_of(reader), options)


@implements(_DOCUMENT, f"static {_DOCUMENT} Load({_READER})")
@implements(_DOCUMENT, f"static {_DOCUMENT} Load({_READER}, {_LOAD_OPTIONS})")
def load_document(reader: Any, options: int = 0) -> XDocument:
    return parse_document(_all_of(reader), options)


@dotnet_class("System.Xml.XmlWriter")
class TreeWriter:
    """Collects nodes for a container, which gets them when the writer is closed."""

    __slots__ = ("_container", "_content")

    def __init__(self, container: XContainer) -> None:
        self._container = container
        self._content: list[Any] = []

    @property
    def is_of_document(self) -> bool:
        return isinstance(self._container, XDocument)

    def write(self, node: XNode) -> None:
        if node.node_type == TEXT:
            self._content.append(node.value)  # type: ignore[attr-defined]
        elif isinstance(node, XDocument):
            for child in node.children:
                self.write(child)
        else:
            self._content.append(clone(node))

    @member("void Flush()")
    def flush(self) -> None:
        """Nothing is written before the end."""

    @member("void Close()")
    @member("void Dispose()")
    def close(self) -> None:
        content, self._content = self._content, []
        self._container.add(content)


@implements(X + "XContainer", "System.Xml.XmlWriter CreateWriter()")
def create_writer(container: XContainer) -> TreeWriter:
    return TreeWriter(container)


def write_to(node: XNode, writer: TreeWriter | None) -> None:
    if writer is None:
        raise ArgumentNullException("writer")
    writer.write(node)


for _name in (
    "XNode", "XCData", "XComment", "XDocument", "XDocumentType", "XElement", "XProcessingInstruction", "XText",
):  # fmt: skip
    implements(X + _name, "void WriteTo(System.Xml.XmlWriter writer)")(write_to)


@implements(_DOCUMENT, "void Save(System.Xml.XmlWriter writer)")
@implements(_ELEMENT, "void Save(System.Xml.XmlWriter writer)")
def save_to(node: XDocument | XElement, writer: TreeWriter | None) -> None:
    """A document begins, which only the writer of a document allows; its declaration becomes no node."""
    if writer is None:
        raise ArgumentNullException("writer")
    if not writer.is_of_document:
        raise InvalidOperationException(
            "WriteStartDocument cannot be called on writers created with ConformanceLevel.Fragment."
        )
    writer.write(node)


for _name in (_DOCUMENT, _ELEMENT):
    declines(
        _name,
        "void Save(string fileName)",
        f"void Save(string fileName, {_SAVE_OPTIONS})",
        f"static {_name} Load(string uri)",
        f"static {_name} Load(string uri, {_LOAD_OPTIONS})",
        reason="expressions read and write no files; use Parse and ToString",
    )
    declines(
        _name,
        f"void Save({_STREAM} stream)",
        f"void Save({_STREAM} stream, {_SAVE_OPTIONS})",
        f"static {_name} Load({_STREAM} stream)",
        f"static {_name} Load({_STREAM} stream, {_LOAD_OPTIONS})",
        reason="policy expressions have no streams; use Parse and ToString",
    )
declines(
    _ELEMENT, f"new({X}XStreamingElement other)", reason="policies cannot make an XStreamingElement: it is not allowed"
)
