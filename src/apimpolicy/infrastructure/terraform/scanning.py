"""Find the ends of blocks, strings and heredocs of Terraform, without parsing what is in them."""

from __future__ import annotations

import re

_PIECES = (
    r"""|\#[^\n]*+|//[^\n]*+|/\*.*?(?:\*/|\Z))|(?P<text>"(?:[^"\\$%\n]++|\\.|([$%])\3\{|[$%](?!\{))*+"?)"""
    r"""|(?P<heredoc><<-?[ \t]*+"?(?P<word>[A-Za-z_][\w-]*+)"?[ \t]*+\r?\n)|(?P<line>\n)|(?P<sign>.)"""
)
_LINES = re.compile(r"""(?P<blank>[^"\#/{}()\[\]<\n]++""" + _PIECES, re.DOTALL)
_BLOCK = re.compile(r"""(?P<blank>[^"\#/{}<]++""" + _PIECES, re.DOTALL)
_STRING = re.compile(
    r"""(?P<text>(?:[^"\\$%\n]++|\\.|(?P<twice>[$%])(?P=twice)\{|[$%](?!\{))++)|(?P<hole>[$%]\{)|["\n]|\Z""", re.DOTALL
)


def end_of_heredoc(text: str, start: int, stop: int, word: str) -> tuple[int, int]:
    """Return where the content of a heredoc ends that begins at `start`, and where its closing line ends."""
    found = re.compile(rf"^[ \t]*{re.escape(word)}[ \t]*(?=\r?$)", re.MULTILINE).search(text, start, stop)
    return (stop, stop) if found is None else (found.start(), found.end())


def end_of_braces(text: str, start: int, stop: int) -> int:
    """Return the offset after the brace that closes the one at `start`; strings and comments are skipped."""
    return _skip(text, start, stop, "{", "}")


def end_of_value(text: str, start: int, stop: int) -> int:
    """Return where the line ends that a value ends on: the first new line outside of brackets, or an outer brace."""
    return _skip(text, start, stop, "{[(", "}])", of_line=True)


def _skip(text: str, start: int, stop: int, opening: str, closing: str, of_line: bool = False) -> int:
    inside: list[str] = []
    position = start
    code = _LINES if of_line else _BLOCK
    while position < stop:
        if inside and inside[-1] == '"':
            found = _STRING.match(text, position, stop)
            position = position + 1 if found is None else found.end()
            if found is not None and found.lastgroup == "hole":
                inside.append("{")
            elif found is not None and found.lastgroup is None:
                inside.pop()
            continue
        found = code.match(text, position, stop)
        if found is None:
            return stop
        position = found.end()
        kind, sign = found.lastgroup, found[0]
        if kind == "text":
            if position < stop and text.startswith(("${", "%{"), position):
                inside.append('"')
        elif kind == "heredoc":
            position = end_of_heredoc(text, position, stop, found["word"])[1]
        elif kind == "line":
            if of_line and not inside:
                return found.start()
        elif sign in opening:
            inside.append(sign)
        elif sign in closing:
            if not inside and of_line:
                return found.start()
            inside.pop()
            if not inside and not of_line:
                return position
    return stop
