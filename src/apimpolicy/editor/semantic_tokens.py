"""Semantic tokens: the kind of each word of the C#, and the positions of placeholders and named values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.binding.nodes import Local
from apimpolicy.editor.members import simple_types
from apimpolicy.editor.partial_binding import nodes_of_kind
from apimpolicy.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import OPEN

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.editor.analysis import Analysis, PolicyText

KINDS: Final = (
    "keyword",
    "string",
    "number",
    "variable",
    "parameter",
    "property",
    "method",
    "class",
    "macro",
    "comment",
)
"""The names that editors know; the protocol sends their numbers."""

_LITERALS: Final = {
    "STRING_LITERAL": "string",
    "VERBATIM_STRING_LITERAL": "string",
    "CHARACTER_LITERAL": "string",
    "INTERPOLATED_START": "string",
    "INTERPOLATED_TEXT": "string",
    "_INTERPOLATED_END": "string",
    "INTERPOLATION_FORMAT": "string",
    "INTEGER_LITERAL": "number",
    "REAL_LITERAL": "number",
    "PREDEFINED_TYPE": "keyword",
}
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)


class SemanticToken(NamedTuple):
    """A span of the file on one line, with its kind."""

    start: int
    end: int
    kind: str


def semantic_tokens(analysis: Analysis) -> list[SemanticToken]:
    """Return the semantic tokens of a file, in order, without overlaps."""
    found: set[SemanticToken] = set()
    for policy in analysis.policies:
        for expression in policy.expressions:
            found.update(_of_expression(policy, expression))
        for reference in find_named_values(policy.source.text):
            found.add(SemanticToken(*policy.span(reference.start, reference.end), "macro"))
    return list(_apart(analysis.text, sorted(found, key=lambda c: (c.start, c.kind != "macro", -c.end))))


def _apart(text: str, found: list[SemanticToken]) -> Iterator[SemanticToken]:
    position = 0
    for token in found:
        start = max(token.start, position)
        for line in _lines(text, start, token.end):
            yield SemanticToken(*line, token.kind)
            position = line[1]


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a span, line by line."""
    while start < end:
        stop = min((place for mark in "\r\n" if (place := text.find(mark, start, end)) >= 0), default=end)
        if stop > start:
            yield start, stop
        start = stop + 1


def _of_expression(policy: PolicyText, expression: CheckedExpression) -> Iterator[SemanticToken]:
    excerpt = expression.excerpt
    tokens, _ = tokenize(excerpt.text, 1 if excerpt.text.startswith("@") else 0)
    symbols = {node.syntax.start: node.symbol.kind for node in nodes_of_kind(expression, Local)}
    position = 0
    for index in range(len(tokens.kinds) - PADDING):
        start, end = tokens.starts[index], tokens.ends[index]
        for comment in _COMMENT.finditer(excerpt.text, position, start):
            yield SemanticToken(*policy.code_span(excerpt, *comment.span()), "comment")
        position = end
        kind = _kind(tokens, index, symbols)
        if kind and start < end:
            yield SemanticToken(*policy.code_span(excerpt, start, end), kind)


def _kind(tokens: Tokens, index: int, symbols: dict[int, str]) -> str:
    kind, text = tokens.kinds[index], tokens.spelling(index)
    if OPEN in text:
        return "macro"
    if kind in _LITERALS:
        return _LITERALS[kind]
    if kind != "NAME":
        return "keyword" if text[:1].isalpha() else ""
    if tokens.starts[index] in symbols:
        return "parameter" if symbols[tokens.starts[index]] in ("parameter", "range") else "variable"
    following = tokens.kinds[index + 1]
    if tokens.kinds[index - 1] == "DOT" or (tokens.kinds[index - 1] == "QMARK" and tokens.kinds[index - 2] == "DOT"):
        return "method" if following == "LPAR" or _is_generic_call(tokens, index) else "property"
    if text in dict(simple_types()):
        return "class"
    return "method" if following == "LPAR" else "variable"


def _is_generic_call(tokens: Tokens, index: int) -> bool:
    return tokens.kinds[index + 1] == "RELATIONAL_OPERATOR" and tokens.spelling(index + 1) == "<"
