"""Policies in strings of PowerShell: `@'…'@` as it is, `@"…"@` with variables, `$(…)` and the operator `-f`.

Of other strings, `'…'` and `"…"`, those count that begin with the document.

Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.project.embedded.code_strings import CodeLanguage, StringToken, decode, policies_of_language
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.text.source import Source

_START = re.compile(
    r"<\#.*?(?:\#>|\Z)|^[ \t]*\#[^\n]*|@(?P<quote>['\"])[ \t]*\r?\n"
    r"|(?P<plain>['\"])(?=\s*<(?:policies|fragment)\b)",
    re.DOTALL | re.MULTILINE,
)
_ENDS = {quote: re.compile(rf"(?P<line>\r?\n?)^{quote}@", re.MULTILINE) for quote in ("'", '"')}
_PLAIN = re.compile(r"(?:''|[^'])*+(?P<end>')")
_PART = re.compile(r"`.|\"\"|(?P<code>\$\()|(?P<end>\")", re.DOTALL)
"""Parts of a string with variables besides characters."""
_DOUBLED = re.compile(r"''")
_VARIABLE = r"`(?P<char>.)|(?P<code>\$\()|\$\{[^{}\r\n]*\}|\$(?:[A-Za-z_]\w*:(?=\w))?[A-Za-z_]\w*|\$[$?^]"
_SPECIAL_IN_HERE = re.compile(_VARIABLE, re.DOTALL)
_SPECIAL = re.compile(r"\"(?P<quote>\")|" + _VARIABLE, re.DOTALL)
_CHARACTERS = dict(zip("0abefnrtv", "\0\a\b\x1b\f\n\r\t\v", strict=True))
_JOINT = re.compile(r"[ \t]*\+\s*(?:(?P<expression>\$[\w.:]+)[ \t]*\+\s*)?")
_FORMATS = re.compile(r"[\s)]*-f\b", re.IGNORECASE)


def policies(outer: Source) -> list[Pieces]:
    return policies_of_language(outer, CodeLanguage(_literals, _decode, _JOINT, _formats, lambda pieces, *_: pieces))


def _literals(text: str) -> Iterator[StringToken]:
    position = 0
    ends = dict(_ENDS)
    while (start := _START.search(text, position)) is not None:
        position = start.end()
        if (plain := start["plain"]) is not None:
            stop = _end_of_plain(text, position, plain)
            if stop is None:
                return
            yield StringToken(start.start(), stop + 1, position, stop, f"plain {plain}")
            position = stop + 1
            continue
        quote = start["quote"]
        if quote not in ends:
            continue
        end = ends[quote].search(text, position)
        if end is None:
            del ends[quote]  # nothing that follows has an end either
            continue
        yield StringToken(start.start(), end.end(), position, max(end.start(), position), quote)
        position = end.end()


def _end_of_plain(text: str, position: int, quote: str) -> int | None:
    """Return the offset of the quotation mark at the end; those in `$(…)` are others."""
    if quote == "'":
        found = _PLAIN.match(text, position)
        return None if found is None else found.start("end")
    while (part := _PART.search(text, position)) is not None:
        if part["end"] is not None:
            return part.start()
        position = _end_of_code(text, part.end(), len(text)) if part["code"] is not None else part.end()
    return None


def _decode(pieces: Pieces, literal: StringToken) -> None:
    if literal.kind == "'":
        pieces.copy(literal.inside, literal.stop)
        return
    if literal.kind == "plain '":
        decode(pieces, literal.inside, literal.stop, _DOUBLED, lambda _: "'")
        return
    text, stop = pieces.outer.text, literal.stop
    begin = literal.inside
    special = _SPECIAL if literal.kind.startswith("plain") else _SPECIAL_IN_HERE
    while (special_sign := special.search(text, begin, stop)) is not None:
        pieces.copy(begin, special_sign.start())
        if special is _SPECIAL and special_sign["quote"] is not None:
            pieces.replace('"', special_sign.start(), special_sign.end())
            begin = special_sign.end()
            continue
        if special_sign["char"] is not None:
            pieces.replace(
                _CHARACTERS.get(special_sign["char"], special_sign["char"]), special_sign.start(), special_sign.end()
            )
            begin = special_sign.end()
        else:
            begin = _end_of_code(text, special_sign.end(), stop) if special_sign["code"] else special_sign.end()
            pieces.hole(special_sign.start(), begin)
    pieces.copy(begin, stop)


def _end_of_code(text: str, start: int, stop: int) -> int:
    """Return the offset behind the parenthesis that closes one before `start`."""
    depth = 1
    for position in range(start, stop):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position + 1
    return stop


def _formats(text: str, _: int, end: int) -> bool:
    return _FORMATS.match(text, end) is not None
