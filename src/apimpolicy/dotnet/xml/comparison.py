"""Comparing whole trees."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.registry import counts_itself, dotnet_class, implements, implements_all
from apimpolicy.dotnet.xml.containers import XContainer
from apimpolicy.dotnet.xml.elements import XElement
from apimpolicy.dotnet.xml.kinds import TEXT
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.nodes import (
    XComment,
    XDocumentType,
    XNode,
    XProcessingInstruction,
    XText,
    compare_document_order,
)


def _content(node: XContainer) -> list[XNode]:
    """Return the children with neighbouring texts put together; two documents differ by nothing but these."""
    found: list[XNode] = []
    for child in node.children:
        if child.node_type == TEXT and found and found[-1].node_type == TEXT:
            found[-1] = XText(found[-1].value + child.value)  # type: ignore[attr-defined]
        else:
            found.append(child)
    return found


def _own_parts(node: XNode) -> tuple[Any, ...]:
    """Return a node's own parts, without children."""
    if isinstance(node, XElement):
        attributes = tuple((attribute.name, attribute.value) for attribute in node.attribute_list)
        return (node.node_type, node.name, attributes, node.is_empty)
    if isinstance(node, (XText, XComment)):
        return (node.node_type, node.value)
    if isinstance(node, XProcessingInstruction):
        return (node.node_type, node.target, node.data)
    if isinstance(node, XDocumentType):
        return (node.node_type, node.name, node.public_id, node.system_id, node.internal_subset)
    return (node.node_type,)


@implements(X + "XNode", "DeepEquals")
@counts_itself
def deep_equals(first: XNode | None, second: XNode | None) -> bool:
    """Equal names, attributes in the same order, and equal content."""
    pairs = [(first, second)]
    while pairs:
        left, right = pairs.pop()
        if left is right:
            continue
        if left is None or right is None or _own_parts(left) != _own_parts(right):
            return False
        if isinstance(left, XContainer) and isinstance(right, XContainer):
            environment().step(1 + 4 * len(left.children))
            ours, theirs = _content(left), _content(right)
            if len(ours) != len(theirs):
                return False
            pairs.extend(zip(ours, theirs, strict=True))
    return True


@dotnet_class(X + "XNodeEqualityComparer")
class XNodeEqualityComparer:
    """Compares by `DeepEquals`."""

    __slots__ = ()

    def equals(self, first: XNode | None, second: XNode | None) -> bool:
        return deep_equals(first, second)

    def get_hash_code(self, node: XNode | None) -> int:
        return 0 if node is None else hash(_own_parts(node)[:2]) & 0x7FFFFFFF


@dotnet_class(X + "XNodeDocumentOrderComparer")
class XNodeDocumentOrderComparer:
    """Compares by document order."""

    __slots__ = ()

    def compare(self, first: XNode | None, second: XNode | None) -> int:
        return compare_document_order(first, second)


implements_all(
    X + "XNode",
    {
        "CompareDocumentOrder": compare_document_order,
        "EqualityComparer": XNodeEqualityComparer,
        "DocumentOrderComparer": XNodeDocumentOrderComparer,
    },
)
implements_all(X + "XNodeEqualityComparer", {"new": XNodeEqualityComparer})
implements_all(X + "XNodeDocumentOrderComparer", {"new": XNodeDocumentOrderComparer})
