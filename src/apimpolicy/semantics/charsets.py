"""The character sets that content types state: whether a body is read as UTF-8."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from apimpolicy.languages.language import any_of_text, containing, literal, not_, optional, sequence, union
from apimpolicy.semantics.values import ABSENT, Field, Value, where
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.languages.language import Language
    from apimpolicy.terms.term import Term


def _in_any_case(word: str) -> Language:
    return sequence(*(any_of_text(letter.lower() + letter.upper()) for letter in word))


@functools.cache
def _utf8() -> Language:
    """Return the content types without a character set, or with one: UTF-8."""
    without = not_(containing(_in_any_case("charset")))
    stated = sequence(literal(";"), optional(literal(" ")), _in_any_case("charset=utf-8"))
    return union(without, sequence(without, stated, optional(sequence(literal(";"), without))))


def is_utf8(content_type: Value) -> Term:
    """Return where a message's content type makes its body UTF-8."""
    return where(
        content_type,
        lambda leaf: terms.member(leaf.joined, _utf8()) if isinstance(leaf, Field) else terms.truth(leaf is ABSENT),
    )
