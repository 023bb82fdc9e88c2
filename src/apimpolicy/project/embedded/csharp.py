"""Policies in the strings of C#: `"…"`, `@"…"`, `$"…{hole}…"`, raw strings `\"\"\"…\"\"\"`, and `string.Format`.

Source: https://learn.microsoft.com/dotnet/csharp/language-reference/tokens/raw-string and
https://learn.microsoft.com/dotnet/csharp/language-reference/tokens/interpolated
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from apimpolicy.project.embedded import code_strings
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.infrastructure.nodes import character
from apimpolicy.text.source import Source

_START = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|'(?:\\[^\n]{1,9}?|[^'\\\n])'"
    r"|(?P<dollars>\$*)(?P<raw>\"{3,})|(?P<verbatim>@\$|\$@|@)\"|(?P<interpolated>\$?)\"",
    re.DOTALL,
)
_PARTS = {
    "$": re.compile(r"\\.|\{\{|(?P<hole>\{)|(?P<end>[\"\n])"),
    "$@": re.compile(r"\"\"|\{\{|(?P<hole>\{)|(?P<end>\")"),
}
"""Parts of an interpolated string besides characters."""
_REGULAR = re.compile(r"(?:\\.|[^\"\\\n])*+(?P<end>\")")
_VERBATIM = re.compile(r"(?:\"\"|[^\"])*+(?P<end>\")")
_ESCAPE = r"\\(?:u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})|x(?P<x>[0-9A-Fa-f]{1,4})|(?P<char>[\\'\"0abefnrtv]))"
_BRACES = r"\{\{|\}\}|\{"
_SPECIAL = {
    "": re.compile(_ESCAPE),
    "$": re.compile(f"{_ESCAPE}|{_BRACES}"),
    "@": re.compile('""'),
    "$@": re.compile(f'""|{_BRACES}'),
}
_CHARACTERS = dict(zip("0abefnrtv", "\0\a\b\x1b\f\n\r\t\v", strict=True))
_JOINT = re.compile(r"\s*+\+\s*+(?:(?P<expression>[^\s\"+;{}=][^\n\"+;{}=]{0,200}?)\s*\+\s*)?")
_FORMAT = re.compile(r"\b(?:AppendFormat|Format)\s*\(\s*(?:[\w.]+\s*,\s*)?\Z")


def policies(outer: Source) -> list[Pieces]:
    return code_strings.policies_of_language(
        outer, code_strings.CodeLanguage(_literals, _decode, _JOINT, _formats, lambda pieces, *_: pieces)
    )


def _literals(text: str) -> Iterator[code_strings.StringToken]:
    position = 0
    while (start := _START.search(text, position)) is not None:
        position = start.end()
        if start["raw"] is not None:
            quotes = start["raw"]
            end = text.find(quotes, position)
            if end < 0:
                continue
            while text.startswith('"', end + len(quotes)):  # quotation marks before the last ones are content
                end += 1
            yield code_strings.StringToken(
                start.start(), end + len(quotes), position, end, "raw" + "$" * len(start["dollars"])
            )
            position = end + len(quotes)
            continue
        if start["verbatim"] is None and start["interpolated"] is None:
            continue
        is_verbatim = start["verbatim"] is not None
        has_holes = "$" in (start["verbatim"] or start["interpolated"] or "")
        kind = ("$" if has_holes else "") + ("@" if is_verbatim else "")
        if has_holes:
            stop = _end_of_interpolated(text, position, kind)
            if stop is None:
                return
        else:
            ending = (_VERBATIM if is_verbatim else _REGULAR).match(text, position)
            if ending is None:
                continue
            stop = ending.start("end")
        yield code_strings.StringToken(start.start(), stop + 1, position, stop, kind)
        position = stop + 1


def _end_of_interpolated(text: str, position: int, kind: str) -> int | None:
    """Return the offset of the quotation mark at the end; those in holes, as in `{d["x"]}`, are others."""
    while (part := _PARTS[kind].search(text, position)) is not None:
        if part["end"] is not None:
            return part.start()
        position = code_strings.end_of_braces(text, part.start(), len(text)) if part["hole"] is not None else part.end()
    return None


def _decode(pieces: Pieces, literal: code_strings.StringToken) -> None:
    if literal.kind == "raw":
        pieces.copy(literal.inside, literal.stop)
    elif literal.kind.startswith("raw"):
        count = len(literal.kind) - len("raw")
        code_strings.decode(pieces, literal.inside, literal.stop, _holes_of(count), lambda _: None)
    else:
        code_strings.decode(pieces, literal.inside, literal.stop, _SPECIAL[literal.kind], _value)


@cache
def _holes_of(count: int) -> re.Pattern[str]:
    """Return the pattern for the start of a hole in a raw string with `count` dollar signs: the last `count` braces."""
    return re.compile(r"\{" * count + r"(?!\{)")


def _value(found: re.Match[str]) -> str | None:
    text = found[0]
    if text in ("{{", "}}", '""'):
        return text[0]
    if text == "{":
        return None
    groups = found.groupdict()
    if code := groups.get("u") or groups.get("U") or groups.get("x"):
        return character(code)
    return _CHARACTERS.get(groups["char"], groups["char"])


def _formats(text: str, start: int, _: int) -> bool:
    return _FORMAT.search(text, max(0, start - 100), start) is not None
