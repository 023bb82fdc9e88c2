"""Policies in Bicep: `'''…'''` as it is, `'…'` with escapes and `${…}` as a hole, and what functions make of them.

Files that `loadTextContent` names are checked as files of their own.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.embedded import is_policy, is_whole
from apimpolicy.project.embedded.expressions import Reader, texts
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.embedded.terraform import end_of_braces

if TYPE_CHECKING:
    from apimpolicy.text.source import Source

_START = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<literal>\$*'''|')"
    r"|(?P<call>(?<![\w.])(?:format|join|replace|concat|trim|string)[ \t]*\()",
    re.DOTALL,
)
_VERBATIM = re.compile(r"(\$*)'''\r?\n?")
_ESCAPE = re.compile(r"\\(?:([nrt'\\$])|u\{([0-9A-Fa-f]{1,6})\})")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}


def policies(outer: Source) -> list[Pieces]:
    """The policies in a Bicep file, in order."""
    reader = Reader(outer, lambda start, stop: _literal(outer, start, stop), percent=False)
    return texts(reader, _START, lambda pieces, start: _is_wanted(outer, pieces, start))


def _is_wanted(outer: Source, pieces: Pieces, start: int) -> bool:
    """A text over several lines is a whole policy, however broken; a string of one line may be a part of one."""
    several = outer.text.startswith("'''", start)
    return is_policy(pieces.beginning) and (several or is_whole(pieces.whole))


def _literal(outer: Source, start: int, stop: int) -> tuple[Pieces, int] | None:
    text = outer.text
    pieces = Pieces(outer)
    if (verbatim := _VERBATIM.match(text, start, stop)) is not None:
        end = text.find("'''", verbatim.end(), stop)
        end = stop if end < 0 else end
        _verbatim(pieces, verbatim.end(), end, "$" * len(verbatim[1]))
        return pieces, min(end + 3, stop)
    if text.startswith("'", start):
        return pieces, _quoted(pieces, start + 1, stop)
    return None


def _verbatim(pieces: Pieces, start: int, stop: int, mark: str) -> None:
    """Three quotation marks: nothing is replaced, unless dollar signs before them say what begins a placeholder."""
    text = pieces.outer.text
    begin = start
    while mark and (place := text.find(mark + "{", begin, stop)) >= 0:
        pieces.copy(begin, place)
        begin = end_of_braces(text, place + len(mark), stop)
        pieces.hole(place, begin)
    pieces.copy(begin, stop)


def _quoted(pieces: Pieces, start: int, stop: int) -> int:
    text = pieces.outer.text
    begin = position = start
    while position < stop:
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
            begin = end_of_braces(text, position + 1, stop)
            pieces.hole(position, begin)
            position = begin
        else:
            position += 1
    pieces.copy(begin, position)
    return min(position + 1, stop)
