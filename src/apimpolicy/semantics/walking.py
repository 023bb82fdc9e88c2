"""Walking over bound trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound


def walk(node: Bound) -> Iterator[Bound]:
    """Yield a node and all below it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += reversed(part.children())
