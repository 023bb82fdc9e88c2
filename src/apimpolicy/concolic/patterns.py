"""Regular expressions of .NET as patterns of the solver: the prover's languages, in printable characters."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.inputs import ANY, PRINTABLE
from apimpolicy.languages.language import ANY_UNIT, ANYTHING
from apimpolicy.languages.patterns import NotRegular, language_of

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Pattern
    from apimpolicy.languages.language import Language
    from apimpolicy.languages.units import Units

_PRINTABLE = range(0x20, 0x7F)


@functools.lru_cache(512)
def pattern_of(text: str, options: int = 0) -> Pattern | None:
    """Return a pattern for strings in which a regular expression has a match; None when it has no form."""
    try:
        return _pattern(language_of(text, options))
    except NotRegular:
        return None


def _pattern(language: Language) -> Pattern:
    if language is ANYTHING or language is ANY_UNIT:
        return ANY if language is ANYTHING else PRINTABLE
    match language.kind:
        case "word":
            return solver.literal("")
        case "units":
            return _one_of(language.parts[0])
        case "sequence":
            return solver.concat_patterns(*map(_pattern, language.parts))
        case "union":
            return solver.union(*map(_pattern, language.parts))
        case "repeat":
            return solver.star(_pattern(language.parts[0]))
    raise NotRegular


def _one_of(members: Units) -> Pattern:
    """Return the pattern of one printable character of a set."""
    found = [chr(unit) for unit in _PRINTABLE if unit in members]
    first = 0
    ranges: list[Pattern] = []
    for index, character in enumerate(found):
        if index + 1 == len(found) or ord(found[index + 1]) > ord(character) + 1:
            ranges.append(solver.char_range(found[first], character))
            first = index + 1
    return solver.union(*ranges) if ranges else solver.difference(PRINTABLE, PRINTABLE)
