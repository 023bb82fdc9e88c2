"""Policies in Terraform: heredocs and quoted strings. `${…}` is a placeholder, `%{…}` is left out.

Files that `templatefile` and `file` name are checked as files of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.pieces import Pieces

if TYPE_CHECKING:
    from apimpolicy.text.source import Source

_HEREDOC = re.compile(r"<<-?[ \t]*\"?([A-Za-z_][\w-]*)\"?[ \t]*\r?\n")
_QUOTED = re.compile(r'"(?=\s*(?:\\[nrt]\s*)*<(?:policies|fragment|inbound|backend|outbound|on-error)\b)')
_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def policies(outer: Source) -> list[Source]:
    """The policies in a Terraform file, in order."""
    text = outer.text
    found: list[Source] = []
    position = 0
    while True:
        heredoc, quoted = _HEREDOC.search(text, position), _QUOTED.search(text, position)
        if heredoc is not None and (quoted is None or heredoc.start() < quoted.start()):
            end = re.compile(rf"^[ \t]*{re.escape(heredoc[1])}[ \t]*\r?$", re.MULTILINE).search(text, heredoc.end())
            stop = end.start() if end is not None else len(text)
            if is_policy(text[heredoc.end() : stop]):
                pieces = Pieces(outer)
                read_template(pieces, heredoc.end(), stop, quoted=False)
                found.append(pieces.source())
            position = max(stop, heredoc.end())
        elif quoted is not None:
            pieces = Pieces(outer)
            position = read_template(pieces, quoted.end(), len(text), quoted=True)
            found.append(pieces.source())
        else:
            return found


def read_template(pieces: Pieces, start: int, stop: int, *, quoted: bool) -> int:
    """Read a template from `start`; the offset behind it. A quoted one ends with its quotation mark."""
    text = pieces.outer.text
    begin = position = start
    while position < stop:
        char = text[position]
        if char in "$%" and text.startswith("{", position + 1):
            if text[position - 1 : position] == char and position > start:  # $${ is ${ itself
                pieces.copy(begin, position - 1)
                begin = position
                position += 2
                continue
            end = end_of_braces(text, position + 1, stop)
            pieces.copy(begin, position)
            if char == "$":
                pieces.placeholder(position, end)
            begin = position = end
        elif quoted and char == "\\" and (escape := _ESCAPE.match(text, position)) is not None:
            pieces.copy(begin, position)
            code = escape[2] or escape[3]
            pieces.replace(_ESCAPES[escape[1]] if code is None else _character(code), position, escape.end())
            begin = position = escape.end()
        elif quoted and char == '"':
            pieces.copy(begin, position)
            return position + 1
        else:
            position += 1
    pieces.copy(begin, stop)
    return stop


def _character(code: str) -> str:
    return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"


def end_of_braces(text: str, start: int, stop: int) -> int:
    """The offset behind the brace that closes the one at `start`, texts inside looked past."""
    depth = 0
    position = start
    while position < stop:
        char = text[position]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return position + 1
        elif char in "\"'":
            end = position + 1
            while end < stop and text[end] != char:
                end += 2 if text[end] == "\\" else 1
            position = end
        position += 1
    return stop
