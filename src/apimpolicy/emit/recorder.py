"""Keeps the value of every sub-expression while an expression runs; for explanations and coverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound

ROUNDS = 100
"""The number of rounds kept per loop."""

UNREACHED: Final = object()
"""Stands for the value of a sub-expression that a round of a loop did not reach."""


class Overflow(Protocol):
    """Receives the values that a recorder does not keep."""

    def take(self, node: Bound, value: Any) -> None:
        """One value."""

    def of_loop(self, nodes: tuple[Bound, ...]) -> Callable[[Sequence[Any]], None] | None:
        """Return the receiver of these nodes' values after each round; None when none of them matters.

        A node that a round did not reach has the value of an earlier one, or is UNREACHED.
        """


class Recorder:
    """Collects (bound node, value) in order of evaluation. A node in a loop or lambda occurs once per round or call.

    What a round of a loop gave comes when the round is over, or an inner loop begins; what lambdas gave in it has come
    before. Of each loop the first `most` rounds are kept, and of the others, when the loop is left, the last value of
    each sub-expression; `rounds_left_out` counts the rounds whose values were not kept one by one. At most `limit`
    entries are kept of what runs more than once; `is_full` says whether more came. `overflow` is told of every value
    that is not kept.
    """

    __slots__ = ("_kept", "_overflow", "_room", "is_full", "limit", "once", "rounds_left_out")

    most = ROUNDS

    def __init__(self, limit: int = 10_000, overflow: Overflow | None = None) -> None:
        self._kept: dict[Any, Any] = {}
        """Values by node, of what runs once. Under a number what may run again: a node and its value, or the nodes and
        the values of a round."""
        self._overflow = overflow
        self._room = limit
        """The number of entries that certainly fit: a round takes room for unreached values, too."""
        self.once: Callable[[Any, Any], Any] = self._kept.setdefault
        self.limit = limit
        self.is_full = False
        self.rounds_left_out = 0

    @property
    def entries(self) -> list[tuple[Bound, Any]]:
        """Return the kept entries."""
        found: list[tuple[Bound, Any]] = []
        for node, value in self.kept:
            if type(node) is tuple:
                found.extend(entry for entry in zip(node, value, strict=True) if entry[1] is not UNREACHED)
            else:
                found.append((node, value))
        return found

    @property
    def kept(self) -> list[tuple[Any, Any]]:
        """The recorded values in order: a node and its value, or the nodes and the values of a round of a loop."""
        return [value if type(key) is int else (key, value) for key, value in self._kept.items()]

    def record(self, node: Bound, value: Any) -> Any:
        if self._has_room(1):
            self._kept[len(self._kept)] = node, value
        elif self._overflow is not None:
            self._overflow.take(node, value)
        return value

    def keep(self, nodes: tuple[Bound, ...], values: Sequence[Any]) -> None:
        """Keep the values of nodes in a round of a loop, or in a part of it."""
        if self._has_room(len(nodes)):
            self._kept[len(self._kept)] = nodes, values
            return
        for node, value in zip(nodes, values, strict=True):
            if value is not UNREACHED:
                self.record(node, value)

    def of_loop(self, nodes: tuple[Bound, ...]) -> Callable[[Sequence[Any]], None] | None:
        """Return the receiver of these nodes' values in the rounds that are not kept."""
        return None if self._overflow is None else self._overflow.of_loop(nodes)

    def resume(self, left_out: int, nodes: tuple[Bound, ...], values: Sequence[Any]) -> None:
        """Note the end of a loop: how many rounds were left out, and the last values in them."""
        self.rounds_left_out += left_out
        self._kept[len(self._kept)] = nodes, values

    def _has_room(self, wanted: int) -> bool:
        """Return whether so many more may be kept, which takes the room."""
        if self._room < wanted and not self.is_full:
            self._room = self.limit - len(self.entries)
            self.is_full = self._room <= 0
        if self._room < wanted:
            return False
        self._room -= wanted
        return True

    def value_of(self, node: Bound) -> tuple[bool, Any]:
        """Return whether the node was evaluated, and its last value."""
        for recorded, value in reversed(self.entries):
            if recorded is node:
                return True, value
        return False, None
