"""Parses JSON with offsets, and the expressions in its strings: `"[concat('a', parameters('b'))]"`.

Comments, and strings over several lines, are read as Resource Manager reads them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.parsing import MOST_NESTED, ExpressionParser, NotReadable, end_of
from apimpolicy.text.source import Source

_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})(?:\\u([dD][c-fC-F][0-9A-Fa-f]{2}))?|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def json_chars(text: str, start: int, end: int) -> list[nodes.CodeNode]:
    """Return the characters of a JSON string between its quotation marks, escapes decoded."""
    found: list[nodes.CodeNode] = []
    for escape in _ESCAPE.finditer(text, start, end):
        found += nodes.chars(text, start, escape.start())
        found.append(nodes.Chars(*escape.span(), _character(escape), False))
        start = escape.end()
    return found + nodes.chars(text, start, end)


def _character(escape: re.Match[str]) -> str:
    if escape[3] is not None:
        return _ESCAPES.get(escape[3], escape[3])
    code = int(escape[1], 16)
    if escape[2] is not None and 0xD800 <= code < 0xDC00:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(escape[2], 16) - 0xDC00)
    low = "" if escape[2] is None else chr(int(escape[2], 16))
    return chr(code) + low


def quoted_chars(text: str, start: int, end: int) -> list[nodes.CodeNode]:
    """Return the characters of a string in an expression, in which `''` is `'`."""
    found: list[nodes.CodeNode] = []
    while (double := text.find("''", start, end)) >= 0:
        found += nodes.chars(text, start, double + 1)
        start = double + 2
    return found + nodes.chars(text, start, end)


_TOKEN = re.compile(
    r"[ \t\r\n]*+(?:(?P<name>[A-Za-z_]\w*+(?:(?:\.\w++)++(?=[ \t]*\())?)"
    r"|(?P<number>-?\d++(?:\.\d++)?)|(?P<quote>')|(?P<sign>[.,()\[\]])"
    r"|(?P<end>\Z)|(?P<line>(?!))|(?P<other>.))",
    re.DOTALL,
)
_QUOTED = re.compile(r"'((?:[^']|'')*+)(?:'|\Z)")
_BLANK = re.compile(r"(?:[\s\ufeff]++|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_WORD = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_WORDS = {"true": True, "false": False, "null": None}


class ExpressionReader(ExpressionParser):
    TOKEN = _TOKEN
    PRECEDENCE: ClassVar[dict[str, int]] = {}

    def primary(self) -> nodes.CodeNode:
        if self.kind != "quote":
            return super().primary()
        start = self.start
        found = _QUOTED.match(self.text, start, self.stop)
        if found is None:
            raise NotReadable("the string isn't closed", start, start + 1)
        self.move(found.end())
        return nodes.TemplateExpression(start, found.end(), quoted_chars(self.text, *found.span(1)))


def parse_expression(source: Source) -> nodes.CodeNode:
    """Return the expression that a decoded string is, between its brackets."""
    stop = len(source.text.rstrip().removesuffix("]"))
    reader = ExpressionReader(source, 1, stop)
    try:
        reader.advance()
        node = reader.expression()
        if reader.kind == "end":
            return node
    except NotReadable:
        pass
    strings = [
        nodes.TemplateExpression(*found.span(), quoted_chars(source.text, *found.span(1)))
        for found in _QUOTED.finditer(source.text)
    ]
    return nodes.Unreadable(0, len(source.text), strings)


def string_node(source: Source, start: int, end: int) -> nodes.CodeNode:
    """Return a JSON string, given the span between its quotation marks: an expression, or a text."""
    parts = json_chars(source.text, start, end)
    if source.text.startswith("[", start) and source.text.startswith("]", end - 1):
        if not source.text.startswith("[[", start):
            inner = decoded(source, parts, end)
            return nodes.Within(start, end, inner, parse_expression(inner))
        parts = json_chars(source.text, start + 1, end)
    return nodes.TemplateExpression(start, end, parts)


def decoded(source: Source, parts: Sequence[nodes.CodeNode], end: int) -> Source:
    """Return a decoded string as a source whose positions are those of the file."""
    texts: list[str] = []
    anchors: list[tuple[int, int, bool]] = []
    length = 0
    for part in parts:
        assert isinstance(part, nodes.Chars)
        anchors.append((length, part.start, part.verbatim))
        texts.append(part.text)
        length += len(part.text)
    anchors.append((length, end, True))
    return Source("".join(texts), source.path, source, tuple(anchors))


class JsonParser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.position = 0
        self.depth = 0

    def blank(self) -> str:
        """Skip white space and comments; return the next character."""
        self.position = end_of(_BLANK, self.text, self.position, len(self.text))
        return self.text[self.position : self.position + 1]

    def value(self) -> nodes.CodeNode:
        """Read a value. Raises NotReadable."""
        char = self.blank()
        start = self.position
        if char == '"':
            string = _STRING.match(self.text, start)
            if string is None:
                raise NotReadable("the string isn't closed", start, start + 1)
            self.position = string.end()
            return self.string(*string.span(1))
        if char in ("{", "["):
            self.depth += 1
            if self.depth > MOST_NESTED:
                raise NotReadable("the JSON is nested too deeply", start, start + 1)
            self.position += 1
            container = self.object(start) if char == "{" else self.array(start)
            self.depth -= 1
            return container
        word = _WORD.match(self.text, start)
        if word is None:
            raise NotReadable("expected a JSON value", start, start + 1)
        self.position = word.end()
        if word[0] in _WORDS:
            return nodes.LiteralValue(start, word.end(), _WORDS[word[0]])
        try:
            return nodes.LiteralValue(
                start, word.end(), float(word[0]) if re.search(r"[.eE]", word[0]) else int(word[0])
            )
        except ValueError:
            raise NotReadable("expected a JSON value", start, word.end()) from None

    def string(self, start: int, end: int) -> nodes.CodeNode:
        return string_node(self.source, start, end)

    def array(self, start: int) -> nodes.CodeNode:
        items: list[nodes.CodeNode] = []
        while self.blank() != "]":
            items.append(self.value())
            self.separator("]")
        self.position += 1
        return nodes.Array(start, self.position, items)

    def object(self, start: int) -> nodes.CodeNode:
        entries: list[tuple[nodes.CodeNode | None, nodes.CodeNode]] = []
        while self.blank() != "}":
            key = self.value()
            if self.blank() != ":":
                raise NotReadable("expected ':'", self.position, self.position + 1)
            self.position += 1
            entries.append((key, self.value()))
            self.separator("}")
        self.position += 1
        return nodes.Object(start, self.position, entries)

    def separator(self, closing: str) -> None:
        char = self.blank()
        if char == ",":
            self.position += 1
        elif char != closing:
            raise NotReadable(f"expected ',' or '{closing}'", self.position, self.position + 1)


def parse_json(source: Source) -> nodes.CodeNode:
    """Return the value of a JSON text. Raises NotReadable."""
    return JsonParser(source).value()
