"""Policies in Bicep: `'''…'''` as it is, and `'…'` with escapes and `${…}` as a placeholder.

Files that `loadTextContent` names are checked as files of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.embedded.terraform import end_of_braces

if TYPE_CHECKING:
    from apimpolicy.text.source import Source

_START = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|(\$*)'''|'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([nrt'\\$])|u\{([0-9A-Fa-f]{1,6})\})")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}


def policies(outer: Source) -> list[Source]:
    """The policies in a Bicep file, in order."""
    text = outer.text
    found: list[Source] = []
    position = 0
    while (start := _START.search(text, position)) is not None:
        pieces = Pieces(outer)
        if start[0].startswith("/"):
            position = start.end()
            continue
        if start[0].endswith("'''"):
            end = text.find("'''", start.end())
            end = len(text) if end < 0 else end
            _verbatim(pieces, start.end(), end, "$" * len(start[1]))
            position = end + 3
        else:
            position = _quoted(pieces, start.end())
        source = pieces.source()
        if is_policy(source.text):
            found.append(source)
    return found


def _verbatim(pieces: Pieces, start: int, stop: int, mark: str) -> None:
    """Three quotation marks: nothing is replaced, unless dollar signs before them say what begins a placeholder."""
    text = pieces.outer.text
    begin = start
    while mark and (place := text.find(mark + "{", begin, stop)) >= 0:
        pieces.copy(begin, place)
        begin = end_of_braces(text, place + len(mark), stop)
        pieces.placeholder(place, begin)
    pieces.copy(begin, stop)


def _quoted(pieces: Pieces, start: int) -> int:
    text = pieces.outer.text
    begin = position = start
    while position < len(text):
        char = text[position]
        if char in "'\n":
            break
        if char == "\\" and (escape := _ESCAPE.match(text, position)) is not None:
            pieces.copy(begin, position)
            code = int(escape[2] or "0", 16)
            new = _ESCAPES[escape[1]] if escape[1] else chr(code) if code < 0x110000 else "\ufffd"
            pieces.replace(new, position, escape.end())
            begin = position = escape.end()
        elif char == "$" and text.startswith("{", position + 1):
            pieces.copy(begin, position)
            begin = end_of_braces(text, position + 1, len(text))
            pieces.placeholder(position, begin)
            position = begin
        else:
            position += 1
    pieces.copy(begin, position)
    return position + 1
