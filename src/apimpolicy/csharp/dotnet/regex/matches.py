"""Matches, groups and captures, and the replacements that name them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.arrays import copy_into
from apimpolicy.csharp.dotnet.collections.generic import BoxedEnumerator, ReadOnlyView
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentOutOfRangeException, NotSupportedException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.regex.atoms import is_name_character, longest_number
from apimpolicy.csharp.dotnet.regex.character_classes import ECMA_SCRIPT
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements_all, member

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.regex.expressions import Regex
    from apimpolicy.csharp.dotnet.regex.translator import Translation

    Part = str | int


# Replacement patterns: `$1 ${name} $$ $& $\` $' $+ $_`

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
        group = int(text[start:end].lstrip("0")[:11] or "0") if end > start else -1
        number = group if group in translation.numbers else None
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


# `Match`, `Group`, `Capture` and their collections: what a match found

_NAMESPACE = "System.Text.RegularExpressions."
_GROUP = named(_NAMESPACE + "Group")


@dotnet_class(f"{_NAMESPACE}Capture")
class Capture:
    """A part of the input; `index` and `length` count UTF-16 code units."""

    __slots__ = ("index", "length", "text")

    def __init__(self, text: str, index: int, length: int) -> None:
        self.text = text
        self.index = index
        self.length = length

    @property
    def value(self) -> str:
        return self.text[self.index : self.index + self.length]

    def to_string(self) -> str:
        return self.value


class _CaptureList(ReadOnlyView):
    """Base of the three collections: a read-only list."""

    __slots__ = ("_items",)

    index_name = "i"

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    @property
    def count(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def get_item(self, index: int) -> Any:
        if 0 <= index < len(self._items):
            return self._items[index]
        raise ArgumentOutOfRangeException(self.index_name)

    def index_of(self, item: Any) -> int:
        return next((index for index, own in enumerate(self._items) if own is item), -1)

    def contains(self, item: Any) -> bool:
        return self.index_of(item) >= 0

    def copy_to(self, array: Any, index: int) -> None:
        copy_into(self._items, array, index)

    def get_enumerator(self) -> BoxedEnumerator:
        return BoxedEnumerator(self)


@dotnet_class(f"{_NAMESPACE}CaptureCollection", members="Item=get_item")
class CaptureCollection(_CaptureList):
    __slots__ = ()


@dotnet_class(f"{_NAMESPACE}MatchCollection", members="Item=get_item")
class MatchCollection(_CaptureList):
    """All matches; found when the first of them is read."""

    __slots__ = ("_source",)

    def __init__(self, source: Iterator[Match]) -> None:
        self._source: Iterator[Match] | None = source

    def __getattr__(self, name: str) -> Any:
        """Fills `_items` on first use."""
        if name != "_items" or self._source is None:
            raise AttributeError(name)
        source, self._source = self._source, None
        self._items = list(source)
        return self._items


@dotnet_class(f"{_NAMESPACE}Group")
class Group(Capture):
    """A group: its last capture, and all of them. `match` is None for a group that no pattern has."""

    __slots__ = ("_match", "_number", "success")

    def __init__(self, text: str, span: tuple[int, int], match: Match | None, number: int) -> None:
        start, end = span
        self.success = start >= 0
        self.text = text
        self.index = start if self.success else 0
        self.length = end - start
        self._match = match
        self._number = number

    @property
    def name(self) -> str:
        numbers = {} if self._match is None else self._match.numbers
        return next((name for name, number in numbers.items() if number == self._number), "")

    @property
    def captures(self) -> CaptureCollection:
        spans = self._match.spans(self._number) if self._match is not None and self.success else []
        return CaptureCollection([Capture(self.text, start, end - start) for start, end in spans])


_NO_GROUP = Group("", (-1, -1), None, 0)


@dotnet_class(f"{_NAMESPACE}GroupCollection")
class GroupCollection(_CaptureList):
    """The groups of a match in the order of their numbers; a missing group is one that did not succeed."""

    __slots__ = ("_match",)

    def __init__(self, match: Match) -> None:
        self._match = match

    def __getattr__(self, name: str) -> Any:
        """Fill `_items` on first use."""
        if name != "_items":
            raise AttributeError(name)
        self._items = list(map(self._match.group, self._match.numbers.values()))
        return self._items

    @member("Item[int]")
    def get_item(self, index: Any) -> Group:
        return self._match.group(index)

    @member("Item[string]")
    def get_named(self, name: str) -> Group:
        return self._match.group(self._match.numbers.get(require(name, "groupname"), -1))


_WHOLE = {"0": 0}


@dotnet_class(f"{_NAMESPACE}Match")
class Match(Group):
    """A match, or the failure to find one. `offset` is where the searched part of the input begins."""

    __slots__ = ("_found", "_groups", "_made", "offset", "regex", "searched")

    def __init__(self, regex: Regex | None, text: str, searched: str, offset: int, found: Any) -> None:
        start, end = (-1, -1) if found is None else found.span()
        self.success = found is not None
        self.text = text
        self.index = start + offset if self.success else 0
        self.length = end - start
        self._match, self._number = None, 0
        self.regex = regex
        self.searched = searched
        self.offset = offset
        self._found = found
        self._made: dict[int, Group] = {}
        self._groups: GroupCollection | None = None

    @property
    def name(self) -> str:
        return "0"

    @property
    def captures(self) -> CaptureCollection:
        return CaptureCollection([Capture(self.text, self.index, self.length)] if self.success else [])

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each group by its name."""
        return _WHOLE if self.regex is None or self._found is None else self.regex.translation.names

    def spans(self, number: int) -> list[tuple[int, int]]:
        """Return where a group, given by its number in the pattern, was captured, in order."""
        offset = self.offset
        return [(start + offset, end + offset) for start, end in self._found.spans(f"g{number}")]

    def group(self, number: int) -> Group:
        """Return a group by its number; one that did not succeed if the pattern has none of this number."""
        if number == 0:
            return self
        made = self._made.get(number)
        if made is not None:
            return made
        if self._found is None or self.regex is None or number not in self.regex.translation.numbers:
            return _NO_GROUP
        start, end = self._found.span(f"g{number}")
        if start >= 0:
            start, end = start + self.offset, end + self.offset
        made = self._made[number] = Group(self.text, (start, end), self, number)
        return made

    def group_text(self, number: int) -> str | None:
        """Return the last capture of a group, or None when there is none."""
        return self._found.group(f"g{number}" if number else 0)  # type: ignore[no-any-return]

    @property
    def groups(self) -> GroupCollection:
        if self._groups is None:
            if self.regex is not None and self._found is not None:
                environment().step(len(self.regex.translation.numbers) - 1)
            self._groups = GroupCollection(self)
        return self._groups

    def next_match(self) -> Match:
        if self.regex is None or self._found is None:
            return self
        return self.regex.match_after(self)

    def result(self, replacement: str) -> str:
        replacement = require(replacement, "replacement")
        if self.regex is None or self._found is None:
            raise NotSupportedException("Result cannot be called on a failed Match.")
        return expand(read_replacement(replacement, self.regex.translation, self.regex.options), self)


_EMPTY = Match(None, "", "", 0, None)


def no_match() -> Match:
    """`Match.Empty`."""
    return _EMPTY


implements_all(f"{_NAMESPACE}Match", {"Empty": lambda: _EMPTY})
