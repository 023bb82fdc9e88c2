"""Facts that members declare, and what follows: which parts of an expression change nothing, or lend an object.

A pure member changes nothing, and returns the same for the same arguments while nothing else changes them; it may
throw. A member that declares nothing may change its arguments and everything reachable from them. Members are named
one by one, or by their signature where overloads differ: there are no patterns of names.
"""

from __future__ import annotations

import functools
from importlib import resources

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.dotnet.signatures import Member
from apimpolicy.csharp.dotnet.types import Type

EVERY = "*"


@functools.cache
def declared() -> dict[str, dict[str, frozenset[str]]]:
    """Return the declared facts: by fact, by type, the names and signatures of members."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    fact = ""
    text = resources.files("apimpolicy.reasoning.semantics").joinpath("facts.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            fact = line.strip()
            found[fact] = {}
            continue
        type_, _, members = line.strip().partition(":")
        members = members.strip()
        names = members.split(" | ") if "(" in members else members.split()
        found[fact][type_] = found[fact].get(type_, frozenset()) | frozenset(names)
    return found


def has(fact: str, member: Member) -> bool:
    names = declared()[fact].get(member.declaring.name, frozenset())
    return EVERY in names or member.name in names or member.signature in names


def is_pure(member: Member) -> bool:
    """Return whether a member declares that it changes nothing and depends on its arguments alone."""
    return has("pure", member)


def is_immutable(type_: str) -> bool:
    return type_ in declared()["immutable"] or type_.rstrip("?") in declared()["immutable"]


_CHANGES = (
    nodes.Assignment,
    nodes.CompoundAssignment,
    nodes.Deconstruction,
    nodes.DeconstructCall,
    nodes.DelegateCall,
    nodes.Redirection,
    nodes.Reference,
    nodes.MethodReference,
    nodes.OutVariable,
)

SHOWN = frozenset(("IContext", "IRequest", "IResponse"))
"""Types whose properties change nothing when they are read, though the state may change them."""


def is_harmless(node: Bound) -> bool:
    """Return whether a node, with all below it, changes nothing, as far as its members declare it."""
    return all(_is_harmless(part) for part in node.walk())


def _is_harmless(part: Bound) -> bool:
    if isinstance(part, _CHANGES):
        return False
    if isinstance(part, nodes.Call):
        if not is_pure(part.method) and not has("fresh", part.method):
            return False
        return not any(parameter.mode in ("out", "ref") for parameter in part.method.parameters)
    if isinstance(part, nodes.ObjectCreation):
        return part.constructor is not None and is_pure(part.constructor) and not part.initializers
    if isinstance(part, (nodes.PropertyAccess, nodes.IndexerAccess)):
        member = part.property
        return is_pure(member) or has("fresh", member) or member.declaring.name in SHOWN
    return not isinstance(part, nodes.Lambda) or isinstance(part.body, nodes.Expression)


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
