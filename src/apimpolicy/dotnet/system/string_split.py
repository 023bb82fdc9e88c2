"""`string.Split` in all its overloads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException
from apimpolicy.dotnet.registry import counts_itself, implements
from apimpolicy.dotnet.system.characters import WHITE_SPACE
from apimpolicy.dotnet.values import Array, string_array

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNBOUNDED = 0x7FFFFFFF
_FEW = 1024
"""Parts that are made without asking for the limit."""
_WHITE_SPACE = re.compile(f"[{WHITE_SPACE}]")


def split(text: str, separators: Iterable[str | None] | None, count: int = _UNBOUNDED, options: int = 0) -> Array:
    """Split at any of the separators, at white space when there are none.

    At most `count` parts, the last one being the rest; option 1 is RemoveEmptyEntries.

    >>> list(split("a,b,,c", [","], 3, 1)), list(split(" a b ", None))
    (['a', 'b', 'c'], ['', 'a', 'b', ''])
    """
    if count < 0:
        raise ArgumentOutOfRangeException("count", "Count cannot be less than zero.")
    if options not in (0, 1):
        raise ArgumentException(f"Illegal enum value: {options}.", "options")
    if count == 0 or (options == 1 and not text):
        return string_array(())
    wanted = list(separators or ())
    given = list(dict.fromkeys(separator for separator in wanted if separator))
    if count == 1 or (wanted and not given):
        return string_array((text,))
    work_through(len(text) * max(len(given), 1))
    parts = _parts(text, given)
    environment().check_elements(len(parts))
    environment().step(len(parts) >> 1)
    if options == 0:
        return string_array(part for part, _ in parts) if count >= len(parts) else _limited(text, parts, count)
    return _without_empty(text, parts, count)


def _parts(text: str, separators: list[str]) -> list[tuple[str, int]]:
    """Return all parts, each with the position after its separator."""
    if len(separators) == 1:
        width, position = len(separators[0]), 0
        found = []
        for part in text.split(separators[0]):
            position += len(part) + width
            found.append((part, position))
        return found
    pattern = re.compile("|".join(map(re.escape, separators))) if separators else _WHITE_SPACE
    found, position = [], 0
    for match in pattern.finditer(text):
        found.append((text[position : match.start()], match.end()))
        position = match.end()
    found.append((text[position:], len(text)))
    return found


def _limited(text: str, parts: list[tuple[str, int]], count: int) -> Array:
    first = parts[: count - 1]
    return string_array([*(part for part, _ in first), text[first[-1][1] :]])


def _without_empty(text: str, parts: list[tuple[str, int]], count: int) -> Array:
    kept: list[str] = []
    for index, (part, after) in enumerate(parts):
        if not part:
            continue
        kept.append(part)
        if len(kept) == count - 1 and index + 1 < len(parts):
            following = index + 1
            while following < len(parts) - 1 and not parts[following][0]:
                after = parts[following][1]
                following += 1
            if text[after:]:
                kept.append(text[after:])
            break
    return string_array(kept)


@implements("string", "Split(char[])")
def _split_chars(text: str, separators: Array | None) -> Array:
    if separators is not None and len(separators) == 1:
        return split_at_one(text, separators[0])
    return split(text, separators)


@implements("string", "Split")
def _split_count(text: str, separators: Array | None, count: int, options: int = 0) -> Array:
    return split(text, separators, count, options)


@implements("string", "Split(char[], StringSplitOptions)", "Split(string[], StringSplitOptions)")
def _split_options(text: str, separators: Array | None, options: int) -> Array:
    return split(text, separators, _UNBOUNDED, options)


@implements("string", "Split(char, StringSplitOptions)", "Split(string, StringSplitOptions)")
@counts_itself
def split_at_one(text: str, separator: str | None, options: int = 0) -> Array:
    if separator and options == 0:
        if len(text) > FREE_UNITS:
            work_through(len(text))
        parts = text.split(separator)
        if len(parts) > _FEW:
            environment().check_elements(len(parts))
            environment().step(len(parts) >> 1)
        return string_array(parts)
    return split(text, (separator,), _UNBOUNDED, options)


@implements("string", "Split(char, int, StringSplitOptions)", "Split(string, int, StringSplitOptions)")
def _split_one_count(text: str, separator: str | None, count: int, options: int = 0) -> Array:
    return split(text, (separator,), count, options)
