"""Policies in Terraform: heredocs, quoted strings, and what `format`, `join` and `replace` make of them.

`${…}` is a hole, `%{ if }` … `%{ else }` … `%{ endif }` a choice, and so is `%{ for }` … `%{ endfor }`: what it repeats
is there or not. Comments are no policies. Files that `templatefile` and `file` name are checked as files of their own.

Source: https://developer.hashicorp.com/terraform/language/expressions/strings
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.embedded import is_policy, is_whole
from apimpolicy.project.embedded.expressions import Reader, texts
from apimpolicy.project.embedded.pieces import Pieces

if TYPE_CHECKING:
    from apimpolicy.text.source import Source

_START = re.compile(
    r"(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<literal>\"|<<-?[A-Za-z_])"
    r"|(?P<call>(?<![\w.])(?:format|join|replace|trimspace|chomp|indent)[ \t]*\()",
    re.DOTALL,
)
_HEREDOC = re.compile(r"<<-?[ \t]*\"?([A-Za-z_][\w-]*)\"?[ \t]*\r?\n")
_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DIRECTIVE = re.compile(r"\{~?\s*(\w+)")


def policies(outer: Source) -> list[Pieces]:
    """The policies in a Terraform file, in order."""
    reader = Reader(outer, lambda start, stop: _literal(outer, start, stop), percent=True)
    return texts(reader, _START, lambda pieces, start: _is_wanted(outer, pieces, start))


def _is_wanted(outer: Source, pieces: Pieces, start: int) -> bool:
    """A heredoc is a whole policy, however broken; a quoted string may be a part of one."""
    return is_policy(pieces.beginning) and (outer.text.startswith("<<", start) or is_whole(pieces.whole))


def _literal(outer: Source, start: int, stop: int) -> tuple[Pieces, int] | None:
    if outer.text.startswith('"', start):
        pieces = Pieces(outer)
        return pieces, read_template(pieces, start + 1, stop, quoted=True)
    heredoc = _HEREDOC.match(outer.text, start, stop)
    if heredoc is None:
        return None
    end = re.compile(rf"^[ \t]*{re.escape(heredoc[1])}[ \t]*\r?$", re.MULTILINE).search(outer.text, heredoc.end(), stop)
    pieces = Pieces(outer)
    read_template(pieces, heredoc.end(), end.start() if end is not None else stop, quoted=False)
    return pieces, end.end() if end is not None else stop


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
                pieces.hole(position, end)
            else:
                _directive(pieces, position + 1)
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


def _directive(pieces: Pieces, start: int) -> None:
    found = _DIRECTIVE.match(pieces.outer.text, start)
    word = found[1] if found is not None else ""
    if word in ("if", "for"):
        pieces.begin_choice()
    elif word == "else":
        pieces.next_branch()
    elif word in ("endif", "endfor"):
        pieces.end_choice()


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
