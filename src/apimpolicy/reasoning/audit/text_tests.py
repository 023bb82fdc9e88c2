"""Comparisons of texts with a constant, as the texts that pass them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    Language,
    TooLarge,
    any_of_text,
    containing,
    counted,
    literal,
    not_,
    sequence,
    shortest_word,
)
from apimpolicy.reasoning.languages.operations import ToLower, ToUpper, preimage
from apimpolicy.reasoning.languages.patterns import NotRegular, language_of
from apimpolicy.reasoning.languages.url_paths import in_any_case

EQUALITIES = frozenset(("Equals", "op_Equality"))
_NUMBER = counted(any_of_text("0123456789"), 1, 3)
ADDRESSES = sequence(*(_NUMBER, literal(".")) * 3, _NUMBER)
"""IPv4 addresses, and some more texts of this form."""
_CHANGES: dict[str, ToLower | ToUpper] = {
    "ToLower": ToLower(),
    "ToLowerInvariant": ToLower(),
    "ToUpper": ToUpper(),
    "ToUpperInvariant": ToUpper(),
}
_MOST_STATES = 5_000
"""States of a search for a text that passes; a path and a comparison have a few hundred."""


class TextTest(NamedTuple):
    """A comparison with a constant: the texts that pass it for certain, and all that may."""

    certain: Language
    possible: Language
    is_equality: bool = False
    of_type: str = ""
    """The constant's type, if a value of another one never equals it: in `object.Equals`."""

    def result(self, texts: Language, members: Sequence[str] = ()) -> bool | None:
        """Return whether all of some texts pass, or none of them (False); None if some do, or it isn't understood.

        `members` are those of `string` that were called on the texts before.
        """
        if self.of_type not in ("", "string"):
            return False
        certain, possible = self.certain, self.possible
        try:
            for name in reversed(members):
                if name == "ToString":
                    continue
                if name not in _CHANGES:
                    return None
                certain, possible = preimage(_CHANGES[name], certain), preimage(_CHANGES[name], possible)
            if shortest_word((texts, possible), _MOST_STATES) is None:
                return False
            return True if shortest_word((texts, not_(certain)), _MOST_STATES) is None else None
        except TooLarge:
            return None


def type_of(*constants: str | int | None) -> str:
    """Return the C# type of constants; null has any."""
    names = {bool: "bool", int: "int", str: "string"}
    types = {
        next(name for type_, name in names.items() if isinstance(each, type_)) for each in constants if each is not None
    }
    return types.pop() if len(types) == 1 else ""


def text_test(name: str, constant: str, options: Sequence[object] = ()) -> TextTest | None:
    """Return the test of a method of `string` or `Regex`; None if it isn't understood.

    `options` are further arguments, such as a `StringComparison` or `RegexOptions`; None is one that isn't constant.
    """
    if name == "IsMatch":
        return _pattern(constant, options)
    exact, blind = literal(constant), in_any_case(constant)
    if not options:
        blind = exact
    elif len(options) == 1 and isinstance(options[0], int):  # the members of StringComparison that ignore case are odd
        exact = blind = blind if options[0] % 2 else exact
    match name:
        case "StartsWith":
            return TextTest(sequence(exact, ANYTHING), sequence(blind, ANYTHING))
        case "EndsWith":
            return TextTest(sequence(ANYTHING, exact), sequence(ANYTHING, blind))
        case "Contains":
            return TextTest(containing(exact), containing(blind))
        case _ if name in EQUALITIES:
            return TextTest(exact, blind, is_equality=True)
    return None


def _pattern(pattern: str, options: Sequence[object]) -> TextTest | None:
    given = options[0] if options else 0
    if len(options) > 1 or not isinstance(given, int):
        return None
    try:
        found = language_of(pattern, given)
    except NotRegular:
        return None
    return TextTest(found, found)
