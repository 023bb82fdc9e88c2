"""Operations on texts whose preimages of regular languages are regular, and exact.

An operation is known by its fields, `kind` among them, so that the same operation on the same text is the same term.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

from apimpolicy.csharp.dotnet.system.characters import WHITE_SPACE, to_lower, to_upper
from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import (
    ANY_UNIT,
    ANYTHING,
    EMPTY_WORD,
    Language,
    TooLarge,
    both,
    counted,
    one_of,
    optional,
    rebuilt,
    repeat,
    sequence,
    union,
)
from apimpolicy.reasoning.languages.units import Units


def preimage(operation: Operation, language: Language) -> Language:
    """Return the texts that an operation takes into a language. Raises TooLarge."""
    found = language.preimages.get(operation)
    if found is None:
        found = language.preimages[operation] = operation.before(language)
    return found


class ToUpper(NamedTuple):
    """Simple upper case, as `ToUpper`, `ToUpperInvariant` and `OrdinalIgnoreCase` have it."""

    kind: str = "upper"

    def apply(self, text: str) -> str:
        return to_upper(text)

    def before(self, language: Language) -> Language:
        return _case_before(language, self, upper=True)


class ToLower(NamedTuple):
    """Simple lower case, as `ToLower` and `ToLowerInvariant` have it."""

    kind: str = "lower"

    def apply(self, text: str) -> str:
        return to_lower(text)

    def before(self, language: Language) -> Language:
        return _case_before(language, self, upper=False)


class ReplaceUnit(NamedTuple):
    """Replace every occurrence of one code unit by another."""

    old: int
    new: int
    kind: str = "exchange"

    def apply(self, text: str) -> str:
        return text.replace(chr(self.old), chr(self.new))

    def before(self, language: Language) -> Language:
        return _mapped_before(language, self, {self.old: self.new})


class Erase(NamedTuple):
    """Remove every occurrence of one code unit."""

    unit: int
    kind: str = "erase"

    def apply(self, text: str) -> str:
        return text.replace(chr(self.unit), "")

    def before(self, language: Language) -> Language:
        padding = repeat(one_of(units.of_bits(1 << self.unit)))

        def change(part: Language) -> Language:
            if part is EMPTY_WORD:
                return padding
            if part.kind == "units":
                kept = one_of(part.parts[0] - units.of_bits(1 << self.unit))
                return sequence(padding, kept, padding)
            if part.kind == "repeat":
                return union(padding, repeat(change(part.parts[0])))
            return rebuilt(part, change)

        return change(language)


class Trim(NamedTuple):
    """Units of a set taken away at the start, at the end, or at both; `members` are their bits."""

    members: int
    at_start: bool = True
    at_end: bool = True
    kind: str = "trim"

    def apply(self, text: str) -> str:
        inside = units.of_bits(self.members)
        start, end = 0, len(text)
        while self.at_start and start < end and ord(text[start]) in inside:
            start += 1
        while self.at_end and start < end and ord(text[end - 1]) in inside:
            end -= 1
        return text[start:end]

    def before(self, language: Language) -> Language:
        removed = units.of_bits(self.members)
        blank, other = repeat(one_of(removed)), one_of(~removed)
        if self.at_start and self.at_end:
            core = union(EMPTY_WORD, other, sequence(other, ANYTHING, other))
            return sequence(blank, both(language, core), blank)
        if self.at_start:
            return sequence(blank, both(language, union(EMPTY_WORD, sequence(other, ANYTHING))))
        return sequence(both(language, union(EMPTY_WORD, sequence(ANYTHING, other))), blank)


class Drop(NamedTuple):
    """`Substring(size)`, of a text that is long enough."""

    size: int
    kind: str = "drop"

    def apply(self, text: str) -> str:
        return text[self.size :]

    def before(self, language: Language) -> Language:
        return sequence(counted(ANY_UNIT, self.size, self.size), language)


class Take(NamedTuple):
    """`Substring(0, size)`, of a text that is long enough."""

    size: int
    kind: str = "take"

    def apply(self, text: str) -> str:
        return text[: self.size]

    def before(self, language: Language) -> Language:
        return sequence(both(language, counted(ANY_UNIT, self.size, self.size)), ANYTHING)


class PartOf(NamedTuple):
    """`Split(separator)[place]`, of a text that has so many parts."""

    separator: int
    place: int
    kind: str = "part"

    def apply(self, text: str) -> str:
        parts = text.split(chr(self.separator))
        return parts[self.place] if self.place < len(parts) else ""

    def before(self, language: Language) -> Language:
        separator = units.of_bits(1 << self.separator)
        other, mark = repeat(one_of(~separator)), one_of(separator)
        skipped = counted(sequence(other, mark), self.place, self.place)
        return sequence(skipped, both(language, other), optional(sequence(mark, ANYTHING)))


class LastPart(NamedTuple):
    """`Split(separator).Last()`."""

    separator: int
    kind: str = "last-part"

    def apply(self, text: str) -> str:
        return text.split(chr(self.separator))[-1]

    def before(self, language: Language) -> Language:
        separator = units.of_bits(1 << self.separator)
        return sequence(optional(sequence(ANYTHING, one_of(separator))), both(language, repeat(one_of(~separator))))


Operation = ToUpper | ToLower | ReplaceUnit | Erase | Trim | Drop | Take | PartOf | LastPart


def _mapped_before(language: Language, operation: Operation, table: Mapping[int, int]) -> Language:
    def change(part: Language) -> Language:
        if part.kind == "units":
            return one_of(part.parts[0].before(table))
        found = part.preimages.get(operation)
        if found is None:
            found = part.preimages[operation] = rebuilt(part, change)
        return found

    return change(language)


@functools.cache
def case_table(*, upper: bool) -> dict[int, int]:
    """Return the code units that the simulated .NET's own case mapping changes, with what it makes of them."""
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, units.COUNT)]))
    made = to_upper(text) if upper else to_lower(text)
    return {ord(old): ord(new) for old, new in zip(text, made, strict=True) if old != new}


def _case_before(language: Language, operation: Operation, *, upper: bool) -> Language:
    """Return the texts that a case mapping takes into a language.

    Letters beyond U+FFFF are two code units, and case mapping changes the second of them. Unit by unit is exact for a
    language that does not tell such units apart. Raises TooLarge for others.
    """
    if not _is_blind_to_pairs(language, {}):
        raise TooLarge
    return _mapped_before(language, operation, case_table(upper=upper))


_SECOND_OF_PAIR = units.of_ranges((0xDC00, 0xDFFF))


def _is_blind_to_pairs(language: Language, known: dict[Language, None]) -> bool:
    waiting = [language]
    for part in waiting:
        if part.kind == "units":
            inside = part.parts[0] & _SECOND_OF_PAIR
            if inside and inside is not _SECOND_OF_PAIR:
                return False
        for each in part.parts if part.kind != "units" else ():
            if each not in known:
                known[each] = None
                waiting.append(each)
    return True


@functools.cache
def white_space() -> Units:
    """Return the units that `Trim()` removes and `IsNullOrWhiteSpace` skips."""
    return units.of_text(WHITE_SPACE)
