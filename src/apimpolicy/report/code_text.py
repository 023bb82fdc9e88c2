"""C# code on as few lines as it takes: comments gone, line breaks and indentation outside of strings folded."""

from __future__ import annotations

import re

from apimpolicy.text.scanner import scan_code

_SPACE = re.compile(r"\s+")


def folded(text: str, start: int, end: int) -> str:
    """Return the code from `start` to `end` of an expression on one line.

    >>> folded("@(a //why\\n   == b)", 2, 19)
    'a == b'
    """
    pieces: list[str] = []
    position = start
    for first, last in sorted(scan_code(text, 0, len(text), literals=True).literals):
        if last <= start or first >= end:
            continue
        pieces.append(_SPACE.sub(" ", text[position:first]))
        literal = text[max(first, start) : min(last, end)]
        pieces.append(" " if literal.startswith(("//", "/*")) else literal)
        position = last
    if position < end:
        pieces.append(_SPACE.sub(" ", text[position:end]))
    joined = "".join(pieces).strip()
    # Around a removed comment two spaces may meet, and a line broken before a dot leaves one.
    return re.sub(r" (?=[.,;)\]])|(?<=[(\[]) ", "", re.sub(r" {2,}", " ", joined)) if '"' not in joined else joined
