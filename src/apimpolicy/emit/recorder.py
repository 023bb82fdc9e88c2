"""Records the value of every sub-expression while an expression runs; for explanations and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding.nodes import Bound


class Recorder:
    """Collects (bound node, value) in order of evaluation. A node inside a lambda occurs once per call.

    At most `limit` entries are kept; `is_full` says whether more came. `overflow` is told of those.
    """

    __slots__ = ("entries", "is_full", "limit", "overflow")

    def __init__(self, limit: int = 10_000, overflow: Callable[[Bound, Any], None] | None = None) -> None:
        self.entries: list[tuple[Bound, Any]] = []
        self.limit = limit
        self.is_full = False
        self.overflow = overflow

    def record(self, node: Bound, value: Any) -> Any:
        if len(self.entries) < self.limit:
            self.entries.append((node, value))
        else:
            self.is_full = True
            if self.overflow is not None:
                self.overflow(node, value)
        return value

    def value_of(self, node: Bound) -> tuple[bool, Any]:
        """Whether the node was evaluated, and its last value."""
        for recorded, value in reversed(self.entries):
            if recorded is node:
                return True, value
        return False, None
