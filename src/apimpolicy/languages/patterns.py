""".NET regular expressions as the languages of the texts in which they are found.

Only what is regular and certain is read: no look-around, back-references, word boundaries, atomic groups or multiline
anchors, and anchors only at the ends. The simulated `Regex` itself decides what one atom matches.
"""

from __future__ import annotations

import functools
import re

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.errors import ApimPolicyError
from apimpolicy.languages import units
from apimpolicy.languages.language import (
    ANYTHING,
    EMPTY_WORD,
    Language,
    TooLarge,
    any_of_text,
    counted,
    one_of,
    optional,
    repeat,
    sequence,
    union,
)

IGNORE_CASE, MULTILINE, EXPLICIT_CAPTURE, SINGLE_LINE, IGNORE_BLANKS = 1, 2, 4, 16, 32
COMPILED, CULTURE_INVARIANT = 8, 512
_KNOWN = IGNORE_CASE | EXPLICIT_CAPTURE | COMPILED | SINGLE_LINE | IGNORE_BLANKS | CULTURE_INVARIANT
_FLAGS = {"i": IGNORE_CASE, "m": MULTILINE, "n": EXPLICIT_CAPTURE, "s": SINGLE_LINE, "x": IGNORE_BLANKS}
_QUANTIFIER = re.compile(r"\*|\+|\?|\{(\d+)(,(\d*))?\}", re.ASCII)
_GROUP = re.compile(r"\(\?([imnsx]*)(?:-([imnsx]+))?([:)])|\(\?<[A-Za-z_]\w*>|\(\?'[A-Za-z_]\w*'|\((?!\?)", re.ASCII)
_BLANKS = " \t\n\v\f\r"
_MOST_ALTERNATIVES = 200
_END, _FINAL_END = "$", "z"

Alternative = tuple[bool, Language, str]
"""A tuple: true if anchored at the text's start, the matched language, and the end anchor (empty if none)."""


class NotRegular(Exception):
    """A pattern that is not read as a language."""


@functools.lru_cache(512)
def language_of(pattern: str, options: int = 0) -> Language:
    """Return the texts in which a pattern is found. Raises NotRegular."""
    from apimpolicy.dotnet.regex.expressions import Regex

    if options & ~_KNOWN:
        raise NotRegular
    try:
        Regex(pattern, options)
    except (DotnetException, ApimPolicyError):
        raise NotRegular from None
    try:
        return _Reader(pattern, options).language()
    except TooLarge:
        raise NotRegular from None


class _Reader:
    """Reads one pattern that .NET accepts."""

    def __init__(self, pattern: str, options: int) -> None:
        self.pattern = pattern
        self.options = options
        self.place = 0

    def language(self) -> Language:
        found = self.alternatives()
        if self.place < len(self.pattern):
            raise NotRegular
        ends = {"": ANYTHING, _END: optional(any_of_text("\n")), _FINAL_END: EMPTY_WORD}
        return union(*(sequence(EMPTY_WORD if start else ANYTHING, part, ends[end]) for start, part, end in found))

    def peek(self, count: int = 1) -> str:
        return self.pattern[self.place : self.place + count]

    def alternatives(self) -> list[Alternative]:
        before = self.options
        found = self.concatenation()
        while self.peek() == "|":
            self.place += 1
            found += self.concatenation()
        self.options = before
        return found

    def concatenation(self) -> list[Alternative]:
        found: list[Alternative] = [(False, EMPTY_WORD, "")]
        while self.place < len(self.pattern) and self.peek() not in "|)":
            item = self.item()
            if item is not None:
                found = [_joined(one, other) for one in found for other in item]
                if len(found) > _MOST_ALTERNATIVES:
                    raise NotRegular
        return found

    def item(self) -> list[Alternative] | None:
        unit = self.peek()
        if self.options & IGNORE_BLANKS and self._skip_blank(unit):
            return None
        if unit in "^$":
            self.place += 1
            return [(unit == "^", EMPTY_WORD, "" if unit == "^" else _END)]
        if unit == "(":
            group = self.group()
            return None if group is None else self.quantified(group)
        if unit == "\\":
            anchor = {"\\A": (True, ""), "\\Z": (False, _END), "\\z": (False, _FINAL_END)}.get(self.peek(2))
            if anchor is not None:
                self.place += 2
                return [(anchor[0], EMPTY_WORD, anchor[1])]
            return self.quantified([(False, self.escape(), "")])
        if unit == "[":
            return self.quantified([(False, self.atom(self._class_end()), "")])
        if unit in "*+?":
            raise NotRegular
        self.place += 1
        return self.quantified([(False, self.character(unit), "")])

    def character(self, unit: str) -> Language:
        if unit == ".":
            return one_of(units.EVERY if self.options & SINGLE_LINE else ~units.of_text("\n"))
        if self.options & IGNORE_CASE:
            written = f"\\{unit}" if unit in "{}#" or unit in _BLANKS else unit
            return one_of(_matched(written, IGNORE_CASE))
        return any_of_text(unit)

    def _skip_blank(self, unit: str) -> bool:
        if unit == "#":
            end = self.pattern.find("\n", self.place)
            self.place = len(self.pattern) if end < 0 else end
            return True
        if unit.isspace():
            if unit not in _BLANKS:
                raise NotRegular
            self.place += 1
            return True
        return False

    def escape(self) -> Language:
        two = self.peek(2)
        length = {"x": 4, "u": 6}.get(two[1:], 2)
        if two[1:] in ("p", "P"):
            length = self.pattern.index("}", self.place) + 1 - self.place
        elif len(two) < 2 or (two[1].isalnum() and two[1] not in "dDwWsStrnfvexu"):
            raise NotRegular
        return self.atom(self.place + length)

    def atom(self, end: int) -> Language:
        written = self.pattern[self.place : end]
        self.place = end
        return one_of(_matched(written, self.options & IGNORE_CASE))

    def _class_end(self) -> int:
        """Return the end of the character class that begins here with `[`."""
        place = self.place + 1
        place += self.pattern[place : place + 1] == "^"
        place += self.pattern[place : place + 1] == "]"
        while place < len(self.pattern):
            unit = self.pattern[place]
            if unit == "[":
                raise NotRegular
            if unit == "]":
                return place + 1
            place += 2 if unit == "\\" else 1
        raise NotRegular

    def quantified(self, item: list[Alternative]) -> list[Alternative]:
        if self.options & IGNORE_BLANKS and re.compile(r"\s+[*+?{#]").match(self.pattern, self.place):
            raise NotRegular
        found = _QUANTIFIER.match(self.pattern, self.place)
        if found is None:
            return item
        self.place = found.end()
        if self.peek() == "?":
            self.place += 1  # lazy: it decides what is matched, not whether
        if _QUANTIFIER.match(self.pattern, self.place) or any(start or end for start, _, end in item):
            raise NotRegular
        part = union(*(part for _, part, _ in item))
        match found[0]:
            case "*":
                made = repeat(part)
            case "+":
                made = sequence(part, repeat(part))
            case "?":
                made = optional(part)
            case _:
                least = int(found[1])
                most = least if found[2] is None else int(found[3]) if found[3] else None
                made = counted(part, least, most)
        return [(False, made, "")]

    def group(self) -> list[Alternative] | None:
        found = _GROUP.match(self.pattern, self.place)
        if found is None:
            raise NotRegular
        self.place = found.end()
        before = self.options
        for flags, is_on in ((found[1] or "", True), (found[2] or "", False)):
            for flag in flags:
                self.options = self.options | _FLAGS[flag] if is_on else self.options & ~_FLAGS[flag]
        if self.options & MULTILINE:
            raise NotRegular
        if found[3] == ")":
            return None
        inner = self.alternatives()
        self.options = before
        if self.peek() != ")":
            raise NotRegular
        self.place += 1
        return inner


def _joined(one: Alternative, other: Alternative) -> Alternative:
    if one[2] and (other[1] is not EMPTY_WORD or other[0]):
        raise NotRegular  # something behind an end
    if other[0] and one[1] is not EMPTY_WORD:
        raise NotRegular  # something in front of a start
    return one[0] or other[0], sequence(one[1], other[1]), one[2] or other[2]


_EVERY_UNIT = "".join(map(chr, range(units.COUNT)))


@functools.lru_cache(512)
def _matched(atom: str, options: int) -> units.Units:
    """Return the code units that an atom matches, which the simulated `Regex` says. Raises NotRegular."""
    from apimpolicy.dotnet.regex.expressions import Regex

    found = Regex(f"(?:{atom})+", options).match(_EVERY_UNIT)
    ranges: list[tuple[int, int]] = []
    while found.success:
        ranges.append((found.index, found.index + found.length - 1))
        found = found.next_match()
    return units.of_ranges(*ranges)
