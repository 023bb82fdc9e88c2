"""Policies in ARM templates: JSON strings, nested templates included, and `[concat('…', parameters('…'), '…')]`.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.expressions import Reader
from apimpolicy.project.embedded.pieces import Pieces

if TYPE_CHECKING:
    from apimpolicy.text.source import Source

_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})(?:\\u([dD][c-fC-F][0-9A-Fa-f]{2}))?|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_AFTER_STRING = re.compile(r"[ \t\r\n]*+(?:[,}\]:]|\Z|//|/\*)")
_ROOT = re.compile(r"<|\\u003[cC]")
_QUOTED = re.compile(r"'((?:[^']|'')*+)'")


def policies(outer: Source) -> list[Pieces]:
    """The policies in a JSON file, in order."""
    text = outer.text
    found: list[Pieces] = []
    for string in _STRING.finditer(text):
        start, end = string.span(1)
        if end - start < 10 or _ROOT.search(text, start, end) is None:
            continue
        pieces = Pieces(outer)
        _decoded(pieces, start, end)
        if text.startswith("[", start) and not text.startswith("[[", start):
            pieces = _value(pieces.source())
        if is_policy(pieces.beginning):
            if _AFTER_STRING.match(text, string.end()) is None:
                pieces.fault = Diagnostic(
                    "POL028",
                    "this quote ends the JSON string in the middle of the policy",
                    outer,
                    end,
                    end + 1,
                    help='Write `\\"` for a quote inside the string. The policy is not checked until then.',
                )
            found.append(pieces)
    return found


def _value(source: Source) -> Pieces:
    """The text that an expression makes; its positions go through the decoded string back to the file."""
    reader = Reader(source, lambda start, stop: _literal(source, start, stop), percent=False)
    value, _ = reader.value(1, len(source.text.rstrip().removesuffix("]")))
    return value.pieces


def _literal(source: Source, start: int, stop: int) -> tuple[Pieces, int] | None:
    quoted = _QUOTED.match(source.text, start, stop)
    if quoted is None:
        return None
    pieces = Pieces(source)
    begin, end = quoted.span(1)
    while (double := source.text.find("''", begin, end)) >= 0:
        pieces.copy(begin, double + 1)
        begin = double + 2
    pieces.copy(begin, end)
    return pieces, quoted.end()


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
