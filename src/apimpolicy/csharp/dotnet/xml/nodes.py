"""XObject, XNode and the nodes without children."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.trees import NodeSequence, Sibling
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, InvalidOperationException, require
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.xml import names
from apimpolicy.csharp.dotnet.xml.markup import write

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.xml.containers import XContainer, XDocument
    from apimpolicy.csharp.dotnet.xml.elements import XElement

NODES = f"System.Collections.Generic.IEnumerable<{names.X}XNode>"
ELEMENTS = f"System.Collections.Generic.IEnumerable<{names.X}XElement>"

_NO_PARENT = "The parent is missing."


def named_only(name: names.XName | None) -> Callable[[Any], bool]:
    """Return the test for elements (or attributes) with this name; nothing has the name null."""
    return lambda node: name is not None and node.name == name


def elements_of(start: Callable[[], Iterator[Any]], name: tuple[names.XName | None, ...]) -> NodeSequence:
    if not name:
        return NodeSequence(lambda: (node for node in start() if node.node_type == names.ELEMENT), ELEMENTS)
    is_named = named_only(*name)
    return NodeSequence(
        lambda: (node for node in start() if node.node_type == names.ELEMENT and is_named(node)), ELEMENTS
    )


@dotnet_class(names.X + "XObject", members="Parent=parent_element")
class XObject:
    """Base of nodes and attributes. `parent` is the container, be it element or document.

    `annotations` is there once something was annotated. `place` is where it last was among its siblings.
    """

    __slots__ = ("annotations", "parent", "place")

    dotnet_type_name: str
    node_type = 0
    base_uri = ""

    def __init__(self) -> None:
        self.parent: XContainer | None = None
        self.place = 0

    @property
    def parent_element(self) -> XElement | None:
        parent = self.parent
        return parent if parent is not None and parent.node_type == names.ELEMENT else None  # type: ignore[return-value]

    @property
    def root_object(self) -> XObject:
        current: XObject = self
        while current.parent is not None:
            current = current.parent
        return current

    @property
    def document(self) -> XDocument | None:
        root = self.root_object
        return root if root.node_type == names.DOCUMENT else None  # type: ignore[return-value]


@dotnet_class(names.X + "XNode", members="NextNode=next PreviousNode=previous")
class XNode(XObject, Sibling):
    """A node of a tree."""

    __slots__ = ()

    def nodes_after_self(self) -> NodeSequence:
        return NodeSequence(lambda: self.siblings(after=True), NODES)

    def nodes_before_self(self) -> NodeSequence:
        return NodeSequence(lambda: self.siblings(after=False), NODES)

    def elements_after_self(self, *name: names.XName | None) -> NodeSequence:
        return elements_of(lambda: self.siblings(after=True), name)

    def elements_before_self(self, *name: names.XName | None) -> NodeSequence:
        return elements_of(lambda: self.siblings(after=False), name)

    # Ancestors

    def _upwards(self) -> Iterator[XObject]:
        current: XObject | None = self.parent
        while current is not None and current.node_type == names.ELEMENT:
            yield current
            current = current.parent

    def ancestors(self, *name: names.XName | None) -> NodeSequence:
        return elements_of(self._upwards, name)

    # Order

    def is_after(self, other: XNode | None) -> bool:
        return compare_document_order(self, other) > 0

    def is_before(self, other: XNode | None) -> bool:
        return compare_document_order(self, other) < 0

    # Changes

    def _container(self) -> XContainer:
        if self.parent is None:
            raise InvalidOperationException(_NO_PARENT)
        return self.parent

    def add_after_self(self, content: Any) -> None:
        container = self._container()
        container.insert_content(container.index_of(self) + 1, content, nodes_only=True)

    def add_before_self(self, content: Any) -> None:
        container = self._container()
        container.insert_content(container.index_of(self), content, nodes_only=True)

    def remove(self) -> None:
        self._container().remove_child(self)

    def replace_with(self, content: Any) -> None:
        container = self._container()
        index = container.index_of(self)
        container.remove_child(self)
        container.insert_content(index, content, nodes_only=True)

    # Text

    def bare_copy(self) -> XNode:
        raise NotImplementedError

    @member("ToString()")
    def to_string(self) -> str:
        return self.to_string_with(0)

    @member("ToString(SaveOptions)")
    def to_string_with(self, options: int) -> str:
        return write(self, options)


def _position(node: XObject) -> tuple[XObject, list[int]]:
    """Return the root above a node, and the indexes that lead down to the node."""
    steps: list[int] = []
    while node.parent is not None:
        steps.append(node.parent.index_of(node))
        node = node.parent
    return node, steps[::-1]


def compare_document_order(first: XNode | None, second: XNode | None) -> int:
    """-1, 0 or 1. Raises InvalidOperationException when the nodes have no common ancestor."""
    if first is second:
        return 0
    if first is None or second is None:
        return -1 if first is None else 1
    (root, left), (other_root, right) = _position(first), _position(second)
    if root is not other_root:
        raise InvalidOperationException("A common ancestor is missing.")
    return -1 if left < right else 1


@dotnet_class(names.X + "XText")
class XText(XNode):
    """Text; never null."""

    __slots__ = ("value",)

    node_type = names.TEXT

    def __init__(self, value: str | None) -> None:
        super().__init__()
        self.value = require(value, "value")

    def bare_copy(self) -> XText:
        return type(self)(self.value)


@dotnet_class(names.X + "XCData")
class XCData(XText):
    """Text written as a CDATA section."""

    __slots__ = ()

    node_type = names.CDATA


@dotnet_class(names.X + "XComment")
class XComment(XNode):
    """A comment."""

    __slots__ = ("value",)

    node_type = names.COMMENT

    def __init__(self, value: str | None) -> None:
        super().__init__()
        self.value = require(value, "value")

    def bare_copy(self) -> XComment:
        return type(self)(self.value)


@dotnet_class(names.X + "XProcessingInstruction")
class XProcessingInstruction(XNode):
    """`<?target data?>`."""

    __slots__ = ("data", "target")

    node_type = names.PROCESSING_INSTRUCTION

    def __init__(self, target: str, data: str) -> None:
        super().__init__()
        self.target = target
        self.data = data

    def bare_copy(self) -> XProcessingInstruction:
        return XProcessingInstruction(self.target, self.data)

    @staticmethod
    @member("new(string, string)")
    def create(target: str | None, data: str | None) -> XProcessingInstruction:
        data = require(data, "data")
        names.verify_ncname(target)
        assert target is not None
        if target.lower() == "xml":
            raise ArgumentException(f"'{target}' is an invalid name for a processing instruction.")
        return XProcessingInstruction(target, data)


@dotnet_class(names.X + "XDocumentType")
class XDocumentType(XNode):
    """`<!DOCTYPE …>`."""

    __slots__ = ("internal_subset", "name", "public_id", "system_id")

    node_type = names.DOCUMENT_TYPE

    def __init__(self, name: str, public_id: str | None, system_id: str | None, internal_subset: str | None) -> None:
        super().__init__()
        self.name = name
        self.public_id = public_id
        self.system_id = system_id
        self.internal_subset = internal_subset

    def bare_copy(self) -> XDocumentType:
        return XDocumentType(self.name, self.public_id, self.system_id, self.internal_subset)


implements_all(
    names.X + "XText", {"new(string)": XText, "new(XText)": lambda other: XText(require(other, "other").value)}
)
implements_all(names.X + "XCData", {"new(string)": XCData})
implements_all(names.X + "XComment", {"new(string)": XComment})
implements_all(names.X + "XDocumentType", {"new(string, string, string, string)": XDocumentType})
