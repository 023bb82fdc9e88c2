"""Comparisons of texts with a constant, as the texts that pass them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    NOTHING,
    Language,
    TooLarge,
    any_of_text,
    containing,
    counted,
    literal,
    not_,
    sequence,
    shortest_word,
    union,
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
_IDENTITIES = frozenset(("ToString",))
KEEP_EMPTY = _IDENTITIES | {*_CHANGES, "Trim"}
"""Members of `string` that are empty for an empty text, and for hardly another one."""
_OF_TESTS = frozenset(("Contains", "StartsWith", "EndsWith", "IsMatch"))
"""Members that a certificate's origin has for the test itself."""
_WORDS = {"StartsWith": "beginning with", "EndsWith": "ending with", "Contains": "containing", "IsMatch": "matching"}
LONGEST = 400
"""Characters of a constant, a path or a pattern; what longer ones accept isn't known."""
_MOST_STATES = 5_000
"""States of a search for a text that passes; a path and a comparison have a few hundred."""


class Accepted(str):
    """The texts that a test accepts, in words: a plain text accepts itself. Those with the same words accept the same.

    `language` has them exactly; None where that isn't known.
    """

    __slots__ = ("language",)
    language: Language | None

    def __new__(cls, words: str, language: Language | None) -> Accepted:
        made = super().__new__(cls, words)
        made.language = language
        return made


def accepted_in_any_case(text: str) -> str:
    """Return what accepts a text whatever the case of its letters."""
    words = f"{text} in any case"
    if "{{" in text or len(text) > LONGEST:
        return Accepted(words, None)
    found = in_any_case(text)
    return text if found is literal(text) else Accepted(words, found)


def covers(wider: Collection[str], text: str) -> bool:
    """Return whether what one of several values accepts, or all of them together, is all that a value accepts."""
    if text in wider:
        return True
    narrow, others = _language(text), [found for each in wider if (found := _language(each)) is not None]
    if narrow is None or not others:
        return False
    try:
        return shortest_word((narrow, not_(union(*others))), _MOST_STATES) is None
    except TooLarge:
        return False


def _language(value: str) -> Language | None:
    if isinstance(value, Accepted):
        return value.language
    return None if "{{" in value or len(value) > LONGEST else literal(to_utf16(value))


class TextTest(NamedTuple):
    """A comparison with a constant: the texts that pass it for certain, and all that may."""

    words: str
    """What a passing text is like, if it needn't be the constant."""
    certain: Language = NOTHING
    possible: Language = ANYTHING
    is_equality: bool = False
    of_type: str = ""
    """The constant's type, if a value of another one never equals it: in `object.Equals`."""

    def result(self, texts: Language | str, members: Sequence[str] = ()) -> bool | None:
        """Return whether all of some texts pass, or none of them (False); None if some do, or it isn't understood.

        `members` are those of `string` that were called on the texts before.
        """
        if self.of_type not in ("", "string"):
            return False
        if isinstance(texts, str):
            if len(texts) > LONGEST:
                return None
            texts = literal(texts)
        try:
            passing = self._before(members)
            if passing is None:
                return None
            if shortest_word((texts, passing[1]), _MOST_STATES) is None:
                return False
            return True if shortest_word((texts, not_(passing[0])), _MOST_STATES) is None else None
        except TooLarge:
            return None

    def accepted(self, constant: str, members: Sequence[str] = ()) -> str:
        """Return the texts that pass; the constant alone where that is all of them."""
        members = [name for name in members if name not in _IDENTITIES and name not in _OF_TESTS]
        if not (self.words or members):
            return constant
        try:
            passing = self._before(members)
        except TooLarge:
            passing = None
        is_exact = passing is not None and passing[0] is passing[1]
        changed = f" after {', '.join(members)}" if members else ""
        return Accepted(f"{self.words or constant}{changed}", passing[0] if passing is not None and is_exact else None)

    def _before(self, members: Sequence[str]) -> tuple[Language, Language] | None:
        """Return the texts that pass after members of `string`; None if one isn't understood. Raises TooLarge."""
        certain, possible = self.certain, self.possible
        for name in reversed(members):
            if name in _IDENTITIES:
                continue
            if name not in _CHANGES:
                return None
            certain, possible = preimage(_CHANGES[name], certain), preimage(_CHANGES[name], possible)
        return certain, possible


def type_of(*constants: str | int | None) -> str:
    """Return the C# type of constants; null has any."""
    names = {bool: "bool", int: "int", str: "string"}
    types = {
        next(name for type_, name in names.items() if isinstance(each, type_)) for each in constants if each is not None
    }
    return types.pop() if len(types) == 1 else ""


def text_test(name: str, constant: str | None, options: Sequence[object] = ()) -> TextTest:
    """Return the test of a method of `string` or `Regex`.

    `constant` is None where the other side isn't constant. `options` are further arguments, such as a
    `StringComparison` or `RegexOptions`; None is one that isn't constant.
    """
    words = f"{_WORDS.get(name, name)} {constant}" if name not in EQUALITIES else ""
    if constant is None:
        return TextTest(_WORDS.get(name, name) if words else "")
    if len(constant) > LONGEST:
        return TextTest(words if words or not options else f"{constant} with options", is_equality=name in EQUALITIES)
    if name == "IsMatch":
        return _pattern(words, constant, options)
    exact, blind = literal(constant), in_any_case(constant)
    if not options:
        blind = exact
    elif len(options) == 1 and isinstance(options[0], int):  # the members of StringComparison that ignore case are odd
        exact = blind = blind if options[0] % 2 else exact
    words += " in any case" if words and blind is not literal(constant) else ""
    match name:
        case "StartsWith":
            return TextTest(words, sequence(exact, ANYTHING), sequence(blind, ANYTHING))
        case "EndsWith":
            return TextTest(words, sequence(ANYTHING, exact), sequence(ANYTHING, blind))
        case "Contains":
            return TextTest(words, containing(exact), containing(blind))
        case _ if name in EQUALITIES:
            words = "" if blind is literal(constant) else f"{constant} in any case"
            return TextTest(words, exact, blind, is_equality=True)
    return TextTest(words)


def _pattern(words: str, pattern: str, options: Sequence[object]) -> TextTest:
    given = options[0] if options else 0
    if len(options) > 1 or not isinstance(given, int):
        return TextTest(f"{words} with options")
    words += f" with options {given}" if given else ""
    try:
        found = language_of(pattern, given)
    except NotRegular:
        return TextTest(words)
    return TextTest(words, found, found)
