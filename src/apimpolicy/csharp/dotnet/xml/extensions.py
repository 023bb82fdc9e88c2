"""Sequences of nodes, conversions of nodes, and comparing whole trees."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import partial
from typing import Any

from apimpolicy.csharp.dotnet.collections.trees import NodeSequence, flatten, of_type
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import require
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements, implements_all
from apimpolicy.csharp.dotnet.system.number_parsing import parse_int
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.xml import content, nodes
from apimpolicy.csharp.dotnet.xml.containers import XContainer
from apimpolicy.csharp.dotnet.xml.elements import XElement
from apimpolicy.csharp.dotnet.xml.names import TEXT, X

# `System.Xml.Linq.Extensions`: what nodes offer, over sequences of nodes

_TYPE = X + "Extensions"

_WALKS = {
    "Attributes": "attributes XAttribute",
    "Ancestors": "ancestors XElement",
    "AncestorsAndSelf": "ancestors_and_self XElement",
    "Nodes": "nodes XNode",
    "DescendantNodes": "descendant_nodes XNode",
    "Descendants": "descendants XElement",
    "DescendantNodesAndSelf": "descendant_nodes_and_self XNode",
    "DescendantsAndSelf": "descendants_and_self XElement",
    "Elements": "elements XElement",
}
"""The method of a node, and the type of its result's elements."""


def _required(source: Any) -> Any:
    return require(source, "source")


def _walk(method: str, element: str) -> Callable[..., NodeSequence]:
    type_ = f"System.Collections.Generic.IEnumerable<{X}{element}>"
    return lambda source, *name: flatten(_required(source), lambda node: getattr(node, method)(*name), type_)


implements_all(_TYPE, {name: _walk(*found.split()) for name, found in _WALKS.items()})


@implements(_TYPE, "InDocumentOrder", types=True)
def in_document_order(types: tuple[Type, ...], source: Any) -> NodeSequence:
    key = functools.cmp_to_key(nodes.compare_document_order)
    return NodeSequence(lambda: iter(sorted(_required(source), key=key)), of_type(types[-1]))


@implements(_TYPE, "Remove")
def remove(source: Any) -> None:
    """Takes all of them out, of a list made first."""
    for node in list(_required(source)):
        if node is not None:
            node.remove()


# C#'s explicit conversions from XElement and XAttribute: `(int)element`

_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: content.to_boolean(text.lower()),
    **{name: partial(parse_int, name) for name in ("int", "uint", "long", "ulong")},
    "float": content.to_single_precision,
    "double": content.to_double,
    "decimal": content.to_decimal,
    "System.DateTime": content.to_date_time,
    "System.DateTimeOffset": content.to_date_time_offset,
    "System.TimeSpan": content.to_time_span,
    "System.Guid": content.to_guid,
}


def _register(owner: str, parameter: str) -> None:
    def required(convert: Callable[[str], Any]) -> Callable[[Any], Any]:
        return lambda node: convert(require(node, parameter).value)

    def nullable(convert: Callable[[str], Any]) -> Callable[[Any], Any]:
        return lambda node: None if node is None else convert(node.value)

    operator = f"op_Explicit({X}{owner} {parameter})"
    implements(X + owner, f"static string {operator}")(lambda node: None if node is None else node.value)
    for name, convert in _FROM_TEXT.items():
        implements(X + owner, f"static {name} {operator}")(required(convert))
        implements(X + owner, f"static {name}? {operator}")(nullable(convert))


_register("XElement", "element")
_register("XAttribute", "attribute")


def _content(node: XContainer) -> list[nodes.XNode]:
    """Return the children with neighbouring texts put together; two documents differ by nothing but these."""
    found: list[nodes.XNode] = []
    for child in node.children:
        if child.node_type == TEXT and found and found[-1].node_type == TEXT:
            found[-1] = nodes.XText(found[-1].value + child.value)  # type: ignore[attr-defined]
        else:
            found.append(child)
    return found


def _own_parts(node: nodes.XNode) -> tuple[Any, ...]:
    """Return a node's own parts, without children."""
    if isinstance(node, XElement):
        attributes = tuple((attribute.name, attribute.value) for attribute in node.attribute_list)
        return (node.node_type, node.name, attributes, node.is_empty)
    if isinstance(node, (nodes.XText, nodes.XComment)):
        return (node.node_type, node.value)
    if isinstance(node, nodes.XProcessingInstruction):
        return (node.node_type, node.target, node.data)
    if isinstance(node, nodes.XDocumentType):
        return (node.node_type, node.name, node.public_id, node.system_id, node.internal_subset)
    return (node.node_type,)


@implements(X + "XNode", "DeepEquals")
@counts_itself
def deep_equals(first: nodes.XNode | None, second: nodes.XNode | None) -> bool:
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

    def equals(self, first: nodes.XNode | None, second: nodes.XNode | None) -> bool:
        return deep_equals(first, second)

    def get_hash_code(self, node: nodes.XNode | None) -> int:
        return 0 if node is None else hash(_own_parts(node)[:2]) & 0x7FFFFFFF


@dotnet_class(X + "XNodeDocumentOrderComparer")
class XNodeDocumentOrderComparer:
    """Compares by document order."""

    __slots__ = ()

    def compare(self, first: nodes.XNode | None, second: nodes.XNode | None) -> int:
        return nodes.compare_document_order(first, second)


implements_all(
    X + "XNode",
    {
        "CompareDocumentOrder": nodes.compare_document_order,
        "EqualityComparer": XNodeEqualityComparer,
        "DocumentOrderComparer": XNodeDocumentOrderComparer,
    },
)
implements_all(X + "XNodeEqualityComparer", {"new": XNodeEqualityComparer})
implements_all(X + "XNodeDocumentOrderComparer", {"new": XNodeDocumentOrderComparer})
