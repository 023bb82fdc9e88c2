"""Parses Terraform's language: bodies of attributes and blocks, expressions and templates.

A file is split into its blocks first; the body of a block is parsed when it is needed. Most blocks of a large
folder never are. A line that can't be read is a `Problem`, and the parser continues after it.

Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from apimpolicy.infrastructure.nodes import (
    Chars,
    Element,
    For,
    Index,
    Literal,
    Node,
    Object,
    Splat,
    Template,
    Unreadable,
)
from apimpolicy.infrastructure.parsing import MOST_NESTED, MOST_STRINGS, ExpressionParser, NotReadable, Problem, end_of
from apimpolicy.infrastructure.terraform.templates import end_of_braces, end_of_heredoc, end_of_value, read_template
from apimpolicy.text.source import Source, number_of

_TOKEN = re.compile(
    r"(?:[ \t\r\f\ufeff]++|\#[^\n]*+|//[^\n]*+|/\*.*?\*/)*+"
    r"(?:(?P<name>[^\W\d][\w-]*+(?:::[\w-]++)*+)|(?P<number>\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)"
    r"|(?P<quote>\"|<<-?[ \t]*+\"?[A-Za-z_])|(?P<line>\n)"
    r"|(?P<sign>\.\.\.|=>|==|!=|<=|>=|&&|\|\||::|[-+*/%!<>?:.,=(){}\[\]])|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_HEREDOC = re.compile(r"<<(-?)[ \t]*+\"?([A-Za-z_][\w-]*+)\"?[ \t]*+\r?(?:\n|\Z)")
_BETWEEN = re.compile(r"(?:[\s,\ufeff]++|\#[^\n]*+|//[^\n]*+|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
_HEAD = re.compile(r'("?[^\W\d][\w.-]*+"?)((?:[ \t]++(?:"[^"\n]*"|[\w.-]++))*+)[ \t]*+([={:])(?!=)')
_DIGITS = re.compile(r"\d+")
_LABEL = re.compile(r'"([^"\n]*)"|([\w.-]+)')
_PLAIN = re.compile(r'[ \t]*+(?:"((?:[^"\\$%\n]|[$%](?!\{|[$%]\{))*+)"|[\w.-]++)[ \t]*+\r?(?=\n|\Z)')
"""A value that is a string without anything special, or a word, and ends its line."""
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


class Attribute:
    """`name = value`; `start` is where the name is, `inside` and `stop` are the span of the value, read on demand."""

    __slots__ = ("_value", "inside", "name", "problems", "source", "start", "stop")

    def __init__(
        self, source: Source, name: str, start: int, inside: int, stop: int, value: Node | None = None
    ) -> None:
        self.source = source
        self.name = name
        self.start = start
        self.inside, self.stop = inside, stop
        self.problems: list[Problem] = []
        self._value = value

    @property
    def value(self) -> Node:
        if self._value is None:
            found = _PLAIN.fullmatch(self.source.text, self.inside, self.stop)
            if found is not None and found[1] is not None:
                start, end = found.span(1)
                self._value = Template(start - 1, end + 1, [Chars(start, end, found[1])] if found[1] else [])
            else:
                self._value = Parser(self.source, self.inside, self.stop).value(self.problems)
        return self._value

    @property
    def is_read(self) -> bool:
        """Return whether the value was needed."""
        return self._value is not None


class Body:
    """The attributes and the blocks between two braces, or of a whole file."""

    def __init__(self) -> None:
        self.attributes: dict[str, Attribute] = {}
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []

    def override(self, other: Body) -> None:
        """Replace attributes, and all blocks of each type that another body has."""
        self.attributes |= other.attributes
        types = {block.type for block in other.blocks}
        self.blocks = [block for block in self.blocks if block.type not in types] + other.blocks


class Block:
    """`type "label" { … }`; `inside` and `stop` are the span between the braces."""

    def __init__(self, source: Source, start: int, type_: str, labels: tuple[str, ...], inside: int, stop: int) -> None:
        self.source = source
        self.start = start
        self.type = type_
        self.labels = labels
        self.inside, self.stop = inside, stop

    @cached_property
    def body(self) -> Body:
        return read_body(self.source, self.inside, self.stop)

    @property
    def is_read(self) -> bool:
        """Return whether the body was needed."""
        return "body" in self.__dict__

    def blocks(self, type_: str) -> Iterator[Block]:
        return (block for block in self.body.blocks if block.type == type_)


def read_body(source: Source, start: int, stop: int) -> Body:
    """Read the attributes and blocks of a span; their values and bodies are read when they are wanted."""
    body, text, position = Body(), source.text, start
    while True:
        position = end_of(_BETWEEN, text, position, stop)
        if position >= stop:
            return body
        head = _HEAD.match(text, position, stop)
        if head is None:
            following = end_of_value(text, position + 1, stop)
            body.problems.append(Problem("expected an attribute or a block", position, following))
            position = following + 1
            continue
        name, inside = head[1].strip('"'), head.end()
        if head[3] != "{":
            end = _end_of_attribute(text, inside, stop)
            body.attributes.setdefault(name, Attribute(source, name, position, inside, end))
            position = end
            continue
        end = end_of_braces(text, inside - 1, stop)
        closed = text.startswith("}", end - 1) and end > inside
        labels = tuple(quoted or plain for quoted, plain in _LABEL.findall(head[2]))
        body.blocks.append(Block(source, position, name, labels, inside, end - closed))
        if not closed:
            body.problems.append(Problem("the block isn't closed", position, inside))
        position = end


def _end_of_attribute(text: str, start: int, stop: int) -> int:
    found = _PLAIN.match(text, start, stop)
    return found.end() if found is not None else end_of_value(text, start, stop)


def parse_file(source: Source) -> Body:
    """Parse a file: its blocks, or the attributes of a variable file."""
    return read_body(source, 0, len(source.text))


def parse_template(source: Source) -> Template:
    """Return a file that is a template (`templatefile`)."""
    parser = Parser(source)
    return Template(0, parser.stop, read_template(parser, 0, parser.stop, quoted=False)[0], True)


class Parser(ExpressionParser):
    """Reads one span of a file."""

    TOKEN = _TOKEN
    PRECEDENCE: ClassVar[dict[str, int]] = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}

    def value(self, problems: list[Problem]) -> Node:
        """Read the expression that the span is; what can't be read is a problem."""
        start = self.end
        try:
            self.advance()
            node = self.expression()
            if self.kind == "line":
                self.skip_lines()
            if self.kind == "end" or self.at(","):
                return node
            raise self.unexpected("the end of the line")
        except NotReadable as problem:
            problems.append(Problem(problem.message, problem.start, problem.end))
            return Unreadable(start, self.stop, list(self.strings(start, self.stop)))

    def strings(self, start: int, stop: int) -> Iterator[Node]:
        """Yield the strings and heredocs of a span that can't be parsed."""
        position = start
        for _ in range(MOST_STRINGS):
            self.lines, self.depth = True, MOST_NESTED - 3  # what is inside of these strings matters little
            found = re.compile(r'"|<<-?"?[A-Za-z_]').search(self.text, position, stop)
            if found is None:
                return
            try:
                self.move(found.start())
                node = self.primary()
            except NotReadable:
                position = found.end()
                continue
            yield node
            position = max(node.end, found.end())

    # Expressions

    def primary(self) -> Node:
        if self.kind == "quote":
            return self.quoted() if self.token == '"' else self.heredoc()
        if self.at("["):
            return self.list_or_loop()
        if self.at("{"):
            return self.object_or_loop()
        return super().primary()

    def quoted(self) -> Node:
        start = self.start
        parts, end = read_template(self, self.end, self.stop, quoted=True)
        if end < 0:
            raise NotReadable("the string isn't closed", start, start + 1)
        self.move(end)
        return Template(start, end, parts)

    def heredoc(self) -> Node:
        start = self.start
        opening = _HEREDOC.match(self.text, start, self.stop)
        if opening is None:
            raise NotReadable("expected a heredoc", start, self.end)
        content, end = end_of_heredoc(self.text, opening.end(), self.stop, opening[2])
        parts, _ = read_template(self, opening.end(), content, quoted=False)
        self.move(end)
        return Template(start, end, parts, True, opening[1] == "-")

    def list_or_loop(self) -> Node:
        start = self.start
        ahead = _TOKEN.match(self.text, self.end, self.stop)
        while ahead is not None and ahead.lastgroup == "line":
            ahead = _TOKEN.match(self.text, ahead.end(), self.stop)
        if ahead is None or ahead["name"] != "for":
            return self.array(start)
        before = self.open(False)
        names, items = self.loop_header()
        value = self.expression()
        return self.loop_end(start, names, items, None, value, "]", before)

    def object_or_loop(self) -> Node:
        start = self.start
        before = self.open(True)
        self.skip_lines()
        if self.at_word("for"):
            self.lines = False
            names, items = self.loop_header()
            key = self.expression()
            self.expect("=>")
            value = self.expression()
            return self.loop_end(start, names, items, key, value, "}", before)
        entries: list[tuple[Node | None, Node]] = []
        while not self.at("}"):
            key = self.expression()
            if not self.at("=") and not self.at(":"):
                raise self.unexpected("'='")
            self.advance()
            entries.append((key, self.expression()))
            if self.at(","):
                self.advance()
            elif self.kind != "line" and not self.at("}"):
                raise self.unexpected("',' or '}'")
            self.skip_lines()
        self.close("}", before)
        return Object(start, self.last, entries)

    def loop_header(self) -> tuple[list[str], Node]:
        self.advance()
        names = [self.word()]
        if self.at(","):
            self.advance()
            names.append(self.word())
        self.expect("in")
        items = self.expression()
        self.expect(":")
        return names, items

    def loop_end(
        self, start: int, names: list[str], items: Node, key: Node | None, value: Node, bracket: str, before: bool
    ) -> Node:
        group = self.at("...")
        if group:
            self.advance()
        test = None
        if self.at_word("if"):
            self.advance()
            test = self.expression()
        self.close(bracket, before)
        return For(start, self.last, names, items, key, value, test, group)

    def access_once(self, node: Node) -> Node | None:
        if self.at("."):
            following = self.text[self.end : self.end + 1]
            if following == "*":
                self.advance()
                self.advance()
                return self.splat(node)
            if following.isdigit():
                start, end = self.end, end_of(_DIGITS, self.text, self.end, self.stop)
                self.move(end)
                index = Literal(start, end, number_of(self.text[start:end]))
                return Index(node.start, index.end, node, index)
        if self.at("[") and re.compile(r"\s*\*\s*\]").match(self.text, self.end, self.stop):
            before = self.open(False)
            self.advance()
            self.close("]", before)
            return self.splat(node)
        if self.at("[") and self.lines and "\n" in self.text[self.last : self.start]:
            return None
        return super().access_once(node)

    def splat(self, node: Node) -> Node:
        rest = self.access(Element(self.last, self.last))
        return Splat(node.start, rest.end, node, rest)
