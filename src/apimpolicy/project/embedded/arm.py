"""Policies in ARM templates: JSON strings, nested templates included, and `[concat('…', parameters('…'), '…')]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.pieces import Pieces

if TYPE_CHECKING:
    from apimpolicy.text.source import Source

_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})(?:\\u([dD][c-fC-F][0-9A-Fa-f]{2}))?|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CONCAT = re.compile(r"\[\s*(?:concat|format)\s*\(")
_ROOT = re.compile(r"<|\\u003[cC]")


def policies(outer: Source) -> list[Source]:
    """The policies in a JSON file, in order."""
    text = outer.text
    found: list[Source] = []
    for string in _STRING.finditer(text):
        start, end = string.span(1)
        if end - start < 10 or _ROOT.search(text, start, end) is None:
            continue
        pieces = Pieces(outer)
        if _CONCAT.match(text, start, end) is not None:
            _concatenation(pieces, start, end)
        elif not text.startswith("[", start) or text.startswith("[[", start):
            _decoded(pieces, start, end)
        source = pieces.source()
        if is_policy(source.text):
            found.append(source)
    return found


def _decoded(pieces: Pieces, start: int, end: int) -> None:
    """The characters of a JSON string, escapes decoded."""
    begin = start
    for escape in _ESCAPE.finditer(pieces.outer.text, start, end):
        pieces.copy(begin, escape.start())
        pieces.replace(_character(escape), escape.start(), escape.end())
        begin = escape.end()
    pieces.copy(begin, end)


def _character(escape: re.Match[str]) -> str:
    if escape[3] is not None:
        return _ESCAPES.get(escape[3], escape[3])
    code = int(escape[1], 16)
    if escape[2] is not None and 0xD800 <= code < 0xDC00:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(escape[2], 16) - 0xDC00)
    low = "" if escape[2] is None else chr(int(escape[2], 16))
    return chr(code) + low


def _concatenation(pieces: Pieces, start: int, end: int) -> None:
    """The literal texts of `[concat('…', …)]`; everything between them is a placeholder."""
    text = pieces.outer.text
    position = text.index("(", start) + 1
    while position < end:
        quote = text.find("'", position, end)
        between = text[position : end if quote < 0 else quote]
        if between.strip(" ,\t\r\n)]").replace("\\n", "").replace("\\r", ""):
            # An argument that is a call: its own texts belong to it.
            stop = _end_of_argument(text, position, end)
            pieces.placeholder(position, stop)
            position = stop
            continue
        if quote < 0:
            return
        close = quote + 1
        while close < end and (text[close] != "'" or text[close : close + 2] == "''"):
            close += 2 if text[close : close + 2] == "''" else 1
        begin = quote + 1
        while (double := text.find("''", begin, close)) >= 0:
            _decoded(pieces, begin, double + 1)
            begin = double + 2
        _decoded(pieces, begin, close)
        position = close + 1


def _end_of_argument(text: str, start: int, end: int) -> int:
    depth = 0
    position = start
    seen = False
    while position < end:
        char = text[position]
        if char == "'":
            position = text.find("'", position + 1, end)
            if position < 0:
                return end
        elif char == "(":
            depth += 1
        elif char == ")":
            if depth == 0:
                return position
            depth -= 1
        elif char == "," and depth == 0 and seen:
            return position
        seen = seen or char not in " ,\t"
        position += 1
    return end
