"""`System.Xml.Linq.Extensions`: what nodes offer, over sequences of nodes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.xml.names import X
from apimpolicy.dotnet.xml.nodes import compare_document_order
from apimpolicy.dotnet.xml.sequences import XSequence, flatten, of_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.types import Type

_TYPE = X + "Extensions"
_SEQUENCE = "System.Collections.Generic.IEnumerable"

# Name, method of the node, method with a name, result element, receiver element or type parameter's constraint.
_WALKS = (
    ("Attributes", "attributes", "attributes_named", "XAttribute", "XElement", ""),
    ("Ancestors", "ancestors", "ancestors_named", "XElement", "T", "XNode"),
    ("AncestorsAndSelf", "ancestors_and_self", "ancestors_and_self_named", "XElement", "XElement", ""),
    ("Nodes", "nodes", "", "XNode", "T", "XContainer"),
    ("DescendantNodes", "descendant_nodes", "", "XNode", "T", "XContainer"),
    ("Descendants", "descendants", "descendants_named", "XElement", "T", "XContainer"),
    ("DescendantNodesAndSelf", "descendant_nodes_and_self", "", "XNode", "XElement", ""),
    ("DescendantsAndSelf", "descendants_and_self", "descendants_and_self_named", "XElement", "XElement", ""),
    ("Elements", "elements", "elements_named", "XElement", "T", "XContainer"),
)


def _required(source: Any) -> Any:
    return require(source, "source")


def _walk(method: str, type_: str) -> Callable[[Any], XSequence]:
    return lambda source: flatten(_required(source), lambda node: getattr(node, method)(), type_)


def _walk_named(method: str, type_: str) -> Callable[[Any, Any], XSequence]:
    return lambda source, name: flatten(_required(source), lambda node: getattr(node, method)(name), type_)


def _register() -> None:
    for name, plain, named, result, receiver, constraint in _WALKS:
        parameters = "<T>" if receiver == "T" else ""
        element = receiver if receiver == "T" else X + receiver
        where = f" where T : {X}{constraint}" if constraint else ""
        returned = f"{_SEQUENCE}<{X}{result}>"
        start = f"static {returned} {name}{parameters}(this {_SEQUENCE}<{element}> source"
        implements(_TYPE, f"{start}){where}")(_walk(plain, returned))
        if named:
            implements(_TYPE, f"{start}, {X}XName name){where}")(_walk_named(named, returned))


_register()


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
