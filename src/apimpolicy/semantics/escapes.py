"""Detect expressions that lend an object of the gateway: as another type it can be kept, and changed later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.semantics.facts import has, is_pure
from apimpolicy.semantics.harmless import SHOWN

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.dotnet.signatures import Member
    from apimpolicy.dotnet.types import Type

_OBJECTS = frozenset((*SHOWN, "IUrl", "IMessageBody"))
_DICTIONARY = "System.Collections.Generic.IReadOnlyDictionary<string, "
_SAME = frozenset(("Cast", "OfType", "AsEnumerable"))
"""Members that may return the sequence that they are given."""
_PARTS = (nodes.Conditional, nodes.Coalesce, nodes.ConditionalAccess, nodes.Binary, nodes.IsType)
"""Nodes that only compare their parts, or whose value is one of them as the type that it has."""


def escapes(body: Bound) -> bool:
    """Return whether an expression may use an object of the gateway in another way than to read its members."""
    waiting: list[tuple[Bound, bool]] = [(body, False)]
    while waiting:
        node, is_followed = waiting.pop()
        if not is_followed and isinstance(node, nodes.Expression) and not node.is_constant and _is_gateways(node.type):
            return True
        waiting += [(child, _is_followed(node, child, is_followed)) for child in node.children()]
    return False


def _is_gateways(type_: Type) -> bool:
    name = str(type_)
    return name in _OBJECTS or name.startswith(_DICTIONARY)


def _is_followed(parent: Bound, child: Bound, is_followed: bool) -> bool:
    """Return whether all that happens to a part of a node is known."""
    match parent:
        case nodes.PropertyAccess() | nodes.IndexerAccess():
            return child is parent.receiver and _is_known(parent.property)
        case nodes.Call():
            return _is_known(parent.method) and parent.method.name not in _SAME
        case nodes.Convert():
            return is_followed and parent.conversion.is_implicit and parent.conversion.kind in ("reference", "identity")
        case nodes.LocalDeclaration():
            return _is_gateways(parent.symbol.type)
        case nodes.Assignment():
            return isinstance(parent.target, nodes.Local) and _is_gateways(parent.target.type)
        case nodes.IsPattern():
            return parent.pattern.symbol is None
        case nodes.Foreach():
            return child is parent.collection
    return isinstance(parent, _PARTS)


def _is_known(member: Member) -> bool:
    return is_pure(member) or has("fresh", member) or member.declaring.name in _OBJECTS
