"""A parser of expressions by precedence climbing, over tokens that are read on demand from the text of a file.

Why written by hand: quoted templates hold expressions that hold quoted templates, new lines end an expression in some
brackets and not in others, and bodies are read only when needed. All three contradict a grammar for
tables, and tree-sitter's parser accepts whatever it gets, so that a broken file would have no message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from apimpolicy.project.infrastructure import nodes
from apimpolicy.text.source import Source

MOST_NESTED = 60
"""Brackets in brackets that are read; what is nested more deeply is unreadable."""
MOST_DIGITS = 1_000
"""Digits of a number that is read."""
LONGEST_CHAIN = 250
"""Operators or accesses in a row, of which the tree is as deep."""
MOST_STRINGS = 200
"""Strings to extract from text that can't be parsed."""
CONSTANTS = {"true": True, "false": False, "null": None}


class SyntaxProblem(NamedTuple):
    message: str
    start: int
    end: int


class NotReadable(Exception):
    """The text at an offset isn't what the language has there."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.problem = SyntaxProblem(message, start, end)


def end_of(pattern: re.Pattern[str], text: str, start: int, stop: int) -> int:
    """Return where a match of a pattern ends; `start` without one."""
    found = pattern.match(text, start, stop)
    return start if found is None else found.end()


_NUMBER_OR_PATH = re.compile(r"[ \t]*+(?:(\d{1,15}+)|((?:[^\W\d][\w-]*+\.){0,50}+[^\W\d][\w-]*+))[ \t]*+\r?")


def plain_expression(text: str, start: int, stop: int) -> nodes.CodeNode | None:
    """Return the expression of a span that is a whole number, a constant or names with dots between them.

    Most expressions are; without tokens they are read several times faster. None for any other.
    """
    found = _NUMBER_OR_PATH.fullmatch(text, start, stop)
    if found is None:
        return None
    if found[1] is not None:
        return nodes.LiteralValue(*found.span(1), int(found[1]))
    start = found.start(2)
    first, *members = found[2].split(".")
    at = start + len(first)
    node = _named(start, at, first)
    for name in members:
        at += 1 + len(name)
        node = nodes.Member(start, at, node, name)
    return node


def _named(start: int, end: int, name: str) -> nodes.CodeNode:
    return nodes.LiteralValue(start, end, CONSTANTS[name]) if name in CONSTANTS else nodes.Name(start, end, name)


class ExpressionParser:
    """The common part of the languages' parsers: the token at hand, operators, accesses, calls, lists."""

    TOKEN: ClassVar[re.Pattern[str]]
    """Blanks and comments, then one token in a group: `name`, `number`, `quote`, `sign`, `line`, `end` or `other`."""
    PRECEDENCE: ClassVar[dict[str, int]]
    STRINGS: ClassVar[re.Pattern[str]]
    """The beginnings of strings, and comments."""
    SAFE_ACCESS: ClassVar[bool] = False
    LINES_IN_LISTS: ClassVar[bool] = False
    """True when new lines separate the items of a list."""
    CONTINUED: ClassVar[re.Pattern[str] | None] = None
    """Continuation of an expression on the next line: the new line and the blanks before it."""

    def __init__(self, source: Source, start: int = 0, stop: int | None = None) -> None:
        self.source = source
        self.text = source.text
        self.stop = len(self.text) if stop is None else stop
        self.kind = self.token = ""
        self.start = self.end = self.last = start
        self.lines = True
        """True when a new line is a token here."""
        self.depth = 0

    # Tokens

    def advance(self) -> None:
        """Read the next token; `last` is the end of the previous one."""
        self.last = position = self.end
        while True:
            found = self.TOKEN.match(self.text, position, self.stop)
            if found is None:
                raise NotReadable("the comment isn't closed", position, self.stop)
            kind = found.lastgroup or ""
            position = found.end()
            if kind != "line" or self.lines:
                break
        self.kind = kind
        self.token = found[kind]
        self.start, self.end = position - len(self.token), position

    def move(self, position: int) -> None:
        self.end = position
        self.advance()

    def at(self, sign: str) -> bool:
        return self.token == sign and self.kind == "sign"

    def at_word(self, word: str) -> bool:
        return self.token == word and self.kind == "name"

    def accept(self, sign: str) -> bool:
        """Consume a sign, or a word, if it is at hand; return whether it was."""
        found = self.token == sign and self.kind in ("sign", "name")
        if found:
            self.advance()
        return found

    def expect(self, sign: str) -> None:
        """Consume a sign, or a word. Raises NotReadable for any other token."""
        if self.token != sign or self.kind == "quote":
            raise self.unexpected(f"'{sign}'")
        self.advance()

    def close(self, sign: str, lines: bool) -> None:
        """Consume a closing bracket, after which new lines count as they did before the opening one."""
        if not self.at(sign):
            raise self.unexpected(f"'{sign}'")
        self.lines = lines
        self.advance()

    def open(self, lines: bool) -> bool:
        """Consume an opening bracket; return whether new lines counted before it."""
        before, self.lines = self.lines, lines
        self.advance()
        return before

    def separator(self, closing: str) -> None:
        """Consume what separates entries, unless a closing bracket is at hand. Raises NotReadable."""
        if not self.accept(",") and self.kind != "line" and not self.at(closing):
            raise self.unexpected(f"',' or '{closing}'")
        self.skip_lines()

    def skip_lines(self) -> None:
        while self.kind == "line":
            self.advance()

    def word(self) -> str:
        if self.kind != "name":
            raise self.unexpected("a name")
        name = self.token
        self.advance()
        return name

    def unexpected(self, wanted: str) -> NotReadable:
        shown = {"line": "the end of the line", "end": "the end of the file"}.get(self.kind, f"'{self.token}'")
        return NotReadable(f"expected {wanted}, but found {shown}", self.start, max(self.end, self.start))

    def strings(self, start: int, stop: int) -> Iterator[nodes.CodeNode]:
        """Yield the strings of a span that can't be parsed."""
        position = start
        for _ in range(MOST_STRINGS):
            self.lines, self.depth = True, MOST_NESTED - 3  # what is inside of these strings matters little
            found = self.STRINGS.search(self.text, position, stop)
            if found is None:
                return
            position = found.end()
            if found[0].startswith("//"):
                continue
            try:
                self.move(found.start())
                node = self.primary()
            except NotReadable:
                continue
            yield node
            position = max(node.end, position)

    # Expressions

    def expression(self) -> nodes.CodeNode:
        """Read one expression. Raises NotReadable."""
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise NotReadable(f"brackets are nested more than {MOST_NESTED} levels deep", self.start, self.end)
        node = self.binary(0)
        self.continue_line()
        if self.at("?"):
            self.advance()
            self.skip_lines()
            when_true = self.expression()
            self.skip_lines()
            self.expect(":")
            self.skip_lines()
            when_false = self.expression()
            node = nodes.Conditional(node.start, when_false.end, node, when_true, when_false)
        self.depth -= 1
        return node

    def continue_line(self) -> None:
        """Move to the next line if the expression continues there."""
        if self.kind == "line" and self.CONTINUED is not None:
            found = self.CONTINUED.match(self.text, self.start, self.stop)
            if found is not None:
                self.move(found.end())

    def binary(self, least: int) -> nodes.CodeNode:
        left = self.unary()
        for _ in range(LONGEST_CHAIN):
            if self.kind == "line":
                self.continue_line()
            level = self.PRECEDENCE.get(self.token, -1) if self.kind == "sign" else -1
            if level < least:
                return left
            operator = self.token
            self.advance()
            self.skip_lines()
            right = self.binary(level + 1)
            left = nodes.Binary(left.start, right.end, operator, left, right)
        raise NotReadable("the expression is too long", left.start, self.end)

    def unary(self) -> nodes.CodeNode:
        signs: list[tuple[str, int]] = []
        while self.kind == "sign" and self.token in ("!", "-", "+") and len(signs) < MOST_NESTED:
            signs.append((self.token, self.start))
            self.advance()
        node = self.access(self.primary())
        for sign, start in reversed(signs):
            node = nodes.Unary(start, node.end, sign, node)
        return node

    def access(self, node: nodes.CodeNode) -> nodes.CodeNode:
        """Read what is accessed in a value."""
        for _ in range(LONGEST_CHAIN):
            if self.kind != "sign":
                return node
            following = self.access_once(node)
            if following is None:
                return node
            node = following
        raise NotReadable("the expression is too long", node.start, self.end)

    def access_once(self, node: nodes.CodeNode) -> nodes.CodeNode | None:
        if self.at(".") or (self.SAFE_ACCESS and self.at(".?")):
            safe = self.token == ".?"
            self.advance()
            return nodes.Member(node.start, self.end, node, self.word(), safe)
        if self.at("["):
            before = self.open(False)
            safe = self.SAFE_ACCESS and self.accept("?")
            index = self.expression()
            end = self.end
            self.close("]", before)
            return nodes.Index(node.start, end, node, index, safe)
        return None

    def primary(self) -> nodes.CodeNode:
        """Read a value without operators. The languages add their own."""
        start = self.start
        if self.kind == "number":
            if len(self.token) > MOST_DIGITS:
                raise NotReadable(f"the number has more than {MOST_DIGITS:,} digits", start, self.end)
            value = float(self.token) if re.search(r"[.eE]", self.token) else int(self.token)
            self.advance()
            return nodes.LiteralValue(start, self.last, value)
        if self.kind == "name":
            name = self.token
            self.advance()
            if self.at("("):
                arguments, expand = self.arguments()
                return nodes.FunctionCall(start, self.last, name, arguments, expand)
            return _named(start, self.last, name)
        if self.at("("):
            before = self.open(False)
            node = self.expression()
            self.close(")", before)
            return node
        raise self.unexpected("an expression")

    def arguments(self) -> tuple[list[nodes.CodeNode], bool]:
        """Read the arguments of a call, and whether the last one is expanded."""
        before = self.open(False)
        found: list[nodes.CodeNode] = []
        expand = False
        while not self.at(")"):
            found.append(self.expression())
            expand = self.accept("...") or expand
            if not self.accept(",") and not self.at(")"):
                raise self.unexpected("',' or ')'")
        self.close(")", before)
        return found, expand

    def array(self, start: int) -> nodes.CodeNode:
        before = self.open(self.LINES_IN_LISTS)
        items: list[nodes.CodeNode] = []
        self.skip_lines()
        while not self.at("]"):
            items.append(self.item())
            self.separator("]")
        self.close("]", before)
        return nodes.Array(start, self.last, items)

    def item(self) -> nodes.CodeNode:
        return self.expression()
