"""Code with holes in it: what a template puts in may be an expression, several arguments, statements, or nothing.

A hole is read as a name. Where the parser cannot go on that way, other readings are tried: a hole where a statement
begins is a statement of its own, a hole elsewhere is nothing at all. A parser of LALR tables stops at the first token
that cannot follow, whatever comes later: a mistake before the first hole is certain. After it a mistake may be the
hole's, and nobody is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax.parser import parse
from apimpolicy.text.holes import MARK, OPEN
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.syntax.nodes import Node


_STATEMENT = re.compile(rf"(?<=[{{}};])\s*+{MARK}(?=\s*+[\w@{{}}{OPEN}])")
_ALONE = re.compile(rf'(?<![\w"]){MARK}(?![\w"])')


def parse_around_holes(excerpt: Excerpt) -> Node | None:
    """The tree of an expression with holes; None when it cannot be read and the holes may be why.

    Raises PolicySyntaxError for mistakes that stand before every hole.
    """
    first: PolicySyntaxError | None = None
    for reading in _readings(excerpt.text):
        try:
            return parse(Excerpt(reading, excerpt.source, excerpt.start, excerpt.end, excerpt.anchors))
        except PolicySyntaxError as error:
            first = first or error
    assert first is not None
    hole = excerpt.locate(excerpt.text.index(OPEN))
    certain = [found for found in first.diagnostics if found.end <= hole and found.start < hole]
    if certain:
        raise PolicySyntaxError(certain)
    return None


def _readings(text: str) -> Iterator[str]:
    """The code as it is; with holes that are statements; without holes between tokens. Offsets stay the same."""
    yield text
    statements = _STATEMENT.sub(_as_statement, text)
    if statements != text:
        yield statements
    yield _ALONE.sub(lambda found: " " * len(found[0]), text)


def _as_statement(found: re.Match[str]) -> str:
    return f"{found[0][:-1]};"
