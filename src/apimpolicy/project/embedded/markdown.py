"""Policies in Markdown: fenced blocks that begin with `<policies>`, `<fragment>` or a section."""

from __future__ import annotations

import re

from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.text.source import Source

_FENCE = re.compile(r"^([ \t>]*)(`{3,}|~{3,})[ \t]*([\w-]*)[^\n`]*\n", re.MULTILINE)
_LANGUAGES = frozenset(("", "xml", "html", "cshtml", "razor", "policy"))


def policies(outer: Source) -> list[Pieces]:
    text = outer.text
    found: list[Pieces] = []
    position = 0
    while (fence := _FENCE.search(text, position)) is not None:
        close = re.compile(rf"^[ \t>]*{fence[2][0]}{{{len(fence[2])},}}[ \t]*\r?$", re.MULTILINE)
        end = close.search(text, fence.end())
        stop = end.start() if end is not None else len(text)
        if fence[3].lower() in _LANGUAGES and is_policy(text[fence.end() : stop]):
            pieces = Pieces(outer)
            pieces.copy(fence.end(), stop)
            found.append(pieces)
        position = max(end.end() if end is not None else stop, fence.end())
    return found
