"""Decide whether languages have a word in common, and find the shortest one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from apimpolicy.languages.language import NOTHING, Language, TooLarge, both
from apimpolicy.languages.units import blocks

MOST_STATES = 3_000


class Work:
    """States that may still be looked at, for several languages together, and `most` for each of them.

    A state of so many languages that are `weighed` counts twice, of twice as many three times.
    """

    def __init__(self, states: int, most: int = MOST_STATES, weighed: int = MOST_STATES) -> None:
        self.left = states
        self.most = most
        self.weighed = weighed

    def spend(self, states: int) -> None:
        """Use up states. Raises TooLarge when there are none left."""
        self.left -= states
        if self.left < 0:
            raise TooLarge


class _Found(NamedTuple):
    """A shortest word (None: there is none), and the states that were looked at; `is_open`: too few to tell."""

    word: str | None
    states: int
    is_open: bool = False


def shortest_word(languages: Iterable[Language], most: int = MOST_STATES, work: Work | None = None) -> str | None:
    """Return a shortest word that all of the languages have; None when there is none. Raises TooLarge.

    What is known from before costs the same work again, so that nothing depends on what was asked before.
    """
    given = list(languages)
    start = both(*given)
    most = most if work is None else min(most, work.most)
    found = _known.get(start)
    if found is None or (found.is_open and found.states < most):
        found = _known[start] = _shortest(start, most)
    if work is not None:
        work.spend((min(found.states, most) + 1) * (1 + len(given) // work.weighed))
    if found.is_open or found.states > most:
        raise TooLarge
    return found.word


_known: WeakKeyDictionary[Language, _Found] = WeakKeyDictionary()


def _shortest(start: Language, most: int) -> _Found:
    if start.has_empty_word:
        return _Found("", 0)
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
                return _Found(_word(following, came_from), len(came_from))
            waiting.append(following)
            if len(came_from) > most:
                return _Found(None, len(came_from), is_open=True)
    return _Found(None, len(came_from))


def _word(end: Language, came_from: dict[Language, tuple[Language, int] | None]) -> str:
    found: list[str] = []
    step = came_from[end]
    while step is not None:
        found.append(chr(step[1]))
        step = came_from[step[0]]
    return "".join(reversed(found))
