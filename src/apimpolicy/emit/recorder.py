"""Keeps the value of every sub-expression while an expression runs; for explanations and coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.binding.nodes import Bound

ROUNDS = 100
"""How many rounds of a loop are kept."""


_value_of: Any = {}.get
"""A function of a node and its value that gives the value back."""


class Recorder:
    """Collects (bound node, value) in order of evaluation. A node in a loop or lambda occurs once per round or call.

    Of each loop the first `most` rounds are kept, and of the others, when the loop is left, the last value of each
    sub-expression; `rounds_left_out` counts the rounds whose values were not kept one by one. At most `limit` entries
    are kept of what runs more than once; `is_full` says whether more came.

    `overflow` is told of every value that is not kept, and gives it back.
    """

    __slots__ = ("_kept", "is_full", "limit", "once", "pass_by", "rounds_left_out")

    most = ROUNDS

    def __init__(self, limit: int = 10_000, overflow: Callable[[Bound, Any], Any] | None = None) -> None:
        self._kept: dict[Any, Any] = {}
        """Values by node, of what runs once; pairs of both under a number, of what may run again."""
        self.once = self._kept.setdefault
        self.pass_by: Callable[[Bound, Any], Any] = overflow or _value_of
        self.limit = limit
        self.is_full = False
        self.rounds_left_out = 0

    @property
    def entries(self) -> list[tuple[Bound, Any]]:
        """What was collected."""
        return [value if type(key) is int else (key, value) for key, value in self._kept.items()]

    def record(self, node: Bound, value: Any) -> Any:
        kept = self._kept
        if len(kept) < self.limit:
            kept[len(kept)] = node, value
            return value
        self.is_full = True
        return self.pass_by(node, value)

    def resume(self, left_out: int, nodes: Iterable[Bound], values: Iterable[Any]) -> None:
        """A loop is left of which so many rounds were passed by, and what its nodes came to last in them. For one that
        none of them reached the recorder itself is given.
        """
        self.rounds_left_out += left_out
        for entry in zip(nodes, values, strict=True):
            if entry[1] is not self:
                self._kept[len(self._kept)] = entry

    def value_of(self, node: Bound) -> tuple[bool, Any]:
        """Whether the node was evaluated, and its last value."""
        for recorded, value in reversed(self.entries):
            if recorded is node:
                return True, value
        return False, None
