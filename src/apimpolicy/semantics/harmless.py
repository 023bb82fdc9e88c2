"""Detect parts of an expression that change nothing: without a form, only their value is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.semantics.facts import has, is_pure
from apimpolicy.semantics.walking import walk

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound

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
    return all(_is_harmless(part) for part in walk(node))


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
