"""Strings of JSON and of ARM's expressions, decoded with their positions in the file.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re

from apimpolicy.infrastructure.nodes import Chars, Node, chars

_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})(?:\\u([dD][c-fC-F][0-9A-Fa-f]{2}))?|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def json_chars(text: str, start: int, end: int) -> list[Node]:
    """Return the characters of a JSON string between its quotation marks, escapes decoded."""
    found: list[Node] = []
    for escape in _ESCAPE.finditer(text, start, end):
        found += chars(text, start, escape.start())
        found.append(Chars(*escape.span(), _character(escape), False))
        start = escape.end()
    return found + chars(text, start, end)


def _character(escape: re.Match[str]) -> str:
    if escape[3] is not None:
        return _ESCAPES.get(escape[3], escape[3])
    code = int(escape[1], 16)
    if escape[2] is not None and 0xD800 <= code < 0xDC00:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(escape[2], 16) - 0xDC00)
    low = "" if escape[2] is None else chr(int(escape[2], 16))
    return chr(code) + low


def quoted_chars(text: str, start: int, end: int) -> list[Node]:
    """Return the characters of a string in an expression, in which `''` is `'`."""
    found: list[Node] = []
    while (double := text.find("''", start, end)) >= 0:
        found += chars(text, start, double + 1)
        start = double + 2
    return found + chars(text, start, end)
