"""Errors of a template, its tokens, and the fragments that tags are made of.

A token is a text, `{{ … }}` or `{% … %}`. Inside of them DotLiquid looks for what it knows and skips the rest; the
patterns here find the same, in a time that does not grow with the square of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.records import Record


class LiquidError(Exception):
    """An error while rendering; its text appears in the output. `message` is a .NET string."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def shown(self) -> str:
        """Return the text of the error in the output."""
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
        found = stops.search(source, at)
        if found is None:
            end = source.find(mark, start)  # an odd quote: it is not a quote then
            break
        if found.group() == mark:
            end = found.start()
            break
        closing = source.find(found.group(), found.end())
        if closing < 0:
            end = source.find(mark, found.end())
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
