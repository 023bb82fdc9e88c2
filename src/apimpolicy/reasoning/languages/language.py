"""Languages as hash-consed expressions, and their derivatives (Brzozowski, 1964).

Unions and intersections are normal up to associativity, commutativity and idempotence, so that a language has finitely
many derivatives. A language may be the complement of another; equal expressions are the same object.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.units import Units, blocks

LARGEST_COUNT = 400
"""The largest count of a repetition that is written out."""


class TooLarge(Exception):
    """A language that would need more room than it may have."""


class Language:
    """A set of words over code units.

    `kind` is `word` (the empty word), `units`, `sequence`, `union`, `both` (an intersection), `repeat`, `not`, or
    `leading` (the words that lead from the first of its parts to the second, by derivatives).
    """

    __slots__ = ("__weakref__", "_derivatives", "_first", "has_empty_word", "kind", "number", "parts", "preimages")

    kind: str
    parts: tuple[Any, ...]
    has_empty_word: bool
    number: int
    preimages: dict[Any, Language]
    _derivatives: dict[int, Language]
    _first: tuple[Units, ...] | None

    def derivative(self, unit: int) -> Language:
        """Derive the language by a unit."""
        found = self._derivatives.get(unit)
        if found is None:
            found = self._derivatives[unit] = _derivative(self, unit)
        return found

    def after(self, text: str) -> Language:
        """Derive the language by a text."""
        found = self
        for unit in text:
            found = found.derivative(ord(unit))
        return found

    def accepts(self, text: str) -> bool:
        """Return whether a text is a word of the language."""
        return self.after(text).has_empty_word

    @property
    def first(self) -> tuple[Units, ...]:
        """The sets of units by which derivatives differ."""
        if self._first is None:
            self._first = tuple(dict.fromkeys(_first(self)))
        return self._first

    def __repr__(self) -> str:
        return f"<Language {self.kind} {self.number}>"


_known: WeakValueDictionary[tuple[str, tuple[Any, ...]], Language] = WeakValueDictionary()
_numbers = itertools.count()


def _make(kind: str, parts: tuple[Any, ...], has_empty_word: bool) -> Language:
    key = (kind, parts)
    found = _known.get(key)
    if found is None:
        found = Language()
        found.kind, found.parts, found.has_empty_word = kind, parts, has_empty_word
        found.number = next(_numbers)
        found.preimages, found._derivatives, found._first = {}, {}, None
        _known[key] = found
    return found


EMPTY_WORD = _make("word", (), True)
NOTHING = _make("units", (units.NO_UNITS,), False)
ANY_UNIT = _make("units", (units.EVERY,), False)
ANYTHING = _make("repeat", (ANY_UNIT,), True)


def one_of(members: Units) -> Language:
    """Return the language of the words of one unit of a set."""
    return _make("units", (members,), False)


def in_ranges(*ranges: tuple[int, int]) -> Language:
    """Return the language of the words of one unit in these ranges."""
    return one_of(units.of_ranges(*ranges))


def any_of_text(text: str) -> Language:
    """Return the language of the words of one unit of a text."""
    return one_of(units.of_text(text))


def literal(text: str) -> Language:
    """Return the language of one text. Raises TooLarge for one that no search could spell."""
    if len(text) > MOST_STATES:
        raise TooLarge
    return sequence(*(one_of(units.of_text(unit)) for unit in text))


def sequence(*parts: Language) -> Language:
    """Return the words that are made of a word of each part."""
    made = EMPTY_WORD
    for part in reversed(parts):
        made = _two(part, made)
    return made


def _two(first: Language, second: Language) -> Language:
    if first is NOTHING or second is NOTHING:
        return NOTHING
    parts = []
    while first.kind == "sequence":  # long texts are nested too deep for recursion
        parts.append(first.parts[0])
        first = first.parts[1]
    made = second
    for part in (first, *reversed(parts)):
        if made is EMPTY_WORD:
            made = part
        elif part is not EMPTY_WORD and not (part is ANYTHING and made is ANYTHING):
            made = _make("sequence", (part, made), part.has_empty_word and made.has_empty_word)
    return made


def _flattened(kind: str, parts: Iterable[Language]) -> list[Language]:
    found: list[Language] = []
    for part in parts:
        found += part.parts if part.kind == kind else (part,)
    return found


def union(*parts: Language) -> Language:
    """Return the words of any of the parts."""
    members = 0
    others: dict[Language, None] = {}
    for part in _flattened("union", parts):
        if part is ANYTHING:
            return ANYTHING
        if part.kind == "units":
            members |= part.parts[0].bits
        else:
            others[part] = None
    if members:
        others[one_of(units.of_bits(members))] = None
    if any(other.kind == "not" and other.parts[0] in others for other in others):
        return ANYTHING
    if EMPTY_WORD in others and any(other.has_empty_word for other in others if other is not EMPTY_WORD):
        del others[EMPTY_WORD]
    ordered = sorted(others, key=lambda part: part.number)
    if len(ordered) < 2:
        return ordered[0] if ordered else NOTHING
    return _make("union", tuple(ordered), any(part.has_empty_word for part in ordered))


def both(*parts: Language) -> Language:
    """Return the words that all of the parts have."""
    others = dict.fromkeys(part for part in _flattened("both", parts) if part is not ANYTHING)
    if NOTHING in others or any(other.kind == "not" and other.parts[0] in others for other in others):
        return NOTHING
    singles = [other for other in others if other.kind == "units"]
    if len(singles) > 1:
        common = singles[0].parts[0]
        for single in singles:
            del others[single]
            common = common & single.parts[0]
        if not common:
            return NOTHING
        others[one_of(common)] = None
    if EMPTY_WORD in others:
        return EMPTY_WORD if all(other.has_empty_word for other in others) else NOTHING
    ordered = sorted(others, key=lambda part: part.number)
    if len(ordered) < 2:
        return ordered[0] if ordered else ANYTHING
    return _make("both", tuple(ordered), all(part.has_empty_word for part in ordered))


def not_(part: Language) -> Language:
    """Return the words that a language does not have."""
    if part.kind == "not":
        inner: Language = part.parts[0]
        return inner
    if part is NOTHING:
        return ANYTHING
    if part is ANYTHING:
        return NOTHING
    return _make("not", (part,), not part.has_empty_word)


def repeat(part: Language) -> Language:
    """Return the words made of any number of words of a language."""
    if part is EMPTY_WORD or part is NOTHING:
        return EMPTY_WORD
    return part if part.kind == "repeat" else _make("repeat", (part,), True)


def optional(part: Language) -> Language:
    """Return the words of a language, and the empty word."""
    return union(EMPTY_WORD, part)


def at_least_once(part: Language) -> Language:
    """Return the words made of one or more words of a language."""
    return sequence(part, repeat(part))


def counted(part: Language, least: int, most: int | None) -> Language:
    """Return the words made of so many words of a language. Raises TooLarge."""
    if max(least, most or 0) > LARGEST_COUNT:
        raise TooLarge
    if most is None:
        return sequence(*[part] * least, repeat(part))
    if most < least:
        return NOTHING
    tail = EMPTY_WORD
    for _ in range(most - least):
        tail = optional(sequence(part, tail))
    return sequence(*[part] * least, tail)


def shorter_than(length: int) -> Language:
    """Return the words of fewer code units. Raises TooLarge."""
    return counted(ANY_UNIT, 0, length - 1) if length > 0 else NOTHING


def containing(part: Language) -> Language:
    """Return the words in which a word of a language occurs."""
    return sequence(ANYTHING, part, ANYTHING)


def leading(start: Language, end: Language) -> Language:
    """Return the words after which `start` becomes `end`."""
    return _make("leading", (start, end), start is end)


def states_of(start: Language, most: int) -> list[Language]:
    """Return the derivatives of a language, itself first. Raises TooLarge for more than `most`."""
    found = {start: None}
    waiting = [start]
    for state in waiting:
        for block in units.blocks(state.first):
            following = state.derivative(block.sample())
            if following not in found:
                found[following] = None
                waiting.append(following)
                if len(found) > most:
                    raise TooLarge
    return list(found)


def reverse(part: Language) -> Language:
    """Return the words of a language read backwards. Raises TooLarge for one that is known by derivatives alone."""
    if part.kind == "sequence":
        return sequence(*(reverse(each) for each in reversed(part.parts)))
    if part.kind == "leading":
        raise TooLarge
    return rebuilt(part, reverse)


def rebuilt(part: Language, change: Callable[[Language], Language]) -> Language:
    """Return a language with its parts changed; one without parts stays."""
    match part.kind:
        case "word" | "units":
            return part
        case "sequence":
            return sequence(*map(change, part.parts))
        case "union":
            return union(*map(change, part.parts))
        case "both":
            return both(*map(change, part.parts))
        case "repeat":
            return repeat(change(part.parts[0]))
        case "not":
            return not_(change(part.parts[0]))
        case _:
            raise TooLarge


def _derivative(of: Language, unit: int) -> Language:
    parts = of.parts
    match of.kind:
        case "word":
            return NOTHING
        case "units":
            return EMPTY_WORD if unit in parts[0] else NOTHING
        case "sequence":
            first: Language = parts[0]
            following = _two(first.derivative(unit), parts[1])
            return union(following, parts[1].derivative(unit)) if first.has_empty_word else following
        case "union":
            return union(*(part.derivative(unit) for part in parts))
        case "both":
            return both(*(part.derivative(unit) for part in parts))
        case "repeat":
            return _two(parts[0].derivative(unit), of)
        case "not":
            return not_(parts[0].derivative(unit))
        case _:
            return leading(parts[0].derivative(unit), parts[1])


def _first(of: Language) -> Iterable[Units]:
    match of.kind:
        case "word":
            return ()
        case "units":
            return of.parts
        case "sequence":
            first: Language = of.parts[0]
            return (*first.first, *of.parts[1].first) if first.has_empty_word else first.first
        case "leading":
            start: Language = of.parts[0]
            return start.first
        case _:
            return [units for part in of.parts for units in part.first]


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
    found = _known_empty.get(start)
    if found is None or (found.is_open and found.states < most):
        found = _known_empty[start] = _shortest(start, most)
    if work is not None:
        work.spend((min(found.states, most) + 1) * (1 + len(given) // work.weighed))
    if found.is_open or found.states > most:
        raise TooLarge
    return found.word


_known_empty: WeakKeyDictionary[Language, _Found] = WeakKeyDictionary()


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
