"""Regular expressions of .NET as patterns of the solver: the prover's languages, in printable characters."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.inputs import ANY, PRINTABLE
from apimpolicy.languages.language import ANY_UNIT, ANYTHING, EMPTY_WORD
from apimpolicy.languages.patterns import NotRegular, language_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.concolic.solver import Pattern
    from apimpolicy.languages.language import Language

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
            return _one_of(_printable(language))
        case "sequence":
            return solver.concat_patterns(*_in_sequence(language))
        case "union":
            return solver.union(*map(_pattern, language.parts))
        case "repeat":
            return solver.star(_pattern(language.parts[0]))
    raise NotRegular


def _in_sequence(language: Language) -> Iterator[Pattern]:
    """Yield the patterns of a sequence, with literal text in one piece."""
    text = ""
    while language is not EMPTY_WORD:
        part, language = language.parts if language.kind == "sequence" else (language, EMPTY_WORD)
        members = _printable(part) if part.kind == "units" else ""
        if len(members) == 1:
            text += members
            continue
        if text:
            yield solver.literal(text)
        text = ""
        yield _pattern(part)
    if text:
        yield solver.literal(text)


def _printable(language: Language) -> str:
    """Return the printable characters of a set, letters first."""
    found = [chr(unit) for unit in _PRINTABLE if unit in language.parts[0]]
    return "".join(sorted(found, key=lambda each: (not each.islower(), not each.isalnum())))


def _one_of(members: str) -> Pattern:
    """Return the pattern of one of these characters."""
    ranges: list[list[str]] = []
    for each in members:
        if ranges and ord(ranges[-1][-1]) + 1 == ord(each):
            ranges[-1].append(each)
        else:
            ranges.append([each])
    if not ranges:
        return solver.difference(PRINTABLE, PRINTABLE)
    return solver.union(*(solver.char_range(each[0], each[-1]) for each in ranges))
