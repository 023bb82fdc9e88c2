"""`XmlReader`, and loading and saving trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import bound, declines, dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system.objects import to_string
from apimpolicy.csharp.dotnet.values import EnumValue
from apimpolicy.csharp.dotnet.xml.containers import XContainer, XDocument, clone
from apimpolicy.csharp.dotnet.xml.elements import XElement
from apimpolicy.csharp.dotnet.xml.markup import DISABLE_FORMATTING, write
from apimpolicy.csharp.dotnet.xml.names import CDATA, COMMENT, ELEMENT, PROCESSING_INSTRUCTION, TEXT, X
from apimpolicy.csharp.dotnet.xml.reader import PRESERVE_WHITESPACE, parse_document, parse_element

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.xml.nodes import XNode


# `System.Xml.XmlReader` over a text or a tree: a cursor that goes from node to node.
# A text is read as a whole when the reader is made, so an error in it shows at once and not at the node it is in.

NONE, WHITESPACE, END_ELEMENT = 0, 13, 15
_NODE_TYPE = named("System.Xml.XmlNodeType")
_TYPE = "System.Xml.XmlReader"
_CONTENT = (ELEMENT, TEXT, CDATA, END_ELEMENT)


@dotnet_class(_TYPE, members="EOF=is_at_end NamespaceURI=namespace")
class XmlReader:
    """At a node, or before the first (node None); `is_end` on an element's end tag.

    `is_of_text` tells a reader of a text from one of a tree.
    """

    __slots__ = ("depth", "is_at_end", "is_end", "is_of_text", "node", "root")

    def __init__(self, root: XNode) -> None:
        """Over the nodes of a document, or over one node with everything in it."""
        self.root = root
        self.is_of_text = False
        self.node: XNode | None = None
        self.is_end = False
        self.is_at_end = False
        self.depth = 0

    @property
    def node_type(self) -> int:
        if self.node is None:
            return NONE
        if self.is_end:
            return END_ELEMENT
        if self.node.node_type == TEXT and not self.value.strip(" \t\r\n"):
            return WHITESPACE
        return self.node.node_type

    @property
    def name(self) -> str:
        if isinstance(self.node, XElement):
            prefix = self.node.get_prefix_of_namespace(self.node.name.namespace)
            default = self.node.get_default_namespace() == self.node.name.namespace
            local = self.node.name.local
            return local if default or not prefix else f"{prefix}:{local}"
        return str(getattr(self.node, "target", ""))

    @property
    def local_name(self) -> str:
        return self.node.name.local if isinstance(self.node, XElement) else self.name

    @property
    def namespace(self) -> str:
        return self.node.name.namespace_name if isinstance(self.node, XElement) else ""

    @property
    def value(self) -> str:
        if self.node is None or self.node.node_type not in (TEXT, CDATA, COMMENT, PROCESSING_INSTRUCTION):
            return ""
        return str(getattr(self.node, "value", None) or getattr(self.node, "data", ""))

    @property
    def is_empty_element(self) -> bool:
        return isinstance(self.node, XElement) and not self.is_end and self.node.is_empty

    @property
    def has_attributes(self) -> bool:
        return isinstance(self.node, XElement) and not self.is_end and self.node.has_attributes

    def read(self) -> bool:
        """Go to the next node; False at the end."""
        if self.is_at_end:
            return False
        if self.node is None:
            return self._go(self.root.first_node if isinstance(self.root, XDocument) else self.root, 0)
        if isinstance(self.node, XElement) and not self.is_end and not self.node.is_empty:
            if self.node.children:
                return self._go(self.node.children[0], self.depth + 1)
            self.is_end = True
            return True
        return self._leave()

    def _go(self, node: XNode | None, depth: int) -> bool:
        self.node, self.depth, self.is_end = node, depth, False
        self.is_at_end = node is None
        return not self.is_at_end

    def _leave(self) -> bool:
        """Go to what follows the node and everything in it."""
        assert self.node is not None
        if self.node is self.root:
            return self._go(None, 0)
        following = self.node.next
        if following is not None:
            return self._go(following, self.depth)
        parent = self.node.parent_element
        found = self._go(parent, self.depth - 1)
        self.is_end = found
        return found

    def skip(self) -> None:
        if self.node is not None:
            self._leave()

    def move_to_content(self) -> int:
        while self.node_type not in _CONTENT:
            if not self.read():
                break
        return self.node_type

    @member("GetAttribute(string)")
    def get_attribute(self, name: str | None) -> str | None:
        if not isinstance(self.node, XElement):
            return None
        found = (a for a in self.node.attribute_list if a.to_string().partition("=")[0] == name)
        attribute = next(found, None)
        return None if attribute is None else attribute.value

    def dispose(self) -> None:
        """Do nothing: there is nothing to release."""


@implements(_TYPE, "Create(TextReader)")
def create(source: Any) -> XmlReader:
    source = require(source, "input")
    made = XmlReader(parse_document(bound("System.IO.TextReader", "string ReadToEnd()")(source), PRESERVE_WHITESPACE))
    made.is_of_text = True
    return made


@implements(X + "XNode", "ReadFrom")
def read_from(reader: XmlReader | None) -> XNode:
    """Return a copy of the node the reader is on; the reader goes behind it."""
    reader = require(reader, "reader")
    if reader.node is None:
        raise InvalidOperationException("The XmlReader state should be Interactive.")
    if reader.is_end:
        raise InvalidOperationException("The XmlReader should not be on a node of type EndElement.")
    found = clone(reader.node)
    reader.skip()
    return found


@implements(X + "XNode", "CreateReader")
def create_reader(node: XNode, _options: int = 0) -> XmlReader:
    return XmlReader(node)


@implements(X + "XElement", "Load(XmlReader)", "Load(XmlReader, LoadOptions)")
def load_element(reader: XmlReader | None, _options: int = 0) -> XNode:
    """Return a copy of the element that the reader is on or before, behind which nothing may follow."""
    reader = require(reader, "reader")
    kind = reader.move_to_content()
    if kind != ELEMENT:
        raise InvalidOperationException(
            "The XmlReader must be on a node of type Element instead of a node of type "
            f"{to_string(EnumValue(_NODE_TYPE, kind))}."
        )
    found = read_from(reader)
    reader.move_to_content()
    if not reader.is_at_end:
        raise InvalidOperationException("The XmlReader state should be EndOfFile after this operation.")
    return found


# `Save` into writers and streams, `Load` from readers and streams, and the writer that `CreateWriter` makes. A saved
# document has a declaration, which `ToString()` leaves out; its encoding is that of the TextWriter (utf-16 for a
# StringWriter), in a stream the one that the document's own declaration names, or UTF-8 with a byte order mark.

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
    text: str = bound("System.IO.TextReader", "string ReadToEnd()")(require(reader, "input"))
    return text


@implements(_ELEMENT, "Load(TextReader)", "Load(TextReader, LoadOptions)")
def load_text(reader: Any, options: int = 0) -> XElement:
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
    require(writer, "writer").write(node)


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
