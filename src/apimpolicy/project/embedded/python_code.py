"""Policies in the strings of Python: `\"\"\"<policies> … \"\"\"`, f-strings, `.format(…)`, `%`, `string.Template`.

Source: https://docs.python.org/3/reference/lexical_analysis.html#string-and-bytes-literals
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.project.embedded import code_strings
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.infrastructure.nodes import character
from apimpolicy.text.source import Source

_START = re.compile(r"\#[^\n]*|(?:(?<!\w)(?P<prefix>[rRbBuUfFtT]{1,2}))?(?P<quote>\"\"\"|'''|\"|')")
_ENDS = {
    quote: re.compile(rf"(?:\\[\s\S]|(?!{quote}).)*+(?P<end>{quote})", re.DOTALL if len(quote) == 3 else 0)
    for quote in ('"""', "'''", '"', "'")
}
_ESCAPE = (
    r"\\(?:\r?\n|(?P<octal>[0-7]{1,3})|x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})"
    r"|N\{[^{}]*\}|(?P<char>[\\'\"abfnrtv]))"
)
_BRACES = r"\{\{|\}\}|\{"
_SPECIAL = {"": re.compile(_ESCAPE), "f": re.compile(f"{_ESCAPE}|{_BRACES}"), "fr": re.compile(_BRACES)}
_CHARACTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_JOINT = re.compile(
    r"(?:\s|\\\r?\n|\#[^\n]*\n)*+"
    r"(?:\+(?:\s|\\\r?\n)*+(?:(?P<expression>[^\s\"'+;{}=#][^\n\"'+;{}=#]{0,200}?)\s*\+(?:\s|\\\r?\n)*+)?)?"
)
_FORMATS = re.compile(r"[\s)]*\.format(?:_map)?\(")
_PERCENT = re.compile(r"[\s)]*%\s*[\w(\[{]")
_PRINTF = re.compile(r"%%|%(?:\(\w+\))?[-+# 0]*\d*(?:\.\d+)?[sdrifgx]")
_PRINTF_ELSEWHERE = re.compile(r"%s|%d|%\(\w+\)[sd]")
"""Placeholders of the operator `%` in a text that is formatted elsewhere; policies have no other use for them."""
_NAME = re.compile(r"\$[A-Za-z_]\w*")


def policies(outer: Source) -> list[Pieces]:
    return code_strings.policies_of_language(
        outer, code_strings.CodeLanguage(_literals, _decode, _JOINT, _formats, _finish)
    )


def _literals(text: str) -> Iterator[code_strings.StringToken]:
    position = 0
    unended: set[str] = set()
    while (start := _START.search(text, position)) is not None:
        position = start.end()
        quote = start["quote"]
        if quote is None:
            continue
        end = None if quote in unended else _ENDS[quote].match(text, position)
        if end is None:
            if len(quote) == 3:
                unended.add(quote)  # nothing that follows has an end either
            continue
        prefix = (start["prefix"] or "").lower()
        kind = ("f" if "f" in prefix or "t" in prefix else "") + ("r" if "r" in prefix else "")
        yield code_strings.StringToken(start.start(), end.end(), start.end(), end.start("end"), kind)
        position = end.end()


def _decode(pieces: Pieces, literal: code_strings.StringToken) -> None:
    special = _SPECIAL.get(literal.kind)
    if special is None:
        pieces.copy(literal.inside, literal.stop)
    else:
        code_strings.decode(pieces, literal.inside, literal.stop, special, _value)


def _value(found: re.Match[str]) -> str | None:
    text = found[0]
    if text in ("{{", "}}"):
        return text[0]
    if text == "{":
        return None
    groups = found.groupdict()
    if groups.get("octal"):
        return character(groups["octal"], 8)
    if code := groups.get("x") or groups.get("u") or groups.get("U"):
        return character(code)
    if text.startswith("\\N"):
        return "\ufffd"
    char = groups.get("char")
    return "" if char is None else _CHARACTERS.get(char, char)


def _formats(text: str, _: int, end: int) -> bool:
    return _FORMATS.match(text, end) is not None


def _finish(pieces: Pieces, text: str, _: int, end: int) -> Pieces:
    if _PERCENT.match(text, end) is not None:
        pieces = pieces.with_holes_for(_PRINTF, code_strings.DOUBLED)
    else:
        pieces = pieces.with_holes_for(_PRINTF_ELSEWHERE)
    if "Template(" in text:
        pieces = pieces.with_holes_for(_NAME)
    return pieces
