"""`System.Xml.Linq.Extensions`: what nodes offer, over sequences of nodes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.nodes import compare_document_order
from apimpolicy.dotnet.xml.sequences import XSequence, flatten, of_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.types import Type

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


def _walk(method: str, element: str) -> Callable[..., XSequence]:
    type_ = f"System.Collections.Generic.IEnumerable<{X}{element}>"
    return lambda source, *name: flatten(_required(source), lambda node: getattr(node, method)(*name), type_)


implements_all(_TYPE, {name: _walk(*found.split()) for name, found in _WALKS.items()})


@implements(_TYPE, "InDocumentOrder", types=True)
def in_document_order(types: tuple[Type, ...], source: Any) -> XSequence:
    key = functools.cmp_to_key(compare_document_order)
    return XSequence(lambda: iter(sorted(_required(source), key=key)), of_type(types[-1]))


@implements(_TYPE, "Remove")
def remove(source: Any) -> None:
    """Takes all of them out, of a list made first."""
    for node in list(_required(source)):
        if node is not None:
            node.remove()
