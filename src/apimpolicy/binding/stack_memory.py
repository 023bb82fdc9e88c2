"""`stackalloc`: a part of C# 7.3 whose value is a Span, which the gateway refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.binding.nodes import Bad
    from apimpolicy.syntax.nodes import Node

_HELP = "use 'new' instead of 'stackalloc'"


def refused(binder: Binder, node: Node) -> Bad:
    """Report `T name = stackalloc …`."""
    return binder.failure(node, "APIM0001", "'stackalloc' gives a Span, which the gateway doesn't allow", help=_HELP)


def bind_stackalloc(binder: Binder, node: Node) -> Bad:
    message = "'stackalloc in nested expressions' is newer than C# 7.3"
    return binder.failure_at(node.start, node.start + len("stackalloc"), node, "CS8370", message, help=_HELP)


bind_stackalloc_with_initializer = bind_implicit_stackalloc = bind_stackalloc
