"""`Save` into writers and streams, `Load` from readers and streams, and the writer that `CreateWriter` makes.

A saved document has a declaration, which `ToString()` leaves out; its encoding is that of the TextWriter (utf-16 for a
StringWriter), in a stream the one that the document's own declaration names, or UTF-8 with a byte order mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import InvalidOperationException, require
from apimpolicy.dotnet.registry import bound, declines, dotnet_class, implements, implements_all
from apimpolicy.dotnet.xml.containers import XContainer, XDocument, clone
from apimpolicy.dotnet.xml.kinds import TEXT
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.reader import parse_document, parse_element
from apimpolicy.dotnet.xml.writer import DISABLE_FORMATTING, write

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.elements import XElement
    from apimpolicy.dotnet.xml.nodes import XNode

_DOCUMENT, _ELEMENT = X + "XDocument", X + "XElement"
_WRITER, _READER = "System.IO.TextWriter textWriter", "System.IO.TextReader textReader"
_SAVE_OPTIONS, _LOAD_OPTIONS = f"{X}SaveOptions options", f"{X}LoadOptions options"


@implements(_DOCUMENT, "Save(TextWriter)", "Save(TextWriter, SaveOptions)")
@implements(_ELEMENT, "Save(TextWriter)", "Save(TextWriter, SaveOptions)")
def save(node: XDocument | XElement, writer: Any, options: int = 0) -> None:
    """Write with a declaration. Raises ArgumentNullException, InvalidOperationException for an empty document."""
    writer = require(writer, "output")
    encoding = bound("System.IO.TextWriter", "System.Text.Encoding Encoding { get; }")(writer)
    text = declared_text(node, options, encoding.web_name)
    bound("System.IO.TextWriter", "void Write(string value)")(writer, text)
    bound("System.IO.TextWriter", "void Flush()")(writer)


def declared_text(node: XDocument | XElement, options: int, encoding: str) -> str:
    """Return the node as text, with a declaration; raises InvalidOperationException for an empty document."""
    standalone = None
    if isinstance(node, XDocument):
        if node.root is None:
            raise InvalidOperationException(
                "Token EndDocument in state Document would result in an invalid XML document."
            )
        standalone = node.declaration and node.declaration.standalone
    declared = f' standalone="{standalone}"' if standalone in ("yes", "no") else ""
    line_end = "" if options & DISABLE_FORMATTING else "\n"
    return f'<?xml version="1.0" encoding="{encoding}"{declared}?>{line_end}{write(node, options)}'


def _all_of(reader: Any) -> str:
    reader = require(reader, "input")
    text: str = bound("System.IO.TextReader", "string ReadToEnd()")(reader)
    return text


@implements(_ELEMENT, "Load(TextReader)", "Load(TextReader, LoadOptions)")
def load_element(reader: Any, options: int = 0) -> XElement:
    """Return the root element of a text. Raises XmlException for what is no XML."""
    return parse_element(_all_of(reader), options)


@dotnet_class("System.Xml.XmlWriter", members="Dispose=close Close")
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

    def flush(self) -> None:
        """Do nothing: the container gets its nodes when the writer is closed."""

    def close(self) -> None:
        content, self._content = self._content, []
        self._container.add(content)


@implements(X + "XContainer", "CreateWriter")
def create_writer(container: XContainer) -> TreeWriter:
    return TreeWriter(container)


def write_to(node: XNode, writer: TreeWriter | None) -> None:
    writer = require(writer, "writer")
    writer.write(node)


for _name in (
    "XNode", "XCData", "XComment", "XDocument", "XDocumentType", "XElement", "XProcessingInstruction", "XText",
):  # fmt: skip
    implements(X + _name, "void WriteTo(System.Xml.XmlWriter writer)")(write_to)


@implements(_DOCUMENT, "Save(XmlWriter)")
@implements(_ELEMENT, "Save(XmlWriter)")
def save_to(node: XDocument | XElement, writer: TreeWriter | None) -> None:
    """A document begins, which only the writer of a document allows; its declaration becomes no node."""
    writer = require(writer, "writer")
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
implements_all(
    _DOCUMENT,
    {
        "Load(TextReader)": lambda reader, options=0: parse_document(_all_of(reader), options),
        "Load(TextReader, LoadOptions)": lambda reader, options=0: parse_document(_all_of(reader), options),
    },
)
