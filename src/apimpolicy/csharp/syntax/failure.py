"""A parser that has come to a token it cannot use, and questions about the tokens around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import DiagnosticInfo
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.syntax.lexer import Tokens

_OPENING = frozenset({"LPAR", "LSQB", "LBRACE", "_INTERPOLATION_LBRACE"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE", "_INTERPOLATION_RBRACE"})
_ENDS_OPERAND = frozenset(
    {
        *("INTEGER_LITERAL", "REAL_LITERAL", "CHARACTER_LITERAL", "STRING_LITERAL", "VERBATIM_STRING_LITERAL"),
        *("_INTERPOLATED_END", "TRUE", "FALSE", "NULL", "RPAR", "RSQB", "THIS", "BASE", "PREDEFINED_TYPE"),
    }
)


_IN_TYPES = frozenset(
    {"PREDEFINED_TYPE", "DOT", "DOUBLE_COLON", "COMMA", "QMARK", "RELATIONAL_OPERATOR", "LSQB", "RSQB", "LPAR", "RPAR"}
)


class ParseFailure(Record):
    """`accepts(kind)` says whether the parser could use a token of another kind instead."""

    tokens: Tokens
    index: int
    contextual: frozenset[str]
    accepts: Callable[[str], bool]

    def at(self, index: int) -> ParseFailure:
        """Return the failure at another token, for questions about its place."""
        return ParseFailure(self.tokens, index, self.contextual, self.accepts)

    @property
    def kind(self) -> str:
        return self.tokens.kinds[self.index]

    @property
    def previous(self) -> str:
        return self.tokens.kinds[self.index - 1] if self.index else ""

    @property
    def start(self) -> int:
        return self.tokens.starts[self.index]

    @property
    def end(self) -> int:
        return self.tokens.ends[self.index]

    def spelling(self, distance: int = 0) -> str:
        index = self.index + distance
        return self.tokens.spelling(index) if index >= 0 else ""

    @property
    def after_expression(self) -> bool:
        """True if a complete expression precedes the token."""
        return self.accepts("DOUBLE_AMPERSAND")

    def after_type_of(self, word: str) -> bool:
        """Return whether the tokens before are this keyword (`new`, `stackalloc`) and the tokens of a type."""
        place = self.index - 1
        while place > 0 and (self.tokens.kinds[place] in _IN_TYPES or self.is_name(place)):
            place -= 1
        return place < self.index - 1 and self.tokens.kinds[place] == word

    def adjacent(self) -> bool:
        return self.tokens.ends[self.index - 1] == self.start

    def place(self) -> tuple[int, int]:
        """Return the token; at the end of the text its last character."""
        if self.start < self.end or not self.start:
            return self.start, self.end
        return max(self.start - (self.start >= len(self.tokens.text)), 0), self.start

    def error(self, code: str, message: str, *, at: tuple[int, int] | None = None, help: str = "") -> DiagnosticInfo:
        return DiagnosticInfo(code, message, *(at or self.place()), help=help)

    def from_token(self, distance: int) -> tuple[int, int]:
        """Return the place from the token so many tokens away to the end of this one."""
        return self.tokens.span(self.index + distance, self.index)

    def missing_place(self) -> tuple[int, int]:
        """Return where the compiler reports something missing: at the token, or at the end of the previous one when a
        line ends between them, or the expression does."""
        if self.index:
            end = self.tokens.ends[self.index - 1]
            between = self.tokens.text[end : self.start]
            last = self.tokens.kinds[self.index + 1] == "$END" and (
                self.kind != "$END" or self.start >= len(self.tokens.text)
            )
            if last or "\n" in between or "\r" in between:
                return min(end, max(len(self.tokens.text) - 1, 0)), end
        return self.place()

    def is_name(self, index: int) -> bool:
        kind = self.tokens.kinds[index]
        return kind == "NAME" or kind in self.contextual

    def follows_operand(self, index: int) -> bool:
        """Return whether the token before `index` ends an operand, so that a bracket at `index` opens its arguments."""
        if self.tokens.kinds[index - 1] == "RELATIONAL_OPERATOR":
            return self.tokens.spelling(index - 1) == ">"
        return self.tokens.kinds[index - 1] in _ENDS_OPERAND or self.is_name(index - 1)

    def opening(self, index: int | None = None) -> int:
        """Return the index of the innermost bracket that is open before the token, or -1."""
        depth = 0
        for place in range((self.index if index is None else index) - 1, -1, -1):
            kind = self.tokens.kinds[place]
            if kind in _CLOSING:
                depth += 1
            elif kind in _OPENING:
                if not depth:
                    return place
                depth -= 1
        return -1

    def operand_start(self, index: int) -> int:
        """Return where the operand that ends before the token at `index` starts: `a.b(c)` is one operand."""
        place = index - 1
        while place > 0:
            kind = self.tokens.kinds[place]
            if kind in _CLOSING:
                place = self.opening(place)
                if place > 0 and self.follows_operand(place):
                    place -= 1
                    continue
            if place > 0 and self.tokens.kinds[place - 1] == "DOT":
                place -= 2
                continue
            break
        return self.tokens.starts[max(place, 0)]
