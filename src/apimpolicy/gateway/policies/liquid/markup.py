"""Errors of a template, its tokens, the fragments that tags are made of, and a rendering of it.

A token is a text, `{{ … }}` or `{% … %}`. Inside of them DotLiquid looks for what it knows and skips the rest; the
patterns here find the same, in a time that does not grow with the square of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.records import Record


class LiquidError(Exception):
    """An error while rendering; its text appears in the output. `message` is a .NET string."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def shown(self) -> str:
        return f"Liquid error: {self.message}"


class LiquidSyntaxError(LiquidError):
    """A template or a tag that cannot be read; while reading it ends everything, while rendering it is text."""

    @property
    def shown(self) -> str:
        return f"Liquid syntax error: {self.message}"


class Interruption(Exception):
    """`break` and `continue`, on the way to their loop."""


class BreakLoop(Interruption):
    """Leave the loop."""


class ContinueLoop(Interruption):
    """Continue with the next item."""


TEXT, OUTPUT, TAG = "text", "output", "tag"

QUOTED = r"\"[^\"]*\"|'[^']*'"
FRAGMENT = rf"(?:{QUOTED}|(?:[^\s,|'\"]|{QUOTED})+)"
"""A text in quotes, or a run without blanks, commas and bars; quotes inside a run belong to it."""

_OPEN = re.compile(r"\{\{|\{%")
_STOPS = {"{{": (re.compile(r"[\"']|\}\}"), "}}"), "{%": (re.compile(r"[\"']|%\}"), "%}")}
_FOLLOWING = re.compile(r"\n|\r\n|[ \t]+")
_RAW_END = {name: re.compile(rf"\{{%-?\s*end{name}\s*(-?)%\}}") for name in ("raw", "literal", "comment")}
_NAME = re.compile(r"\s*(\w+)\s*(.*)", re.DOTALL)
_COMMENT = re.compile(r"\{\s?#.*#\s?\}\Z", re.DOTALL)


class TemplateToken(Record):
    """`kind` is TEXT, OUTPUT or TAG; of a tag, `name` is its name and `content` what follows."""

    kind: str
    content: str
    name: str = ""


def tokenize(source: str) -> Iterator[TemplateToken]:
    """Yield the tokens of a template. Raises LiquidSyntaxError for a tag without an end."""
    if source.startswith("{{{") and source.endswith("}}}") and len(source) > 5:
        inside = source[3:-3].rstrip()
        yield TemplateToken(TEXT, inside[1:] if inside[:1].isspace() else inside)
        return
    if _COMMENT.match(source) is not None:
        return
    position = 0
    while True:
        opening = _OPEN.search(source, position)
        if opening is None:
            if position < len(source):
                yield TemplateToken(TEXT, source[position:])
            return
        start = opening.end()
        before = source[position : opening.start()]
        if source.startswith("-", start):
            before = before.rstrip(" \t")
            start += 1
        if before:
            yield TemplateToken(TEXT, before)
        end, position = _end(source, opening.group(), opening.start(), start)
        content = source[start:end]
        if opening.group() == "{{":
            yield TemplateToken(OUTPUT, content)
            continue
        named = _NAME.match(content)
        if named is None:
            raise LiquidSyntaxError(f"Tag '{{%{content}%}}' was not properly terminated with regexp: \\%\\}}")
        yield TemplateToken(TAG, named[2], named[1])
        if named[1] in _RAW_END:
            closing = _RAW_END[named[1]].search(source, position)
            if closing is None:
                raise LiquidSyntaxError(f"{named[1]} tag was never closed")
            yield TemplateToken(TEXT, source[position : closing.start()])
            position = closing.end() if not closing[1] else _after_blanks(source, closing.end())


def _end(source: str, opening: str, begin: int, start: int) -> tuple[int, int]:
    """Return where the content of a tag ends, and where the source continues."""
    stops, mark = _STOPS[opening]
    at = start
    while True:
        stop = stops.search(source, at)
        if stop is None:
            end = source.find(mark, start)  # an odd quote: it is not a quote then
            break
        if stop.group() == mark:
            end = stop.start()
            break
        closing = source.find(stop.group(), stop.end())
        if closing < 0:
            end = source.find(mark, stop.end())
            break
        at = closing + 1
    if end < 0:
        what = "Variable" if opening == "{{" else "Tag"
        raise LiquidSyntaxError(
            f"{what} '{source[begin : begin + 40]}' was not properly terminated with regexp: {re.escape(mark)}"
        )
    after = end + len(mark)
    if end > start and source[end - 1] == "-":
        return end - 1, _after_blanks(source, after)
    return end, after


def _after_blanks(source: str, position: int) -> int:
    """Return the text that `-` at the end of a tag removes: one line end, or blanks."""
    following = _FOLLOWING.match(source, position)
    return position if following is None else following.end()


MAXIMUM_SCOPES = 80
"""Blocks within blocks; DotLiquid's own limit."""


class Rendering:
    """Scopes of variables, innermost last, over the `roots` that every template sees."""

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self.roots = roots
        self.scopes: list[dict[str, Any]] = [{}]
        self.unknown_filters: set[str] = set()
        self.errors = 0
        self.offsets: dict[str, int] = {}
        self.cycles: dict[Any, int] = {}
        self.last_changed: str | None = None
        self._parts: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def write(self, text: str) -> None:
        """Write more. Raises LimitExceededError when it becomes too long."""
        here = environment()
        self._length += len(text)
        here.check_length(self._length)
        here.step(len(text) >> 6)
        self._parts.append(text)

    @contextmanager
    def captured(self) -> Iterator[list[str]]:
        """Write into a list instead."""
        around, self._parts = self._parts, []
        try:
            yield self._parts
        finally:
            self._parts = around

    def render_all(self, nodes: Sequence[TemplateNode]) -> None:
        """Render one part after another; an error becomes text in its place."""
        step = environment().step
        for node in nodes:
            step()
            try:
                node(self)
            except LiquidError as error:
                self.errors += 1
                self.write(error.shown)
            except DotnetException as error:
                self.errors += 1
                self.write(f"Liquid error: {error.message}")

    @contextmanager
    def scope(self) -> Iterator[dict[str, Any]]:
        """Open a scope for a block. Raises LiquidError when there are too many."""
        if len(self.scopes) > MAXIMUM_SCOPES:
            raise LiquidError("Nesting too deep")
        inner: dict[str, Any] = {}
        self.scopes.append(inner)
        try:
            yield inner
        finally:
            self.scopes.pop()

    def find(self, name: str) -> Any:
        """Return the value of a variable; null when there is none."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.roots.get(name)

    def assign(self, name: str, value: Any) -> None:
        self.scopes[0][name] = value


TemplateNode = Callable[[Rendering], None]
"""A part of a template: it writes its output. Raises LiquidError, DotnetException, Interruption, LimitExceededError."""
LiquidExpression = Callable[[Rendering], Any]
"""Something that has a value. Raises LiquidError, DotnetException."""


def text_node(text: str) -> TemplateNode:
    return lambda rendering: rendering.write(text)
