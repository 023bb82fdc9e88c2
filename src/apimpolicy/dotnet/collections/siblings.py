"""The position of a node among the children of its parent.

Trees keep their children in lists, .NET links them to each other. A node remembers where it was found; the search
begins there, so that a walk from sibling to sibling takes one look for each, as it does along links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment

if TYPE_CHECKING:
    from collections.abc import Sequence


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
