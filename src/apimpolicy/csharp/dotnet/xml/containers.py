"""XContainer, XDocument and XDeclaration.

Text is merged as in .NET: neighbouring strings become one text node, and a container that holds nothing but the empty
string is written with an end tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.trees import NodeSequence, position_of
from apimpolicy.csharp.dotnet.environment import environment, work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, InvalidOperationException, require
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.xml.content import flattened, text_of
from apimpolicy.csharp.dotnet.xml.names import ATTRIBUTE, CDATA, DOCUMENT, DOCUMENT_TYPE, ELEMENT, TEXT, X, XName
from apimpolicy.csharp.dotnet.xml.nodes import NODES, XNode, XObject, XText, elements_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.xml.elements import XElement

_NO_ATTRIBUTES = "An attribute cannot be added to content."


@dotnet_class(X + "XContainer")
class XContainer(XNode):
    """A node with children."""

    __slots__ = ("children",)

    def __init__(self) -> None:
        super().__init__()
        self.children: list[XNode] = []

    @property
    def first_node(self) -> XNode | None:
        return self.children[0] if self.children else None

    @property
    def last_node(self) -> XNode | None:
        return self.children[-1] if self.children else None

    def index_of(self, node: XObject) -> int:
        """Return the position of this very node among the children, or -1."""
        node.place = max(position_of(self.children, node, node.place), 0)
        return node.place if node.parent is self else -1

    # Walking. .NET follows links from node to node; a node that was removed meanwhile ends the walk.

    def _nodes(self) -> Iterator[XNode]:
        index = 0
        while index < len(self.children):
            child = self.children[index]
            yield child
            if index >= len(self.children) or self.children[index] is not child:
                index = self.index_of(child)
                if index < 0:
                    return
            index += 1

    def nodes(self) -> NodeSequence:
        return NodeSequence(self._nodes, NODES)

    def elements(self, *name: XName | None) -> NodeSequence:
        return elements_of(self._nodes, name)

    def element(self, name: XName | None) -> XElement | None:
        return next(iter(self.elements(name)), None)

    def below(self, *, with_self: bool = False) -> Iterator[XNode]:
        """Yield all nodes below, in document order."""
        if with_self:
            yield self
        burn = environment().step
        stack = [self._nodes()]
        while stack:
            for node in stack[-1]:
                burn()
                yield node
                if isinstance(node, XContainer):
                    stack.append(node._nodes())
                    break
            else:
                stack.pop()

    def descendant_nodes(self) -> NodeSequence:
        return NodeSequence(self.below, NODES)

    def descendants(self, *name: XName | None) -> NodeSequence:
        return elements_of(self.below, name)

    # Changes

    def add(self, content: Any) -> None:
        self.insert_content(len(self.children), content)

    def add_first(self, content: Any) -> None:
        self.insert_content(0, content, nodes_only=True)

    def remove_nodes(self) -> None:
        for child in self.children:
            child.parent = None
        self.children.clear()

    def replace_nodes(self, content: Any) -> None:
        items = list(flattened(content))
        self.remove_nodes()
        self.insert_content(0, items)

    def remove_child(self, node: XNode) -> None:
        del self.children[self.index_of(node)]
        node.parent = None

    def insert_content(self, index: int, content: Any, *, nodes_only: bool = False) -> int:
        """Put content before the child at this index; returns the index behind it."""
        for item in flattened(content):
            if isinstance(item, XObject) and item.node_type == ATTRIBUTE:
                if nodes_only:
                    raise ArgumentException(_NO_ATTRIBUTES)
                self.add_attribute(item)
            elif isinstance(item, XNode):
                self._insert_node(index, self._owned(item))
                index += 1
            else:
                index = self._insert_text(index, text_of(item))
        return index

    def _owned(self, node: XNode) -> XNode:
        """Return the node to insert: a copy when it is in a tree already, or this container is inside of it."""
        return clone(node) if node.parent is not None or self.root_object is node else node

    def _insert_node(self, index: int, node: XNode) -> None:
        self.check_child(node, index)
        node.parent = self
        work_through(len(self.children) - index >> 5)
        self.children.insert(index, node)

    def _insert_text(self, index: int, text: str) -> int:
        before = self.children[index - 1] if index else None
        if before is not None and before.node_type == TEXT:
            before.value += text  # type: ignore[attr-defined]
            return index
        if not text:
            if not self.children:
                self.note_empty_text()
            return index
        self._insert_node(index, XText(text))
        return index + 1

    def note_empty_text(self) -> None:
        """The empty string was added to a container without children; elements are then written with an end tag."""

    def add_attribute(self, attribute: Any) -> None:
        raise ArgumentException(_NO_ATTRIBUTES)

    def check_child(self, node: XNode, index: int) -> None:
        """Raise ArgumentException or InvalidOperationException when the node isn't allowed there."""


def clone(node: XNode) -> XNode:
    result = node.bare_copy()
    stack = [(node, result)]
    while stack:
        source, target = stack.pop()
        if isinstance(source, XContainer) and isinstance(target, XContainer):
            environment().step(1 + 4 * len(source.children))
            for child in source.children:
                copied = child.bare_copy()
                copied.parent = target
                target.children.append(copied)
                stack.append((child, copied))
    return result


@dotnet_class(X + "XDeclaration")
class XDeclaration(Record):
    """`<?xml version="1.0" encoding="utf-8"?>`."""

    version: str | None
    encoding: str | None
    standalone: str | None

    def copy(self) -> XDeclaration:
        return XDeclaration(self.version, self.encoding, self.standalone)

    def to_string(self) -> str:
        parts = (("version", self.version), ("encoding", self.encoding), ("standalone", self.standalone))
        return "<?xml" + "".join(f' {name}="{value}"' for name, value in parts if value is not None) + "?>"


@dotnet_class(X + "XDocument")
class XDocument(XContainer):
    """A document: one root element, and comments and the like around it."""

    __slots__ = ("declaration",)

    node_type = DOCUMENT

    def __init__(self) -> None:
        super().__init__()
        self.declaration: XDeclaration | None = None

    def bare_copy(self) -> XDocument:
        copied = XDocument()
        copied.declaration = None if self.declaration is None else self.declaration.copy()
        return copied

    @staticmethod
    @member("new(object[])")
    def create(content: Any) -> XDocument:
        made = XDocument()
        made.add(content)
        return made

    @staticmethod
    @member("new(XDeclaration, object[])")
    def create_declared(declaration: XDeclaration | None, content: Any) -> XDocument:
        made = XDocument.create(content)
        made.declaration = declaration
        return made

    @property
    def root(self) -> XElement | None:
        return next((node for node in self.children if node.node_type == ELEMENT), None)  # type: ignore[return-value]

    @property
    def document_type(self) -> XNode | None:
        return next((node for node in self.children if node.node_type == DOCUMENT_TYPE), None)

    def insert_content(self, index: int, content: Any, *, nodes_only: bool = False) -> int:
        items = list(flattened(content))
        for item in items:
            if isinstance(item, XDeclaration):
                raise ArgumentException("Non white space characters cannot be added to content.")
        return super().insert_content(index, items, nodes_only=nodes_only)

    def check_child(self, node: XNode, index: int) -> None:
        kinds = [child.node_type for child in self.children]
        if node.node_type in (TEXT, CDATA):
            if node.node_type == CDATA or node.value.strip(" \t\r\n"):  # type: ignore[attr-defined]
                raise ArgumentException("Non-whitespace characters cannot be added to content.")
        elif node.node_type == DOCUMENT:
            raise ArgumentException("A node of type Document cannot be added to content.")
        elif (node.node_type == ELEMENT and ELEMENT in kinds) or (
            node.node_type == DOCUMENT_TYPE and (DOCUMENT_TYPE in kinds or ELEMENT in kinds[:index])
        ):
            raise InvalidOperationException("This operation would create an incorrectly structured document.")


implements_all(
    X + "XDeclaration",
    {"new(string, string, string)": XDeclaration, "new(XDeclaration)": lambda other: require(other, "other").copy()},
)
implements_all(X + "XDocument", {"new()": XDocument})

for _name in ("XCData", "XComment", "XProcessingInstruction", "XDocumentType", "XElement", "XDocument"):
    implements_all(X + _name, {f"new({_name})": lambda other: clone(require(other, "other"))})
