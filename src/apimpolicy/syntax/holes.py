"""Code with holes in it: what a template puts in may be an expression, arguments, statements, or a block.

A hole is read as a name. Where the parser cannot go on that way, the last hole before that place is read otherwise: as
a statement, then as a block. A parser of LALR tables stops at the first token that cannot follow, whatever comes later:
an error before the first hole is certain. After it an error may be the hole's, and is not reported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax.lexer import tokenize
from apimpolicy.syntax.parser import parse
from apimpolicy.text.holes import MARK, OPEN

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Node
    from apimpolicy.text.source import Excerpt

MOST_ATTEMPTS = 60
"""Readings of one expression that are tried."""

_HOLE = re.compile(MARK)
_READINGS = ("{0}", "{0};", "{{{0};}}")
"""A name, a statement, a block."""
_BEGINS_STATEMENT = re.compile(rf"[\w@{{}}{OPEN}]")
_BEFORE_STATEMENTS = frozenset(("LBRACE", "RBRACE", "SEMICOLON", "RPAR", "ELSE", "DO"))


def parse_around_holes(excerpt: Excerpt) -> tuple[Node, Excerpt] | None:
    """The tree of an expression with holes, and the text that it is the tree of, whose places are those of `excerpt`.

    None when it cannot be read, and the holes may be why. Raises PolicySyntaxError for errors before every hole.
    """
    holes = _holes_in_code(excerpt.text)
    chosen = [0] * len(holes)
    for attempt in range(MOST_ATTEMPTS):
        reading = excerpt.replaced(
            [
                (start, end, _READINGS[number].format(excerpt.text[start:end]))
                for (start, end), number in zip(holes, chosen, strict=True)
                if number
            ]
        )
        try:
            return parse(reading), reading
        except PolicySyntaxError as error:
            if not attempt:
                _raise_what_is_certain(error, excerpt)
            failed = min(found.start for found in error.diagnostics)
        last = max((i for i, (start, _) in enumerate(holes) if excerpt.locate(start) <= failed), default=-1)
        while last >= 0 and chosen[last] == len(_READINGS) - 1:
            chosen[last] = 0
            last -= 1
        if last < 0:
            return None
        chosen[last] += 1
    return None


def as_statements(excerpt: Excerpt) -> tuple[Node, Excerpt] | None:
    """Return the reading in which every hole that begins a statement is one of its own; None without such a hole.

    `${hole} x = 1;` is a declaration, or statements and an assignment.
    """
    tokens, _ = tokenize(excerpt.text, 1 if excerpt.text.startswith("@") else 0)
    holes = set(_holes_in_code(excerpt.text))
    pieces: list[tuple[int, int, str]] = []
    is_statement = False
    for index, span in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        begins = is_statement or (index > 0 and tokens.kinds[index - 1] in _BEFORE_STATEMENTS)
        is_statement = begins and span in holes and _BEGINS_STATEMENT.match(tokens.spelling(index + 1)) is not None
        if is_statement:
            pieces.append((*span, f"{tokens.spelling(index)};"))
    if not pieces:
        return None
    reading = excerpt.replaced(pieces)
    try:
        return parse(reading), reading
    except PolicySyntaxError:
        return None


def _holes_in_code(text: str) -> list[tuple[int, int]]:
    """Return the spans of holes that stand by themselves between the tokens of the code."""
    tokens, _ = tokenize(text, 1 if text.startswith("@") else 0)
    spans = zip(tokens.starts, tokens.ends, strict=True)
    return [(start, end) for start, end in spans if _HOLE.fullmatch(text, start, end) is not None]


def _raise_what_is_certain(error: PolicySyntaxError, excerpt: Excerpt) -> None:
    hole = excerpt.locate(excerpt.text.index(OPEN))
    certain = [
        found
        for found in error.diagnostics
        if found.start < hole and found.source.text[found.end : hole].strip()  # the token after it is no hole
    ]
    if certain:
        raise PolicySyntaxError(certain)
