"""Finding things in a string, and splitting it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from apimpolicy.csharp.dotnet.collections.arrays import COUNT, INDEX
from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, check_range, require
from apimpolicy.csharp.dotnet.registry import counts_itself, implements, implements_all
from apimpolicy.csharp.dotnet.system import collation
from apimpolicy.csharp.dotnet.system.characters import WHITE_SPACE, rfind, to_upper
from apimpolicy.csharp.dotnet.values import Array, string_array

# Finding things in a string: IndexOf, LastIndexOf, Contains, StartsWith, EndsWith.
# Searches for a character, `Contains` and `Replace` compare code units; searches for a string without a
# `StringComparison` go by the invariant culture (see `collation`).

ORDINAL, ORDINAL_IGNORE_CASE = 4, 5
CURRENT_CULTURE = 0
"""Of the enum `System.StringComparison`; 0 to 3 are those of cultures, the odd ones ignore case."""


def check_comparison(comparison: int) -> None:
    if not 0 <= comparison <= 5:
        raise ArgumentException("The string comparison type passed in is currently not supported.", "comparisonType")


def _find(text: str, value: str, comparison: int, last: bool) -> int:
    if comparison == ORDINAL:
        return rfind(text, value) if last else text.find(value)
    if comparison == ORDINAL_IGNORE_CASE:
        text, value = to_upper(text), to_upper(value)
        return rfind(text, value) if last else text.find(value)
    return collation.find(text, value, bool(comparison & 1), last)[0]


@implements("string", "IndexOf(string, int, int)", "IndexOf(string, int, int, StringComparison)")
def index_of(text: str, value: str | None, start: int, count: int, comparison: int = CURRENT_CULTURE) -> int:
    """`IndexOf` within `count` code units from `start`; raises ArgumentNullException, ArgumentOutOfRangeException."""
    value = require(value, "value")
    check_comparison(comparison)
    check_range(0 <= start <= len(text), "startIndex", INDEX)
    check_range(0 <= count <= len(text) - start, "count", COUNT)
    if not value:
        return start
    work_through(count)
    part = text if count == len(text) else text[start : start + count]
    found = _find(part, value, comparison, False)
    return found + start if found >= 0 else -1


@implements("string", "LastIndexOf(string, int, int)", "LastIndexOf(string, int, int, StringComparison)")
def last_index_of(text: str, value: str | None, start: int, count: int, comparison: int = CURRENT_CULTURE) -> int:
    """`LastIndexOf` within the `count` code units that end at `start`."""
    value = require(value, "value")
    check_comparison(comparison)
    if not text and start in (-1, 0):
        return -1 if value else 0
    check_range(0 <= start <= len(text), "startIndex", INDEX)
    if start == len(text):
        start -= 1
        count -= count > 0
    check_range(count >= 0 and start - count + 1 >= 0, "count", COUNT)
    if not value:
        return start
    begin = start - count + 1
    work_through(count)
    found = _find(text[begin : start + 1], value, comparison, True)
    return found + begin if found >= 0 else -1


@implements("string", "IndexOf")
def _index_of(text: str, value: str | None, comparison: int = CURRENT_CULTURE) -> int:
    return index_of(text, value, 0, len(text), comparison)


@implements("string", "IndexOf(string, int)", "IndexOf(string, int, StringComparison)")
def _index_of_from(text: str, value: str | None, start: int, comparison: int = CURRENT_CULTURE) -> int:
    return index_of(text, value, start, max(len(text) - start, 0), comparison)


@implements("string", "LastIndexOf")
def _last_index_of(text: str, value: str | None, comparison: int = CURRENT_CULTURE) -> int:
    return last_index_of(text, value, len(text) - 1, len(text), comparison)


@implements("string", "LastIndexOf(string, int)", "LastIndexOf(string, int, StringComparison)")
def _last_index_of_from(text: str, value: str | None, start: int, comparison: int = CURRENT_CULTURE) -> int:
    return last_index_of(text, value, start, start + 1, comparison)


@implements("string", "IndexOf(char)")
@counts_itself
def _index_of_char(text: str, value: str) -> int:
    if len(text) > FREE_UNITS:
        work_through(len(text))
    return text.find(value)


@implements("string", "IndexOf(char, int)")
@counts_itself
def _index_of_char_from(text: str, value: str, start: int) -> int:
    check_range(0 <= start <= len(text), "startIndex", INDEX)
    work_through(len(text) - start)
    return text.find(value, start)


def _last_bounds(text: str, start: int, count: int) -> tuple[int, int]:
    check_range(0 <= start < len(text), "startIndex", INDEX)
    check_range(0 <= count <= start + 1, "count", COUNT)
    return start - count + 1, start + 1


@implements("string", "LastIndexOf(char)")
@counts_itself
def _last_index_of_char(text: str, value: str) -> int:
    if len(text) > FREE_UNITS:
        work_through(len(text))
    return text.rfind(value)


@implements("string", "LastIndexOf(char, int, int)")
def _last_index_of_char_part(text: str, value: str, start: int, count: int) -> int:
    return text.rfind(value, *_last_bounds(text, start, count)) if text else -1


def _any_of(text: str, chars: Array | None, begin: int, end: int, last: bool) -> int:
    chars = require(chars, "anyOf")
    environment().step((end - begin) >> 2)
    wanted = frozenset(chars)
    places = range(end - 1, begin - 1, -1) if last else range(begin, end)
    return next((place for place in places if text[place] in wanted), -1)


@implements("string", "IndexOfAny(char[], int, int)")
def _index_of_any_part(text: str, chars: Array | None, start: int, count: int) -> int:
    check_range(0 <= start <= len(text), "startIndex", INDEX)
    check_range(0 <= count <= len(text) - start, "count", COUNT)
    return _any_of(text, chars, start, start + count, False)


@implements("string", "LastIndexOfAny(char[], int, int)")
def _last_index_of_any_part(text: str, chars: Array | None, start: int, count: int) -> int:
    return _any_of(text, chars, *_last_bounds(text, start, count), True) if text else -1


@implements("string", "Contains(string)")
@counts_itself
def contains(text: str, value: str | None) -> bool:
    """By code units; raises ArgumentNullException."""
    value = require(value, "value")
    if len(text) > FREE_UNITS:
        work_through(len(text))
    return value in text


@implements("string", "StartsWith(string)", "StartsWith(string, StringComparison)")
@counts_itself
def starts_with(text: str, value: str | None, comparison: int = CURRENT_CULTURE) -> bool:
    """By the invariant culture unless told otherwise; raises ArgumentNullException."""
    value = require(value, "value")
    check_comparison(comparison)
    work_through(len(value))
    if comparison == ORDINAL:
        return text.startswith(value)
    if comparison == ORDINAL_IGNORE_CASE:
        return to_upper(text[: len(value)]) == to_upper(value)
    return collation.starts_with(text, value, bool(comparison & 1))


@implements("string", "EndsWith(string)", "EndsWith(string, StringComparison)")
@counts_itself
def ends_with(text: str, value: str | None, comparison: int = CURRENT_CULTURE) -> bool:
    """By the invariant culture unless told otherwise; raises ArgumentNullException."""
    value = require(value, "value")
    check_comparison(comparison)
    work_through(len(value))
    if comparison == ORDINAL:
        return text.endswith(value)
    if comparison == ORDINAL_IGNORE_CASE:
        return len(value) <= len(text) and to_upper(text[len(text) - len(value) :]) == to_upper(value)
    return collation.ends_with(text, value, bool(comparison & 1))


implements_all(
    "string",
    {
        "IndexOf(char, int, int)": lambda text, value, start, count: index_of(text, value, start, count, ORDINAL),
        "LastIndexOf(char, int)": lambda text, value, start: _last_index_of_char_part(text, value, start, start + 1),
        "IndexOfAny(char[])": lambda text, chars: _any_of(text, chars, 0, len(text), False),
        "LastIndexOfAny(char[])": lambda text, chars: _any_of(text, chars, 0, len(text), True),
        "LastIndexOfAny(char[], int)": lambda text, chars, at: _last_index_of_any_part(text, chars, at, at + 1),
        "Contains(char)": lambda text, value: value in text,
        "StartsWith(string, bool, CultureInfo)": lambda text, value, ignore_case, _: starts_with(
            text, value, int(ignore_case)
        ),
        "EndsWith(string, bool, CultureInfo)": lambda text, value, ignore_case, _: ends_with(
            text, value, int(ignore_case)
        ),
        "StartsWith(char)": lambda text, value: text[:1] == value,
        "EndsWith(char)": lambda text, value: text[-1:] == value,
        "IndexOfAny(char[], int)": lambda text, chars, start: _index_of_any_part(text, chars, start, len(text) - start),
        "Contains": lambda text, value, comparison: index_of(text, value, 0, len(text), comparison) >= 0,
        "Split": lambda text, separators, count, options=0: split(text, separators, count, options),
    },
)


# `string.Split` in all its overloads

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
    check_range(count >= 0, "count", "Count cannot be less than zero.")
    if options not in (0, 1):
        raise ArgumentException(f"Illegal enum value: {options}.", "options")
    if count == 0 or (options == 1 and not text):
        return string_array(())
    listed = list(separators or ())
    distinct = list(dict.fromkeys(separator for separator in listed if separator))
    if count == 1 or (listed and not distinct):
        return string_array((text,))
    work_through(len(text) * max(len(distinct), 1))
    parts = _parts(text, distinct)
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
