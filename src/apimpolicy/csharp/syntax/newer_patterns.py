"""Patterns of C# 8 to 11: where one ends, and whether it needs more than C# 7.3 has.

A policy can't use them, so the parser takes such a pattern as one token, and the binder refuses it. Whether it is one
can only be told from all of it: in `x is string or && or.Length > 1` the word `or` is a name, in `x is string or int`
it is an operator. The rules are those of the C# specification, section 11.2, and Roslyn's `ParsePattern`.
"""

from __future__ import annotations

from typing import Final

from apimpolicy.csharp.syntax.scanning import CLOSING, NO_TYPE, OPENING, TypeScanner

LITERALS: Final = frozenset(
    {
        *("INTEGER_LITERAL", "REAL_LITERAL", "CHARACTER_LITERAL", "STRING_LITERAL", "VERBATIM_STRING_LITERAL"),
        *("INTERPOLATED_START", "TRUE", "FALSE", "NULL"),
    }
)
_STARTS: Final = LITERALS | {
    *("LPAR", "LBRACE", "LSQB", "RELATIONAL_OPERATOR", "ADDITIVE_OPERATOR", "PREDEFINED_TYPE", "TYPEOF", "DEFAULT"),
    *("SIZEOF", "TILDE", "BANG"),
}
"""Tokens that begin a pattern; names begin one too."""
_ENDS: Final = CLOSING | {
    *("COMMA", "SEMICOLON", "COLON", "QMARK", "DOUBLE_AMPERSAND", "DOUBLE_BAR", "EQUALITY_OPERATOR", "DOUBLE_QUESTION"),
    *("RELATIONAL_OPERATOR", "AMPERSAND", "BAR", "CARET", "ARROW", "EQUAL", "IS", "AS", "_WHEN", "$END"),
    "INTERPOLATION_FORMAT",
}
"""Tokens that end a constant."""
_CONTINUES: Final = frozenset({"DOT", "LPAR", "LSQB", "ADDITIVE_OPERATOR", "MULTIPLICATIVE_OPERATOR", "SHIFT_OPERATOR"})

Extent = tuple[int, bool]
"""The index after a pattern, NO_TYPE where there is none; and whether it is newer than C# 7.3."""
_NONE: Final = NO_TYPE, False


class PatternScanner(TypeScanner):
    """Questions about patterns in one list of tokens."""

    __slots__ = ()

    def newer_pattern(self, index: int) -> int:
        """`NEWER_PATTERN`: all tokens of a pattern that is newer than C# 7.3."""
        end, is_newer = self._combined(index, "or")
        if self._kinds[index - 1] == "CASE" and self._kinds[index] == "PREDEFINED_TYPE":  # a type without a name
            is_newer = is_newer or end == self.type_end(index)
        return end - index if is_newer else -1

    def _combined(self, index: int, word: str) -> Extent:
        end, is_newer = self._combined(index, "and") if word == "or" else self._negated(index)
        while end != NO_TYPE and self._is_operator(end, word):
            after, _ = self._combined(end + 1, "and") if word == "or" else self._negated(end + 1)
            if after == NO_TYPE:
                break
            end, is_newer = after, True
        return end, is_newer

    def _negated(self, index: int) -> Extent:
        start = index
        while self._is_operator(index, "not"):
            index += 1
        end, is_newer = self._primary(index)
        return (end, is_newer or index > start) if end != NO_TYPE else _NONE

    def _is_operator(self, index: int, word: str) -> bool:
        """Return whether a word is an operator of patterns here: a pattern follows it."""
        if not self._is_name(index) or self._tokens.spelling(index) != word:
            return False
        return self._kinds[index + 1] in _STARTS or self._is_name(index + 1)

    def _primary(self, index: int) -> Extent:
        kind = self._kinds[index]
        if kind == "RELATIONAL_OPERATOR":
            return self._constant_end(index + 1), True
        if kind in ("LBRACE", "LSQB"):
            return self._after_designation(self._partner(index) + 1), True
        if kind == "LPAR":
            return self._parenthesized(index)
        end = self.type_end(index)
        if end == NO_TYPE or self._kinds[end] in _CONTINUES:
            return self._constant_end(index), False
        if self._kinds[end - 1] == "QMARK" and (self._kinds[end] in _STARTS or self._is_name(end)):
            return end - 1, False  # `x is string ? a : b`
        if self._kinds[end] == "LBRACE":
            return self._after_designation(self._partner(end) + 1), True
        return self._after_designation(end), False

    def _parenthesized(self, index: int) -> Extent:
        """A pattern in parentheses, patterns of the parts of a value, or a constant."""
        closing = self._partner(index)
        type_end = self.type_end(index)
        if type_end > closing + 1:  # `(int, string)[]`
            return self._after_designation(type_end), False
        end, is_newer = self._combined(index + 1, "or")
        if end != NO_TYPE and self._kinds[end] == "COMMA":
            return self._after_designation(closing + 1), True
        if end != closing or not is_newer:
            return self._constant_end(index), False
        return closing + 1, True

    def _after_designation(self, end: int) -> int:
        is_name = self._is_name(end) and self._kinds[end] != "_WHEN"
        return end + 1 if is_name and not any(self._is_operator(end, word) for word in ("and", "or")) else end

    def _constant_end(self, index: int) -> int:
        start = index
        while self._kinds[index] not in _ENDS and not any(self._is_operator(index, word) for word in ("and", "or")):
            index = self._partner(index) + 1 if self._kinds[index] in OPENING else index + 1
        return index if index > start else NO_TYPE
