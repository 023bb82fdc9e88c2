"""When a receiver is found to be null: after the arguments have been evaluated (C# specification, section 12.8.10.2).

Where the difference is not visible, the shorter code looks at the receiver first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEEN = (
    nodes.Assignment,
    nodes.ArrayAccess,
    nodes.Call,
    nodes.CompoundAssignment,
    nodes.Binary,
    nodes.Deconstruction,
    nodes.DelegateCall,
    nodes.IndexerAccess,
    nodes.ObjectCreation,
    nodes.ThrowExpression,
)
"""What changes something, or throws something else than what a receiver that is null would throw."""
_HARMLESS = frozenset({"boxing", "identity", "null", "numeric", "reference"})
"""Conversions that never fail when they are not written."""


def can_be_seen(arguments: Iterable[nodes.Expression]) -> bool:
    """Return whether it shows that these are evaluated before the receiver is found to be null."""
    waiting: list[nodes.Bound] = list(arguments)
    while waiting:
        part = waiting.pop()
        if isinstance(part, nodes.Lambda) or (isinstance(part, nodes.Expression) and part.is_constant):
            continue
        if isinstance(part, nodes.Convert):
            if part.conversion.kind not in _HARMLESS or part.is_explicit:
                return True
        elif isinstance(part, _SEEN):
            return True
        waiting.extend(part.children())
    return False
