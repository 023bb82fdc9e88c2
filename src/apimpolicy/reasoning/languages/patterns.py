""".NET regular expressions as the languages of the texts in which they are found.

Only what is regular and certain is read: no look-around, back-references, word boundaries, atomic groups or multiline
anchors, and anchors only at the ends. The simulated `Regex` itself decides what one atom matches.

Also the texts that .NET reads as whole numbers and truth values, and those whose number is at most a bound.
"""

from __future__ import annotations

import functools
import re
from weakref import WeakKeyDictionary

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.errors import ApimPolicyError
from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    EMPTY_WORD,
    Language,
    TooLarge,
    any_of_text,
    at_least_once,
    both,
    counted,
    in_ranges,
    literal,
    not_,
    one_of,
    optional,
    repeat,
    sequence,
    union,
)
from apimpolicy.reasoning.languages.operations import white_space

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
    from apimpolicy.csharp.dotnet.regex.expressions import Regex

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
        quantifier = _QUANTIFIER.match(self.pattern, self.place)
        if quantifier is None:
            return item
        self.place = quantifier.end()
        if self.peek() == "?":
            self.place += 1  # lazy: it decides what is matched, not whether
        if _QUANTIFIER.match(self.pattern, self.place) or any(start or end for start, _, end in item):
            raise NotRegular
        part = union(*(part for _, part, _ in item))
        match quantifier[0]:
            case "*":
                repeated = repeat(part)
            case "+":
                repeated = sequence(part, repeat(part))
            case "?":
                repeated = optional(part)
            case _:
                least = int(quantifier[1])
                most = least if quantifier[2] is None else int(quantifier[3]) if quantifier[3] else None
                repeated = counted(part, least, most)
        return [(False, repeated, "")]

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
    from apimpolicy.csharp.dotnet.regex.expressions import Regex

    found = Regex(f"(?:{atom})+", options).match(_EVERY_UNIT)
    ranges: list[tuple[int, int]] = []
    while found.success:
        ranges.append((found.index, found.index + found.length - 1))
        found = found.next_match()
    return units.of_ranges(*ranges)


_DIGIT = in_ranges((0x30, 0x39))
_BLANK = any_of_text("\t\n\v\f\r ")
_LEADING = repeat(_BLANK)
_TRAILING = sequence(repeat(_BLANK), repeat(any_of_text("\0")))
WHOLE_NUMBER = sequence(_LEADING, optional(any_of_text("+-")), at_least_once(_DIGIT), _TRAILING)
"""Texts that `int.Parse(text)` etc. accept with `NumberStyles.Integer` and the invariant culture."""


@functools.lru_cache(1024)
def at_most(bound: int) -> Language:
    """Return the texts of whole numbers, of any size, that are at most a bound."""
    made = _at_most(bound)
    _bounds[made] = bound
    return made


_bounds: WeakKeyDictionary[Language, int] = WeakKeyDictionary()


def bound_of(language: Language) -> int | None:
    """Return the bound of a language that `at_most` made: languages with smaller bounds are inside of it."""
    return _bounds.get(language)


def _at_most(bound: int) -> Language:
    minus = any_of_text("-")
    if bound >= 0:
        plain = sequence(optional(any_of_text("+")), _digits_up_to(bound))
        return sequence(_LEADING, union(sequence(minus, at_least_once(_DIGIT)), plain), _TRAILING)
    below = both(at_least_once(_DIGIT), not_(_digits_up_to(-bound - 1)))
    return sequence(_LEADING, minus, below, _TRAILING)


def _digits_up_to(bound: int) -> Language:
    """Return the texts of digits, leading zeros included, whose number is at most a bound."""
    text = str(bound)
    same_length: list[Language] = []
    prefix = EMPTY_WORD
    for place, digit in enumerate(text):
        if digit > "0":
            smaller = in_ranges((0x30, ord(digit) - 1))
            same_length.append(sequence(prefix, smaller, *[_DIGIT] * (len(text) - place - 1)))
        prefix = sequence(prefix, any_of_text(digit))
    shorter = EMPTY_WORD
    for _ in range(len(text) - 1):
        shorter = optional(sequence(_DIGIT, shorter))
    zeros = repeat(any_of_text("0"))
    return both(sequence(zeros, union(*same_length, prefix, shorter)), at_least_once(_DIGIT))


def truth(*, value: bool) -> Language:
    """Return the texts that `bool.Parse` reads as a truth value."""
    word = "true" if value else "false"
    letters = [any_of_text(letter + letter.upper()) for letter in word]
    around = repeat(one_of(white_space() | units.of_text("\0")))
    return sequence(around, *letters, around)


WHOLE = union(literal("0"), sequence(optional(literal("-")), in_ranges((0x31, 0x39)), repeat(in_ranges((0x30, 0x39)))))
"""The `ToString` texts of whole numbers."""
