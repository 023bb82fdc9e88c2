"""Templates in Terraform: what strings, heredocs and template files have in them.

Source: https://developer.hashicorp.com/terraform/language/expressions/strings
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.parsing import NotReadable, plain_expression
from apimpolicy.project.infrastructure.values import SourcedText, Value
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.terraform.parser import TerraformParser

_PIECES = (
    r"""|\#[^\n]*+|//[^\n]*+|/\*.*?(?:\*/|\Z))|(?P<text>"(?:[^"\\$%\n]++|\\.|([$%])\3\{|[$%](?!\{))*+"?)"""
    r"""|(?P<heredoc><<-?[ \t]*+"?(?P<word>[A-Za-z_][\w-]*+)"?[ \t]*+\r?\n)|(?P<line>\n)|(?P<sign>.)"""
)
_LINES = re.compile(r"""(?P<blank>[^"\#/{}()\[\]<\n]++""" + _PIECES, re.DOTALL)
_BLOCK = re.compile(r"""(?P<blank>[^"\#/{}<]++""" + _PIECES, re.DOTALL)
_INERT = r"""[^"\#/{}<]*+(?:"[^"\\$%\n]*+"[^"\#/{}<]*+)*+"""
_PLAIN_BLOCK = re.compile(rf"\{{{_INERT}(?:\{{{_INERT}\}}{_INERT})*+\}}")
"""Braces in which nothing could hide another brace, in two levels: most blocks, several times faster than `_skip`."""
_STRING = re.compile(
    r"""(?P<text>(?:[^"\\$%\n]++|\\.|(?P<twice>[$%])(?P=twice)\{|[$%](?!\{))++)|(?P<hole>[$%]\{)|["\n]|\Z""", re.DOTALL
)


def end_of_heredoc(text: str, start: int, stop: int, word: str) -> tuple[int, int]:
    """Return where the content of a heredoc ends that begins at `start`, and where its closing line ends."""
    found = re.compile(rf"^[ \t]*{re.escape(word)}[ \t]*(?=\r?$)", re.MULTILINE).search(text, start, stop)
    return (stop, stop) if found is None else (found.start(), found.end())


def end_of_braces(text: str, start: int, stop: int) -> int:
    """Return the offset after the brace that closes the one at `start`; strings and comments are skipped."""
    plain = _PLAIN_BLOCK.match(text, start, stop)
    return plain.end() if plain is not None else _skip(text, start, stop, "{", "}")


def end_of_value(text: str, start: int, stop: int) -> int:
    """Return where the line ends that a value ends on: the first new line outside of brackets, or an outer brace."""
    return _skip(text, start, stop, "{[(", "}])", of_line=True)


def _skip(text: str, start: int, stop: int, opening: str, closing: str, of_line: bool = False) -> int:
    inside: list[str] = []
    position = start
    code = _LINES if of_line else _BLOCK
    while position < stop:
        if inside and inside[-1] == '"':
            match = _STRING.match(text, position, stop)
            position = position + 1 if match is None else match.end()
            if match is not None and match.lastgroup == "hole":
                inside.append("{")
            elif match is not None and match.lastgroup is None:
                inside.pop()
            continue
        match = code.match(text, position, stop)
        if match is None:
            return stop
        position = match.end()
        kind, sign = match.lastgroup, match[0]
        if kind == "text":
            if position < stop and text.startswith(("${", "%{"), position):
                inside.append('"')
        elif kind == "heredoc":
            position = end_of_heredoc(text, position, stop, match["word"])[1]
        elif kind == "line":
            if of_line and not inside:
                return match.start()
        elif sign in opening:
            inside.append(sign)
        elif sign in closing:
            if not inside and of_line:
                return match.start()
            inside.pop()
            if not inside and not of_line:
                return position
    return stop


_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_QUOTED = re.compile(r'[$%]\{|([$%])\1\{|\\|"|\n')
_SIMPLE = re.compile(r'[^"\\$%\n]*+"')
"""The rest of a string in which nothing has a meaning of its own."""
_PLAIN = re.compile(r"([$%])\1\{|[$%]\{")
_DIRECTIVE = re.compile(r"%\{~?\s*(\w+)\s*")
MOST_NESTED = 40
LONGEST_HOLE = 50_000
"""Characters of an expression in a quoted string; one that is longer isn't closed."""


class _Directive:
    """A directive that is open: its parts so far."""

    def __init__(self, start: int, head: nodes.CodeNode, names: list[str] | None, around: list[nodes.CodeNode]) -> None:
        self.start, self.head, self.names, self.around = start, head, names, around
        self.branches: list[list[nodes.CodeNode]] = [[]]


def as_template(text: Value, path: str) -> Source:
    """Return a text as the source of a template: the file that it is all of, or its characters."""
    if not isinstance(text, str):
        raise LookupError
    parts = text.parts if isinstance(text, SourcedText) else ()
    is_file = len(parts) == 1 and parts[0].text == parts[0].source.text
    return parts[0].source if is_file else Source(str(text), path)


def read_template(parser: TerraformParser, start: int, stop: int, *, quoted: bool) -> tuple[list[nodes.CodeNode], int]:
    """Read a template from `start`; return its parts and the offset after it.

    A quoted one ends with its mark; without one on its line the offset is -1.
    """
    text = parser.text
    if quoted and (whole := _SIMPLE.match(text, start, stop)) is not None:
        return nodes.chars(text, start, whole.end() - 1), whole.end()
    pattern = _QUOTED if quoted else _PLAIN
    parts: list[nodes.CodeNode] = []
    opened: list[_Directive] = []
    begin = position = start
    while (special := pattern.search(text, position, stop)) is not None:
        place, sign = special.start(), special[0]
        position = special.end()
        if sign == "\n":
            break
        if sign == '"':
            parts += nodes.chars(text, begin, place)
            return _closed(parts, opened, place), position
        if sign == "\\":
            escape = _ESCAPE.match(text, place, stop)
            if escape is None:
                position += 1
                continue
            parts += nodes.chars(text, begin, place)
            parts.append(nodes.Chars(place, escape.end(), _character(escape), False))
            begin = position = escape.end()
        elif len(sign) == 3:  # $${ is ${ itself
            parts += nodes.chars(text, begin, place)
            begin = place + 1
        else:
            parts += nodes.chars(text, begin, place)
            end = end_of_braces(text, place + 1, min(stop, place + LONGEST_HOLE) if quoted else stop)
            if sign == "${":
                parts.append(_interpolation(parser, place, end))
            else:
                parts = _directive(parser, place, end, parts, opened)
            begin = position = end
    parts += nodes.chars(text, begin, stop)
    return _closed(parts, opened, stop), -1 if quoted else stop


def _character(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        return _ESCAPES[escape[1]]
    return nodes.character(escape[2] or escape[3])


def _interpolation(parser: TerraformParser, start: int, end: int) -> nodes.CodeNode:
    text = parser.text
    inside = start + (3 if text.startswith("~", start + 2) else 2)
    stop = end - (2 if text.startswith("~}", end - 2) else 1)
    return nodes.Interpolation(start, end, _expression(parser, inside, max(stop, inside)))


def _expression(parser: TerraformParser, start: int, stop: int) -> nodes.CodeNode:
    """Read the expression that a span is."""
    if (plain := plain_expression(parser.text, start, stop)) is not None:
        return plain
    inner = type(parser)(parser.source, start, stop)
    inner.lines = False
    inner.depth = parser.depth + 1
    try:
        inner.advance()
        node = inner.expression()
        if inner.kind == "end":
            return node
    except NotReadable:
        pass
    return nodes.Unreadable(start, stop)


def _directive(
    parser: TerraformParser, start: int, end: int, parts: list[nodes.CodeNode], opened: list[_Directive]
) -> list[nodes.CodeNode]:
    """Read a directive; return the list that the following parts belong to."""
    text = parser.text
    opening = _DIRECTIVE.match(text, start, end)
    word, inside = (opening[1], opening.end()) if opening is not None else ("", start)
    stop = end - (2 if text.startswith("~}", end - 2) else 1)
    if word in ("if", "for") and len(opened) < MOST_NESTED:
        names: list[str] | None = None
        if word == "for":
            header = re.compile(r"([\w-]+)\s*(?:,\s*([\w-]+)\s*)?\bin\b\s*").match(text, inside, stop)
            names = [] if header is None else [name for name in header.groups() if name]
            inside = inside if header is None else header.end()
        opened.append(_Directive(start, _expression(parser, inside, max(stop, inside)), names, parts))
        return opened[-1].branches[0]
    if word == "else" and opened:
        opened[-1].branches.append([])
        return opened[-1].branches[-1]
    if word in ("endif", "endfor") and opened:
        return _finished(opened.pop(), end)
    return parts


def _finished(directive: _Directive, end: int) -> list[nodes.CodeNode]:
    around, branches = directive.around, directive.branches
    if directive.names is None:
        otherwise = [part for branch in branches[1:] for part in branch]
        around.append(nodes.IfDirective(directive.start, end, directive.head, branches[0], otherwise))
    else:
        around.append(nodes.ForDirective(directive.start, end, directive.names, directive.head, branches[0]))
    return around


def _closed(parts: list[nodes.CodeNode], opened: list[_Directive], end: int) -> list[nodes.CodeNode]:
    """Return all parts; directives without an end reach to the end of the template."""
    while opened:
        parts = _finished(opened.pop(), end)
    return parts
