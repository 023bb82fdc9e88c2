"""Policies in the strings of program code: what Python, C# and PowerShell have in common.

A language says where its string literals are and what is in them. A policy is one literal, or several that are put
together with `+`, whatever is between them being a hole. Only whole documents count, from `<policies>` or
`<fragment>` to its end tag: code makes policies out of parts in more ways than anyone can read. What `format` and the
like put in later is a hole too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.embedded.shapes import read_shapes
from apimpolicy.project.files import looks_like_policies, root_name
from apimpolicy.text.source import Source

_BEGIN = re.compile(r"<(?:policies|fragment)\b")
_MAY_END = re.compile(r"</(?:policies|fragment)\s*>|/>")
_ENDS = {root: re.compile(rf"</{root}\s*>\s*\Z|\A\s*<{root}\b[^<>]*/>\s*\Z") for root in ("policies", "fragment")}
"""The end of a document, by its root."""
MOST_JOINED = 2_000
"""Literals of which one policy may be put together."""

FIELDS = re.compile(r"\{\{|\}\}|\{[\w.\[\]!:,\- ]*\}")
"""Placeholders of `format`, in Python and .NET."""
DOUBLED = {"{{": "{", "}}": "}", "%%": "%"}
_FIELD = re.compile(r"(?<![@${\w])\{(?:\d+|[A-Za-z_]\w*)\}(?!\})")
"""A field of a text that is formatted somewhere else, and that is not a named value or code."""
_DOLLAR = re.compile(r"\$\{[A-Za-z_][^{}\r\n]{0,100}\}")


class StringToken(NamedTuple):
    """A string literal: its span, the span of what is inside, and how its characters are written (a language's own)."""

    start: int
    end: int
    inside: int
    stop: int
    kind: str = ""


class CodeLanguage(NamedTuple):
    """The syntax of strings in a language.

    `literals` finds them, looking past comments; `decode` adds what one says to a text in the making. `joint` matches
    what is between two literals of one text, with a group for an expression in between. `formats` says of the
    source and a span whether the text there is formatted by `FIELDS`; `finish` may add more holes.
    """

    literals: Callable[[str], Iterator[StringToken]]
    decode: Callable[[Pieces, StringToken], None]
    joint: re.Pattern[str]
    formats: Callable[[str, int, int], bool]
    finish: Callable[[Pieces, str, int, int], Pieces]


def policies_of_language(outer: Source, language: CodeLanguage) -> list[Pieces]:
    text = outer.text
    if _BEGIN.search(text) is None:
        return []
    literals = list(language.literals(text))
    policies: list[Pieces] = []
    index = 0
    while index < len(literals):
        first = literals[index]
        index += 1
        if _BEGIN.search(text, first.inside, first.stop) is None:
            continue
        pieces = Pieces(outer)
        language.decode(pieces, first)
        beginning = pieces.beginning.lstrip("\ufeff \t\r\n")
        root = root_name(beginning.encode("utf-8", "replace")).decode()
        if root not in _ENDS or not beginning.startswith("<"):
            continue
        last = _join(language, pieces, literals, index, _ENDS[root])
        whole = pieces.whole
        if _ENDS[root].search(whole) is not None and looks_like_policies(whole.encode("utf-8", "replace")):
            policies.append(_with_holes(pieces, text, first.start, literals[last].end, language))
        index = last + 1
    return policies


def _join(
    language: CodeLanguage, pieces: Pieces, literals: list[StringToken], following: int, end: re.Pattern[str]
) -> int:
    """Add the literals that follow the first one to a text until it ends; return the index of the last."""
    text = pieces.outer.text
    last = following - 1
    while last + 1 < len(literals) and last - following < MOST_JOINED:
        here, after = literals[last], literals[last + 1]
        if _MAY_END.search(text, here.inside, here.stop) is not None and end.search(pieces.whole) is not None:
            break
        joint = language.joint.fullmatch(text, here.end, after.start)
        if joint is None:
            break
        if joint["expression"] is not None:
            pieces.hole(*joint.span("expression"))
        language.decode(pieces, after)
        last += 1
    return last


def _with_holes(pieces: Pieces, text: str, start: int, end: int, language: CodeLanguage) -> Pieces:
    if language.formats(text, start, end) or "@{{" in pieces.whole:
        pieces = pieces.with_holes_for(FIELDS, DOUBLED)
    elif "ormat" in text or " -f " in text:
        pieces = pieces.with_holes_for(_FIELD)
    pieces = language.finish(pieces, text, start, end)
    if pieces.holes:
        return pieces.with_holes_for(_DOLLAR)
    return read_shapes(pieces.source())


def decode(
    pieces: Pieces, start: int, stop: int, special: re.Pattern[str], value_of: Callable[[re.Match[str]], str | None]
) -> None:
    """Add the characters of a literal; `special` matches escapes.

    `value_of` gives the text for a match; None is a hole, which for `{` reaches to the brace that closes it.
    """
    text = pieces.outer.text
    begin = position = start
    while (found := special.search(text, position, stop)) is not None:
        value = value_of(found)
        end = found.end()
        if value is None and found[0].endswith("{"):
            end = end_of_braces(text, found.start(), stop)
        pieces.copy(begin, found.start())
        if value is None:
            pieces.hole(found.start(), end)
        else:
            pieces.replace(value, found.start(), end)
        begin = position = max(end, found.start() + 1)
    pieces.copy(begin, stop)


def end_of_braces(text: str, start: int, stop: int) -> int:
    """Return the offset after the brace that closes the one at `start`, ignoring braces in strings."""
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
