"""Whole numbers of texts: their length, the number that they parse to, the index of a text in them.

A comparison of a measure with a constant is a regular language, so that solvers need no arithmetic of texts.
"""

from __future__ import annotations

from typing import NamedTuple

from apimpolicy.reasoning.languages import patterns, units
from apimpolicy.reasoning.languages.language import (
    ANY_UNIT,
    ANYTHING,
    NOTHING,
    Language,
    containing,
    counted,
    in_ranges,
    literal,
    not_,
    one_of,
    repeat,
    sequence,
    shorter_than,
    union,
)

LONGEST = 1 << 30
"""No string of .NET has so many code units."""


class Length(NamedTuple):
    """The number of code units of a text."""

    kind: str = "length"

    @property
    def defined(self) -> Language:
        return ANYTHING

    def of(self, text: str) -> int | None:
        return len(text)

    def at_most(self, bound: int) -> Language:
        return ANYTHING if bound >= LONGEST else shorter_than(bound + 1)


class Parsed(NamedTuple):
    """The whole number, of any size, that a text is."""

    kind: str = "parsed"

    @property
    def defined(self) -> Language:
        return patterns.WHOLE_NUMBER

    def of(self, text: str) -> int | None:
        return int(text.strip("\t\n\v\f\r \0")) if patterns.WHOLE_NUMBER.accepts(text) else None

    def at_most(self, bound: int) -> Language:
        return patterns.at_most(bound)


class Unit(NamedTuple):
    """The code unit at a place of a text; defined for texts that are long enough."""

    place: int
    kind: str = "unit"

    @property
    def defined(self) -> Language:
        return not_(shorter_than(self.place + 1))

    def of(self, text: str) -> int | None:
        return ord(text[self.place]) if self.place < len(text) else None

    def at_most(self, bound: int) -> Language:
        if bound < 0:
            return NOTHING
        skipped = counted(ANY_UNIT, self.place, self.place)
        return sequence(skipped, in_ranges((0, min(bound, units.COUNT - 1))), ANYTHING)


class FirstIndex(NamedTuple):
    """The index of a text's first occurrence, unit by unit; -1 without one."""

    needle: str
    kind: str = "first-index"

    @property
    def defined(self) -> Language:
        return ANYTHING

    def of(self, text: str) -> int | None:
        return text.find(self.needle)

    def at_most(self, bound: int) -> Language:
        if bound < -1:
            return NOTHING
        if bound >= LONGEST:
            return ANYTHING
        absent = not_(containing(literal(self.needle)))
        return union(absent, sequence(counted(ANY_UNIT, 0, bound), literal(self.needle), ANYTHING))


class PartCount(NamedTuple):
    """The number of parts that `Split(separator)` returns."""

    separator: int
    kind: str = "part-count"

    @property
    def defined(self) -> Language:
        return ANYTHING

    def of(self, text: str) -> int | None:
        return text.count(chr(self.separator)) + 1

    def at_most(self, bound: int) -> Language:
        if bound >= LONGEST:
            return ANYTHING
        separator = units.of_bits(1 << self.separator)
        other = repeat(one_of(~separator))
        return sequence(other, counted(sequence(one_of(separator), other), 0, bound - 1))


Measure = Length | Parsed | Unit | FirstIndex | PartCount
