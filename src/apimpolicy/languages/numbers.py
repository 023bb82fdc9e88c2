"""Texts that .NET reads as whole numbers and truth values, and those whose number is at most a bound."""

from __future__ import annotations

import functools
from weakref import WeakKeyDictionary

from apimpolicy.languages import units
from apimpolicy.languages.language import (
    EMPTY_WORD,
    Language,
    any_of_text,
    at_least_once,
    both,
    in_ranges,
    literal,
    not_,
    one_of,
    optional,
    repeat,
    sequence,
    union,
)
from apimpolicy.languages.operations import white_space

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


WHOLE = sequence(
    optional(literal("-")), union(literal("0"), sequence(in_ranges((0x31, 0x39)), repeat(in_ranges((0x30, 0x39)))))
)
"""The `ToString` texts of whole numbers."""
