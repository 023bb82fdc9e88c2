"""Replacement patterns: `$1 ${name} $$ $& $\\` $' $+ $_`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from apimpolicy.dotnet.regex.atoms import is_name_character, longest_number
from apimpolicy.dotnet.regex.options import ECMA_SCRIPT

if TYPE_CHECKING:
    from apimpolicy.dotnet.regex.matches import Match
    from apimpolicy.dotnet.regex.translation import Translation

    Part = str | int

WHOLE, BEFORE, AFTER, LAST, INPUT = 0, -1, -2, -3, -4
"""Besides group numbers (0 is the whole match), what a part of a replacement may stand for."""
_SPECIAL = {"&": WHOLE, "`": BEFORE, "'": AFTER, "+": LAST, "_": INPUT}


@functools.lru_cache(maxsize=256)
def read_replacement(text: str, translation: Translation, options: int) -> tuple[Part, ...]:
    """Return the parts of a replacement pattern: text and references."""
    parts: list[Part] = []
    position = 0
    while position < len(text):
        found = text.find("$", position)
        if found < 0:
            break
        if found > position:
            parts.append(text[position:found])
        part, position = _reference(text, found + 1, translation, bool(options & ECMA_SCRIPT))
        parts.append(part)
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def _reference(text: str, position: int, translation: Translation, ecma: bool) -> tuple[Part, int]:
    """Return the reference after a `$` and the position behind it; a `$` that refers to nothing is text."""
    char = text[position : position + 1]
    if char == "$":
        return "$", position + 1
    if char in _SPECIAL and char:
        return _SPECIAL[char], position + 1
    braced = char == "{"
    start = position + braced
    end = start
    number: int | None = None
    if _is_digit(text[start : start + 1]):
        while _is_digit(text[end : end + 1]):
            end += 1
        if ecma and not braced:
            _, end = longest_number(text, start, end, translation.numbers)
        wanted = int(text[start:end].lstrip("0")[:11] or "0") if end > start else -1
        number = wanted if wanted in translation.numbers else None
    elif braced:
        while is_name_character(text[end : end + 1]):
            end += 1
        number = translation.names.get(text[start:end])
    if number is not None and (not braced or text[end : end + 1] == "}"):
        return number, end + braced
    return "$", position


def _is_digit(char: str) -> bool:
    return char.isascii() and char.isdigit()


def expand(parts: tuple[Part, ...], match: Match) -> str:
    """Return the replacement of one match."""
    out: list[str] = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif part >= 0:
            out.append(match.group_text(part) or "")
        elif part == BEFORE:
            out.append(match.text[: match.index])
        elif part == AFTER:
            out.append(match.text[match.index + match.length :])
        elif part == INPUT:
            out.append(match.text)
        else:
            last = match.regex.translation.numbers[-1] if match.regex is not None else 0
            out.append(match.group_text(last) or "")
    return "".join(out)
