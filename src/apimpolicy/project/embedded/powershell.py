"""Policies in the here-strings of PowerShell: `@'…'@` as it is, `@"…"@` with variables, `$(…)` and the operator `-f`.

Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.embedded.code_strings import Language, Literal, policies_of_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.project.embedded.pieces import Pieces
    from apimpolicy.text.source import Source

_START = re.compile(r"<\#.*?(?:\#>|\Z)|@(?P<quote>['\"])[ \t]*\r?\n", re.DOTALL)
_ENDS = {quote: re.compile(rf"(?P<line>\r?\n?)^{quote}@", re.MULTILINE) for quote in ("'", '"')}
_SPECIAL = re.compile(
    r"`(?P<char>.)|(?P<code>\$\()|\$\{[^{}\r\n]*\}|\$(?:[A-Za-z_]\w*:(?=\w))?[A-Za-z_]\w*|\$[$?^]", re.DOTALL
)
_CHARACTERS = dict(zip("0abefnrtv", "\0\a\b\x1b\f\n\r\t\v", strict=True))
_JOINT = re.compile(r"[ \t]*\+\s*(?:(?P<expression>\$[\w.:]+)[ \t]*\+\s*)?")
_FORMATS = re.compile(r"[\s)]*-f\b", re.IGNORECASE)


def policies(outer: Source) -> list[Pieces]:
    """Return the policies in a PowerShell file, in order."""
    return policies_of_language(outer, Language(_literals, _decode, _JOINT, _formats, lambda pieces, *_: pieces))


def _literals(text: str) -> Iterator[Literal]:
    position = 0
    ends = dict(_ENDS)
    while (start := _START.search(text, position)) is not None:
        position = start.end()
        quote = start["quote"]
        if quote not in ends:
            continue
        end = ends[quote].search(text, position)
        if end is None:
            del ends[quote]  # nothing that follows has an end either
            continue
        yield Literal(start.start(), end.end(), position, max(end.start(), position), quote)
        position = end.end()


def _decode(pieces: Pieces, literal: Literal) -> None:
    if literal.kind == "'":
        pieces.copy(literal.inside, literal.stop)
        return
    text, stop = pieces.outer.text, literal.stop
    begin = literal.inside
    while (found := _SPECIAL.search(text, begin, stop)) is not None:
        pieces.copy(begin, found.start())
        if found["char"] is not None:
            pieces.replace(_CHARACTERS.get(found["char"], found["char"]), found.start(), found.end())
            begin = found.end()
        else:
            begin = _end_of_code(text, found.end(), stop) if found["code"] else found.end()
            pieces.hole(found.start(), begin)
    pieces.copy(begin, stop)


def _end_of_code(text: str, start: int, stop: int) -> int:
    """Return the offset behind the parenthesis that closes one before `start`."""
    depth = 1
    for position in range(start, stop):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position + 1
    return stop


def _formats(text: str, _: int, end: int) -> bool:
    return _FORMATS.match(text, end) is not None
