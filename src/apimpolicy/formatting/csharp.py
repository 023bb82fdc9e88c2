"""Lay out one expression: the author's line breaks stay, blanks and indentation follow these rules.

A line is indented one step deeper than the line on which its innermost open bracket is; a line that continues a
statement one step more. Strings and comments stay as they are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.lexer import END, Tokens, tokenize
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.fixes import Edit
from apimpolicy.text.named_values import REFERENCE as NAMED_VALUE

if TYPE_CHECKING:
    from apimpolicy.csharp.syntax.nodes import Node
    from apimpolicy.project.format_settings import LayoutStyle

_TRIVIA = re.compile(r"//[^\r\n]*?(?=[ \t]*(?:[\r\n]|\Z))|/\*.*?\*/|[ \t\r\n\f\v\u00a0\ufeff]+", re.DOTALL)
_OPENING = frozenset(("LPAR", "LSQB", "LBRACE"))
_CLOSING = frozenset(("RPAR", "RSQB", "RBRACE"))
_ENDS_STATEMENT = frozenset(("SEMICOLON", "LBRACE", "RBRACE"))
_CONTINUES = frozenset(("DOT", "QMARK", "RPAR", "RSQB", "COMMA", "SEMICOLON"))


class _Open(NamedTuple):
    """An open bracket: the level of its line, and what it holds.

    The content is one of `statements`, the sections of a `switch`, the `items` of an initializer in braces, or anything
    in round or square `brackets`.
    """

    level: int
    holds: str


class _Piece(NamedTuple):
    """A token (its index) or a comment (token -1)."""

    token: int
    start: int
    end: int


def edits_of(text: str, level: int, style: LayoutStyle) -> list[Edit]:
    """Return the edits of white space in an expression whose first line is indented by `level`.

    There are none in an expression that can't be parsed, and none inside of interpolated strings. Offsets are those of
    `text`, which begins with `@`.
    """
    text = _with_names(text)
    try:
        tree = parse(text)
    except ApimPolicyError:
        return []
    tokens, error = tokenize(text, 1)
    if error is not None:
        return []
    return list(_Layout(text, tokens, Roles(tree, tokens), level, style).gaps())


def tokens_of(text: str) -> list[tuple[str, str]]:
    """Return the tokens and comments of an expression, as (kind, text); what layout must not change."""
    readable = _with_names(text)
    tokens, _ = tokenize(readable, 1)
    return [
        (tokens.kinds[piece.token] if piece.token >= 0 else "COMMENT", text[piece.start : piece.end].rstrip())
        for piece in _pieces(readable, tokens)
    ]


def _with_names(text: str) -> str:
    """Return the expression with a name of the same length for each named value, which may contain any code."""
    return NAMED_VALUE.sub(lambda found: "N" + "_" * (len(found[0]) - 1), text)


def _pieces(text: str, tokens: Tokens) -> Iterator[_Piece]:
    """Yield tokens and comments in order."""
    position = 1
    for index, kind in enumerate(tokens.kinds):
        start = tokens.starts[index]
        if kind != "INTERPOLATED_TEXT" and kind != "INTERPOLATION_FORMAT":
            for trivia in _TRIVIA.finditer(text, position, start):
                if trivia[0].startswith("/"):
                    yield _Piece(-1, trivia.start(), trivia.end())
        if kind == END:
            return
        yield _Piece(index, start, tokens.ends[index])
        position = tokens.ends[index]


class _Layout:
    def __init__(self, text: str, tokens: Tokens, roles: Roles, level: int, style: LayoutStyle) -> None:
        self.text = text
        self.tokens = tokens
        self.roles = roles
        self.style = style
        self.open: list[_Open] = []
        self.line_level = level
        self.strings = 0  # interpolated strings that are open

    def gaps(self) -> Iterator[Edit]:
        before: _Piece | None = None
        last = -1  # the index of the last token
        for piece in _pieces(self.text, self.tokens):
            if before is not None and self.strings == 0:
                gap = self.text[before.end : piece.start]
                if gap.strip():
                    return  # something that is neither white space nor a comment: leave the rest
                wanted = self._white_space(before, piece, last, gap)
                if wanted != gap:
                    yield Edit(before.end, piece.start, wanted)
            if piece.token >= 0:
                self._enter(piece.token)
                last = piece.token
            before = piece

    def _white_space(self, before: _Piece, piece: _Piece, last: int, gap: str) -> str:
        breaks = gap.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        if breaks:
            is_edge = self.tokens.kinds[last] in _OPENING and before.token == last
            is_edge = is_edge or (piece.token >= 0 and self.tokens.kinds[piece.token] in _CLOSING)
            self.line_level = self._level(piece, last)
            return "\n" * (1 if is_edge else min(breaks, 2)) + self.style.indent(self.line_level)
        if piece.token < 0:
            return " " if gap or not self.text.startswith("/*", piece.start) else ""
        if before.token < 0:
            return gap and " "
        wanted = blank_between(self.tokens, piece.token, self.roles)
        return gap and " " if wanted is None else " " if wanted else ""

    def _level(self, piece: _Piece, last: int) -> int:
        """Return the level of a line that begins with a piece."""
        if not self.open:
            return self.line_level
        inner = self.open[-1]
        kind = self.tokens.kinds[piece.token] if piece.token >= 0 else ""
        if kind in _CLOSING:
            return inner.level
        if inner.holds == "brackets":
            return inner.level + 1
        if inner.holds == "items":
            goes_on = kind and self.tokens.kinds[last] not in ("COMMA", "LBRACE")
            return inner.level + (2 if goes_on else 1)
        is_label = piece.token >= 0 and self.tokens.starts[piece.token] in self.roles.labels
        level = inner.level + (2 if inner.holds == "switch" and not is_label else 1)
        return level + self._continuation(piece, last, kind)

    def _continuation(self, piece: _Piece, last: int, kind: str) -> int:
        """Return 1 for a line that continues a statement, otherwise 0."""
        ended = self.tokens.kinds[last]
        if ended == "COLON":
            return 0 if self.tokens.starts[last] not in self.roles.conditional else 1
        if ended not in _ENDS_STATEMENT:
            return 0 if kind == "LBRACE" else 1
        if ended == "RBRACE" and (
            kind in _CONTINUES or (piece.token >= 0 and self.tokens.starts[piece.token] in self.roles.binary)
        ):
            return 1
        return 0

    def _enter(self, index: int) -> None:
        kind, start = self.tokens.kinds[index], self.tokens.starts[index]
        if kind == "INTERPOLATED_START":
            self.strings += 1
        elif kind == "_INTERPOLATED_END":
            self.strings -= 1
        elif self.strings:
            return
        elif kind in _OPENING:
            self.open.append(_Open(self.line_level, self._contents(kind, start)))
        elif kind in _CLOSING and self.open:
            self.open.pop()

    def _contents(self, kind: str, start: int) -> str:
        if kind != "LBRACE":
            return "brackets"
        return "statements" if start in self.roles.blocks else "switch" if start in self.roles.switches else "items"


# Find the meaning of ambiguous punctuation (`<`, `?`, `:`, `{`) from the syntax tree of an expression


class Roles:
    """Offsets of tokens by their role.

    `binary` are operators between two operands, `glued` the second `>` of `>>`, `conditional` the `?` and `:` of a
    conditional expression, `casts` the brackets that close the type of a cast, `nullable` the `?` of a type, `blocks`
    the braces that open statements, `switches` those of a switch, `labels` the words that begin a switch label.
    """

    def __init__(self, tree: Node, tokens: Tokens) -> None:
        self.binary: set[int] = set()
        self.glued: set[int] = set()
        self.conditional: set[int] = set()
        self.casts: set[int] = set()
        self.nullable: set[int] = set()
        self.blocks: set[int] = set()
        self.switches: set[int] = set()
        self.labels: set[int] = set()
        self._tokens = tokens
        for node in tree.walk():
            self._add(node)

    def _add(self, node: Node) -> None:
        if isinstance(node, shapes.Binary):
            operator = node.token(1)
            self.binary.add(operator.start)
            self.glued.update(self._tokens.starts[index] for index in self._within(operator.start + 1, operator.end))
        elif isinstance(node, shapes.Conditional):
            condition, then, otherwise = node.nodes()
            self.conditional.add(self._first(condition.end, then.start, "QMARK"))
            self.conditional.add(self._first(then.end, otherwise.start, "COLON"))
        elif isinstance(node, shapes.Cast):
            target, operand = node.nodes()
            self.casts.add(self._first(target.end, operand.start, "RPAR"))
        elif isinstance(node, shapes.NullableType):
            self.nullable.add(node.end - 1)
        elif isinstance(node, shapes.SwitchStatement):
            self.switches.add(self._first(node.node(0).end, node.end, "LBRACE"))
        elif isinstance(node, (shapes.CaseLabel, shapes.DefaultLabel)):
            self.labels.add(node.start)
        elif isinstance(node, shapes.Block):
            self.blocks.add(node.start)

    def _within(self, start: int, end: int) -> range:
        """Return the indexes of the tokens that begin between two offsets."""
        return range(bisect_left(self._tokens.starts, start), bisect_left(self._tokens.starts, end))

    def _first(self, start: int, end: int, kind: str) -> int:
        """Return the offset of the first token of a kind between two offsets, or -1."""
        found = (index for index in self._within(start, end) if self._tokens.kinds[index] == kind)
        index = next(found, None)
        return -1 if index is None else self._tokens.starts[index]


# Blanks between two C# tokens on one line

_ALWAYS_AROUND: Final = frozenset(
    ("=", "=>", "&&", "||", "??", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "==", "!=")
)
_NEVER_BEFORE: Final = frozenset((";", ",", ")", "]", ".", "::", "++", "--"))
_NEVER_AFTER: Final = frozenset(("(", "[", ".", "::", "!", "~"))
_CALLED_LIKE_FUNCTIONS: Final = frozenset(
    ("typeof", "default", "sizeof", "checked", "unchecked", "nameof", "base", "this")
)
_AFTER_TYPE_ARGUMENTS: Final = frozenset(("(", ")", ".", ",", ";", "[", "]", ">", "?", "::"))
_BEFORE_OPERAND: Final = frozenset(("(", "[", "{", ",", ";", "=", "=>", "&&", "||", "??", "?", ":", "return", "case"))


def blank_between(tokens: Tokens, index: int, roles: Roles) -> bool | None:
    """Return whether one blank belongs before the token at `index`; None where the author decides."""
    before, after = tokens.spelling(index - 1), tokens.spelling(index)
    kind_before, kind_after = tokens.kinds[index - 1], tokens.kinds[index]
    start_before, start_after = tokens.starts[index - 1], tokens.starts[index]
    if start_after in roles.glued:
        return False
    if start_before in roles.binary and start_before + len(before) == start_after and start_after in roles.glued:
        return False
    if start_after in roles.binary or start_after in roles.conditional:
        return True
    if before[-1:] == after[:1] and after[:1] in ("+", "-"):  # "- -a" is not "--a"
        return True
    if start_before in roles.binary or start_before in roles.glued or start_before in roles.conditional:
        return True
    if before in _ALWAYS_AROUND or after in _ALWAYS_AROUND:
        return True
    if after in ("++", "--"):
        return None if before in _BEFORE_OPERAND or kind_before == "SEMICOLON" else False
    if before in ("++", "--"):
        return None
    if after in _NEVER_BEFORE or before in _NEVER_AFTER:
        return False
    if start_before in roles.casts or start_after in roles.nullable:
        return False
    if before == "," or before == ";":
        return True
    if after == ":":
        return False
    if before == ":":
        return True
    if before == "?" or after == "?":  # of ?. and ?[, and types
        return False if start_before not in roles.nullable else _is_word(kind_after) or after == "{"
    if before in "+-&*" and before:  # of one operand: binary ones are above
        return False
    if before == "<" or after in ("<", ">"):
        return False
    if before == ">":
        return after not in _AFTER_TYPE_ARGUMENTS
    if after == "{" or before == "}" or before == "{" or after == "}":
        return not (before == "{" and after == "}")
    if after == "(":
        return _before_bracket(before, kind_before)
    if after == "[":
        return False if kind_before == "NAME" or before in (")", "]", "new", "stackalloc") else None
    if before in (")", "]"):
        return True if _is_word(kind_after) or after in "!~" else None
    return True if _is_word(kind_before) and _is_word(kind_after) else None


def _before_bracket(before: str, kind: str) -> bool | None:
    if kind == "NAME" or before in (")", "]", ">") or before in _CALLED_LIKE_FUNCTIONS or before in ("new", "string"):
        return None if before in (")", "]", "new") else False
    return True if before.isidentifier() else None


def _is_word(kind: str) -> bool:
    return kind not in ("LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE", "END", "$END") and (
        kind.isupper() or kind.startswith("_")
    )
