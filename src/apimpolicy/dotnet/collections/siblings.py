"""The siblings of a node in a tree of JSON or XML.

Trees keep their children in lists, .NET links them to each other. A node remembers where it was found; the search
begins there, so that a walk from sibling to sibling takes one look for each, as it does along links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Sibling:
    """Base of nodes with a `parent` that has `children`, and the `place` where they last were among them."""

    __slots__ = ()

    parent: Any
    place: int

    @property
    def next(self) -> Any:
        return self._sibling(1)

    @property
    def previous(self) -> Any:
        return self._sibling(-1)

    def _sibling(self, step: int) -> Any:
        if self.parent is None:
            return None
        siblings = self.parent.children
        index = self.parent.index_of(self) + step
        if not 0 <= index < len(siblings):
            return None
        found = siblings[index]
        found.place = index
        return found

    def siblings(self, *, after: bool) -> Iterator[Any]:
        """Return an iterator over the siblings after or before this node."""
        if self.parent is None:
            return iter(())
        index = self.parent.index_of(self)
        return iter(self.parent.children[index + 1 :] if after else self.parent.children[:index])


def position_of(children: Sequence[Any], node: Any, near: int) -> int:
    """Return the position of this very node, looked for outward from `near`; -1 when it is not there.

    >>> a, b = [1], [1]
    >>> position_of([a, b], b, 0), position_of([a, b], [1], 5)
    (1, -1)
    """
    size = len(children)
    if near < size and children[near] is node:
        return near
    below, above = min(near, size) - 1, near + 1
    looks = 0
    while below >= 0 or above < size:
        looks += 1
        if above < size and children[above] is node:
            environment().step(looks >> 3)
            return above
        if below >= 0 and children[below] is node:
            environment().step(looks >> 3)
            return below
        below -= 1
        above += 1
    environment().step(looks >> 3)
    return -1
