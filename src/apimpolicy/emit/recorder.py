"""Records the value of every sub-expression while an expression runs; for explanations and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound


class Recorder:
    """Collects (bound node, value) in order of evaluation. A node inside a lambda occurs once per call.

    At most `limit` entries are kept; `is_full` says whether more came.
    """

    __slots__ = ("entries", "is_full", "limit")

    def __init__(self, limit: int = 10_000) -> None:
        self.entries: list[tuple[Bound, Any]] = []
        self.limit = limit
        self.is_full = False

    def record(self, node: Bound, value: Any) -> Any:
        if len(self.entries) < self.limit:
            self.entries.append((node, value))
        else:
            self.is_full = True
        return value

    def value_of(self, node: Bound) -> tuple[bool, Any]:
        """Whether the node was evaluated, and its last value."""
        for recorded, value in reversed(self.entries):
            if recorded is node:
                return True, value
        return False, None
