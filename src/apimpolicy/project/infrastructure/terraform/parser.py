"""Parses Terraform's language: bodies of attributes and blocks, expressions and templates.

A file is split into its blocks first; the body of a block is parsed when it is needed. Most blocks of a large
folder never are. A line that can't be read is a `Problem`, and the parser continues after it.

Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md

Terraform's JSON syntax (`main.tf.json`) as the bodies and blocks of its own language; strings are templates.

JSON doesn't tell an attribute from a block. Only blocks with labels and `dynamic` ones are made into blocks; everything
else is an attribute, which reads alike.

Source: https://developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from apimpolicy.project.infrastructure import nodes
from apimpolicy.project.infrastructure.arm.parser import JsonParser, decoded, json_chars
from apimpolicy.project.infrastructure.parsing import (
    ExpressionParser,
    NotReadable,
    SyntaxProblem,
    end_of,
    plain_expression,
)
from apimpolicy.project.infrastructure.terraform.templates import (
    end_of_braces,
    end_of_heredoc,
    end_of_value,
    read_template,
)
from apimpolicy.text.source import Source, number_of

_TOKEN = re.compile(
    r"(?:[ \t\r\f\ufeff]++|\#[^\n]*+|//[^\n]*+|/\*.*?\*/)*+"
    r"(?:(?P<name>[^\W\d][\w-]*+(?:::[\w-]++)*+)|(?P<number>\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)"
    r"|(?P<quote>\"|<<-?[ \t]*+\"?[A-Za-z_])|(?P<line>\n)"
    r"|(?P<sign>\.\.\.|=>|==|!=|<=|>=|&&|\|\||::|[-+*/%!<>?:.,=(){}\[\]])|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_HEREDOC = re.compile(r"<<(-?)[ \t]*+\"?([A-Za-z_][\w-]*+)\"?[ \t]*+\r?(?:\n|\Z)")
_BETWEEN = re.compile(r"(?:[\s,\ufeff]++|\#[^\n]*+|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
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
        self, source: Source, name: str, start: int, inside: int, stop: int, value: nodes.CodeNode | None = None
    ) -> None:
        self.source = source
        self.name = name
        self.start = start
        self.inside, self.stop = inside, stop
        self.problems: list[SyntaxProblem] = []
        self._value = value

    @property
    def value(self) -> nodes.CodeNode:
        if self._value is None:
            found = _PLAIN.fullmatch(self.source.text, self.inside, self.stop)
            if found is not None and found[1] is not None:
                start, end = found.span(1)
                self._value = nodes.TemplateExpression(
                    start - 1, end + 1, [nodes.Chars(start, end, found[1])] if found[1] else []
                )
            else:
                self._value = plain_expression(self.source.text, self.inside, self.stop)
            if self._value is None:
                self._value = TerraformParser(self.source, self.inside, self.stop).value(self.problems)
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
        self.problems: list[SyntaxProblem] = []

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
            body.problems.append(SyntaxProblem("expected an attribute or a block", position, following))
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
            body.problems.append(SyntaxProblem("the block isn't closed", position, inside))
        position = end


def _end_of_attribute(text: str, start: int, stop: int) -> int:
    found = _PLAIN.match(text, start, stop)
    return found.end() if found is not None else end_of_value(text, start, stop)


def parse_file(source: Source) -> Body:
    """Parse a file: its blocks, or the attributes of a variable file."""
    return read_body(source, 0, len(source.text))


def parse_template(source: Source) -> nodes.TemplateExpression:
    """Return a file that is a template (`templatefile`)."""
    parser = TerraformParser(source)
    return nodes.TemplateExpression(0, parser.stop, read_template(parser, 0, parser.stop, quoted=False)[0], True)


class TerraformParser(ExpressionParser):
    """Reads one span of a file."""

    TOKEN = _TOKEN
    STRINGS = re.compile(r'"|<<-?"?[A-Za-z_]')
    PRECEDENCE: ClassVar[dict[str, int]] = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}

    def value(self, problems: list[SyntaxProblem]) -> nodes.CodeNode:
        """Read the expression that the span is; what can't be read is a problem."""
        start = self.end
        try:
            self.advance()
            node = self.expression()
            self.skip_lines()
            if self.kind == "end" or self.at(","):
                return node
            raise self.unexpected("the end of the line")
        except NotReadable as error:
            problems.append(error.problem)
            return nodes.Unreadable(start, self.stop, list(self.strings(start, self.stop)))

    # Expressions

    def primary(self) -> nodes.CodeNode:
        if self.kind == "quote":
            return self.quoted() if self.token == '"' else self.heredoc()
        if self.at("["):
            return self.list_or_loop()
        if self.at("{"):
            return self.object_or_loop()
        return super().primary()

    def quoted(self) -> nodes.CodeNode:
        start = self.start
        parts, end = read_template(self, self.end, self.stop, quoted=True)
        if end < 0:
            raise NotReadable("the string isn't closed", start, start + 1)
        self.move(end)
        return nodes.TemplateExpression(start, end, parts)

    def heredoc(self) -> nodes.CodeNode:
        start = self.start
        opening = _HEREDOC.match(self.text, start, self.stop)
        if opening is None:
            raise NotReadable("expected a heredoc", start, self.end)
        content, end = end_of_heredoc(self.text, opening.end(), self.stop, opening[2])
        parts, _ = read_template(self, opening.end(), content, quoted=False)
        self.move(end)
        return nodes.TemplateExpression(start, end, parts, True, opening[1] == "-")

    def list_or_loop(self) -> nodes.CodeNode:
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

    def object_or_loop(self) -> nodes.CodeNode:
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
        entries: list[tuple[nodes.CodeNode | None, nodes.CodeNode]] = []
        while not self.at("}"):
            key = self.expression()
            if not self.accept("=") and not self.accept(":"):
                raise self.unexpected("'='")
            entries.append((key, self.expression()))
            self.separator("}")
        self.close("}", before)
        return nodes.Object(start, self.last, entries)

    def loop_header(self) -> tuple[list[str], nodes.CodeNode]:
        self.advance()
        names = [self.word()]
        if self.accept(","):
            names.append(self.word())
        self.expect("in")
        items = self.expression()
        self.expect(":")
        return names, items

    def loop_end(
        self,
        start: int,
        names: list[str],
        items: nodes.CodeNode,
        key: nodes.CodeNode | None,
        value: nodes.CodeNode,
        bracket: str,
        before: bool,
    ) -> nodes.CodeNode:
        group = self.accept("...")
        test = self.expression() if self.accept("if") else None
        self.close(bracket, before)
        return nodes.For(start, self.last, names, items, key, value, test, group)

    def access_once(self, node: nodes.CodeNode) -> nodes.CodeNode | None:
        if self.at("."):
            following = self.text[self.end : self.end + 1]
            if following == "*":
                self.advance()
                self.advance()
                return self.splat(node)
            if following.isdigit():
                start, end = self.end, end_of(_DIGITS, self.text, self.end, self.stop)
                self.move(end)
                index = nodes.LiteralValue(start, end, number_of(self.text[start:end]))
                return nodes.Index(node.start, index.end, node, index)
        if self.at("[") and re.compile(r"\s*\*\s*\]").match(self.text, self.end, self.stop):
            before = self.open(False)
            self.advance()
            self.close("]", before)
            return self.splat(node)
        if self.at("[") and self.lines and "\n" in self.text[self.last : self.start]:
            return None
        return super().access_once(node)

    def splat(self, node: nodes.CodeNode) -> nodes.CodeNode:
        rest = self.access(nodes.Element(self.last, self.last))
        return nodes.Splat(node.start, rest.end, node, rest)


_LABELS = {"data": 2, "module": 1, "output": 1, "provider": 1, "resource": 2, "variable": 1}


class _JsonParser(JsonParser):
    def string(self, start: int, end: int) -> nodes.CodeNode:
        parts = json_chars(self.source.text, start, end)
        if "${" not in self.source.text[start:end] and "%{" not in self.source.text[start:end]:
            return nodes.TemplateExpression(start, end, parts)
        inner = decoded(self.source, parts, end)
        return nodes.Within(
            start, end, inner, nodes.TemplateExpression(0, len(inner.text), parse_template(inner).parts)
        )


def read_file(source: Source) -> Body:
    """Return the blocks of a file, or the attributes of a variable file, in either syntax."""
    if not source.path.endswith(".json"):
        return parse_file(source)
    body = Body()
    try:
        root = _JsonParser(source).value()
    except NotReadable as error:
        body.problems.append(error.problem)
        return body
    for name, value in _entries(root):
        if source.path.endswith(".tfvars.json"):
            body.attributes[name] = _attribute(source, name, value)
        else:
            body.blocks += _blocks(source, name, value, _LABELS.get(name, 0))
    return body


def _blocks(
    source: Source, type_: str, node: nodes.CodeNode, count: int, labels: tuple[str, ...] = ()
) -> Iterator[Block]:
    """Yield the blocks below a node, with as many labels as the keys of this many levels."""
    if isinstance(node, nodes.Array):
        for item in node.items:
            yield from _blocks(source, type_, item, count, labels)
    elif len(labels) < count:
        for name, value in _entries(node):
            yield from _blocks(source, type_, value, count, (*labels, name))
    elif isinstance(node, nodes.Object):
        block = Block(source, node.start, type_, labels, node.start + 1, node.end - 1)
        block.__dict__["body"] = _body(source, type_, node)
        yield block


def _body(source: Source, type_: str, node: nodes.CodeNode) -> Body:
    body = Body()
    for name, value in _entries(node):
        if name == "dynamic" or (type_ == "dynamic" and name == "content"):
            body.blocks += _blocks(source, name, value, int(name == "dynamic"))
            continue
        if (type_, name) == ("variable", "type") and isinstance(value, nodes.TemplateExpression):
            inner = decoded(source, value.parts, value.end)
            value = nodes.Within(value.start, value.end, inner, TerraformParser(inner).value(body.problems))
        body.attributes[name] = _attribute(source, name, value)
    return body


def _attribute(source: Source, name: str, value: nodes.CodeNode) -> Attribute:
    return Attribute(source, name, value.start, value.start, value.end, value)


def _entries(node: nodes.CodeNode) -> Iterator[tuple[str, nodes.CodeNode]]:
    """Yield the entries of an object, or of the objects in a list; `//` is a comment."""
    for each in node.items if isinstance(node, nodes.Array) else (node,):
        for key, value in each.entries if isinstance(each, nodes.Object) else ():
            parts = key.parts if isinstance(key, nodes.TemplateExpression) else ()
            name = "".join(part.text for part in parts if isinstance(part, nodes.Chars))
            if name != "//":
                yield name, value
