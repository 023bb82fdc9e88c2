"""Regular expressions of .NET as patterns over the inputs, where they are plain: classes, repetition, alternatives.

What is read alike by Python and .NET is read by Python's own parser; anything else has no form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import solver
from apimpolicy.concolic.inputs import ANY, PRINTABLE

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Pattern

_CLASSES = {
    "DIGIT": solver.char_range("0", "9"),
    "SPACE": solver.literal(" "),
    "WORD": solver.union(
        solver.char_range("0", "9"), solver.char_range("a", "z"), solver.char_range("A", "Z"), solver.literal("_")
    ),
}


_NAMED = re.compile(r"(?<!\\)\(\?<(?=\w)")
"""The beginning of a group with a name, as .NET writes it."""


class _NoFormError(Exception):
    pass


def _parsed(text: str) -> Any:
    """Return the parsed pattern; .NET's names of groups are rewritten for Python."""
    import re._parser as parser  # type: ignore[import-not-found] # it has no types

    try:
        return parser.parse(text)
    except re.error:
        return parser.parse(_NAMED.sub("(?P<", text))


def pattern_of(text: str, *, ignores_case: bool = False) -> Pattern | None:
    """Return a pattern for strings in which a regular expression has a match; None when it has no form."""
    try:
        return _Reader(ignores_case).whole(list(_parsed(text)))
    except (_NoFormError, re.error, OverflowError):
        return None


class _Reader:
    def __init__(self, ignores_case: bool) -> None:
        self.ignores_case = ignores_case

    def whole(self, items: list[Any]) -> Pattern:
        """Return the pattern of whole strings."""
        starts = bool(items) and self._is_at(items[0], "AT_BEGINNING")
        ends = bool(items) and self._is_at(items[-1], "AT_END")
        inner = items[1 if starts else 0 : len(items) - 1 if ends else len(items)]
        parts = [] if starts else [ANY]
        parts.append(self.sequence(inner))
        return solver.concat_patterns(*parts, *([] if ends else [ANY]))

    @staticmethod
    def _is_at(item: Any, name: str) -> bool:
        return str(item[0]) == "AT" and str(item[1]) in (name, f"{name}_STRING")

    def sequence(self, items: Any) -> Pattern:
        return solver.concat_patterns(*(self.one(str(kind), given) for kind, given in items))

    def one(self, kind: str, given: Any) -> Pattern:
        if kind == "LITERAL":
            return self.literal(chr(given))
        if kind == "ANY":
            return PRINTABLE
        if kind == "IN":
            return self.one_of(given)
        if kind == "NOT_LITERAL":
            return solver.difference(PRINTABLE, self.literal(chr(given)))
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, inner = given
            return solver.repeat(self.sequence(inner), least, None if str(most) == "MAXREPEAT" else most)
        if kind == "SUBPATTERN":
            return self.sequence(given[3])
        if kind == "BRANCH":
            return solver.union(*(self.sequence(each) for each in given[1]))
        raise _NoFormError(kind)

    def literal(self, character: str) -> Pattern:
        return solver.ignoring_case(character) if self.ignores_case else solver.literal(character)

    def one_of(self, items: Any) -> Pattern:
        found: list[Pattern] = []
        is_negated = False
        for kind, given in items:
            if str(kind) == "NEGATE":
                is_negated = True
            elif str(kind) == "LITERAL":
                found.append(self.literal(chr(given)))
            elif str(kind) == "RANGE":
                found += self.range(chr(given[0]), chr(given[1]))
            elif str(kind) == "CATEGORY":
                found.append(self.category(str(given)))
            else:
                raise _NoFormError(str(kind))
        made = solver.union(*found)
        return solver.difference(PRINTABLE, made) if is_negated else made

    def range(self, first: str, last: str) -> list[Pattern]:
        made = [solver.char_range(first, last)]
        if self.ignores_case and first.isalpha() and last.isalpha():
            made.append(solver.char_range(first.swapcase(), last.swapcase()))
        return made

    @staticmethod
    def category(name: str) -> Pattern:
        known = _CLASSES.get(name.rpartition("_")[2])
        if known is None:
            raise _NoFormError(name)
        return solver.difference(PRINTABLE, known) if "_NOT_" in name else known
