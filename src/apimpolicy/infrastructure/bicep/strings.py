"""Strings in Bicep: `'…'` with escapes and `${…}`, and `'''…'''` as it is.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.infrastructure import nodes
from apimpolicy.infrastructure.parsing import NotReadable

if TYPE_CHECKING:
    from apimpolicy.infrastructure.bicep.parser import Parser

_ESCAPE = re.compile(r"\\(?:([nrt'\\$])|u\{([0-9A-Fa-f]{1,6})\})")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}
_SPECIAL = re.compile(r"['\n\\]|\$\{")
_VERBATIM = re.compile(r"(\$*)'''\r?\n?")
_END = re.compile(r"''''*")
_BRACKETS = re.compile(r"\$*'''|['{}\n]|//|/\*")


def read_string(parser: Parser) -> nodes.CodeNode:
    """Read the string at hand. Raises NotReadable when it isn't closed."""
    start = parser.start
    verbatim = _VERBATIM.match(parser.text, start, parser.stop)
    if verbatim is not None:
        parts, end = _verbatim(parser, verbatim.end(), "$" * len(verbatim[1]))
        node = nodes.TemplateExpression(start, end, parts, True)
    else:
        parts, end = _quoted(parser, start + 1)
        node = nodes.TemplateExpression(start, end, parts)
    parser.move(end)
    return node


def _verbatim(parser: Parser, start: int, mark: str) -> tuple[list[nodes.CodeNode], int]:
    text = parser.text
    closing = _END.search(text, start, parser.stop)
    stop = parser.stop if closing is None else closing.end() - 3
    parts: list[nodes.CodeNode] = []
    begin = start
    while mark and (place := text.find(mark + "{", begin, stop)) >= 0:
        parts += nodes.chars(text, begin, place)
        value, begin = _interpolated(parser, place + len(mark) + 1, stop)
        parts.append(nodes.Interpolation(place, begin, value))
    parts += nodes.chars(text, begin, stop)
    return parts, min(stop + 3, parser.stop)


def _quoted(parser: Parser, start: int) -> tuple[list[nodes.CodeNode], int]:
    text, stop = parser.text, parser.stop
    parts: list[nodes.CodeNode] = []
    begin = position = start
    while (found := _SPECIAL.search(text, position, stop)) is not None:
        place, sign = found.start(), found[0]
        position = found.end()
        if sign == "'":
            parts += nodes.chars(text, begin, place)
            return parts, position
        if sign == "\n":
            break
        if sign == "\\":
            escape = _ESCAPE.match(text, place, stop)
            if escape is None:
                position = min(position + 1, stop)
                continue
            parts += nodes.chars(text, begin, place)
            parts.append(nodes.Chars(place, escape.end(), _character(escape), False))
            begin = position = escape.end()
        else:
            parts += nodes.chars(text, begin, place)
            value, position = _interpolated(parser, position, stop)
            parts.append(nodes.Interpolation(place, position, value))
            begin = position
    raise NotReadable("the string isn't closed", start - 1, start)


def _character(escape: re.Match[str]) -> str:
    if escape[1] is not None:
        return _ESCAPES[escape[1]]
    return nodes.character(escape[2])


def _interpolated(parser: Parser, start: int, stop: int) -> tuple[nodes.CodeNode, int]:
    """Read the expression after `${`, and return where its brace ends."""
    inner = type(parser)(parser.source, start, stop)
    inner.lines = False
    inner.depth = parser.depth + 1
    try:
        inner.advance()
        node = inner.expression()
        if inner.at("}"):
            return node, inner.end
    except NotReadable:
        pass
    end = end_of_braces(parser.text, start, stop)
    return nodes.Unreadable(start, max(end - 1, start)), end


def end_of_braces(text: str, start: int, stop: int) -> int:
    """Return the offset after the brace that closes the one before `start`; strings are skipped."""
    inside = ["{"]
    position = start
    while inside and position < stop:
        if inside[-1] == "'":
            found = _SPECIAL.search(text, position, stop)
            if found is None:
                return stop
            position = found.end()
            if found[0] == "${":
                inside.append("{")
            elif found[0] == "\\":
                position += 1
            else:
                inside.pop()
            continue
        found = _BRACKETS.search(text, position, stop)
        if found is None:
            return stop
        sign, position = found[0], found.end()
        if sign.endswith("'''"):
            closing = _END.search(text, position, stop)
            position = stop if closing is None else closing.end()
        elif sign == "//" or sign == "/*":
            end = text.find("\n" if sign == "//" else "*/", position, stop)
            position = stop if end < 0 else end
        elif sign == "}":
            inside.pop()
        elif sign != "\n":
            inside.append(sign)
    return min(position, stop)
