"""Whether languages have a word in common, and which is the shortest."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from apimpolicy.languages.language import NOTHING, TooLarge, both
from apimpolicy.languages.units import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.languages.language import Language

MOST_STATES = 3_000


def shortest_word(languages: Iterable[Language], most: int = MOST_STATES) -> str | None:
    """Return a shortest word that all of the languages have; None when there is none. Raises TooLarge."""
    start = both(*languages)
    if start not in _known:
        _known[start] = _shortest(start, most)
    return _known[start]


_known: WeakKeyDictionary[Language, str | None] = WeakKeyDictionary()


def _shortest(start: Language, most: int) -> str | None:
    if start.has_empty_word:
        return ""
    came_from: dict[Language, tuple[Language, int] | None] = {start: None, NOTHING: None}
    waiting = [start]
    for state in waiting:
        for block in blocks(state.first):
            unit = block.sample()
            following = state.derivative(unit)
            if following in came_from:
                continue
            came_from[following] = state, unit
            if following.has_empty_word:
                return _word(following, came_from)
            waiting.append(following)
            if len(came_from) > most:
                raise TooLarge
    return None


def _word(end: Language, came_from: dict[Language, tuple[Language, int] | None]) -> str:
    found: list[str] = []
    step = came_from[end]
    while step is not None:
        found.append(chr(step[1]))
        step = came_from[step[0]]
    return "".join(reversed(found))


def are_disjoint(languages: Iterable[Language], most: int = MOST_STATES) -> bool:
    """Return whether no word is in all of the languages. Raises TooLarge."""
    return shortest_word(languages, most) is None
