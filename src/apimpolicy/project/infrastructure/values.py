"""Values of infrastructure code: None, truth values, numbers, texts, lists, and dictionaries; and what isn't known.

A text is a `str`. One that was read or put together from files is a `Text`, which knows where its characters come from.
What isn't known is an `Unknown` with its source text; inside of a text it is a mark around that source text, so that
equal texts are the same unknown value. Functions on texts keep marks whole or give up.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

from apimpolicy.text.source import CLOSE, OPEN, Source

Value: TypeAlias = Any
Find: TypeAlias = "Callable[[str, int, int], Iterable[re.Match[str]]]"
"""Finds the matches in a text from one offset to another."""
MARKED = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
LONGEST_TEXT = 8 * 1024 * 1024
LONGEST_LIST = 100_000


class Unknown:
    """A value that isn't known, with its expression."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if OPEN not in text and CLOSE not in text else text.translate({0xFDD0: None, 0xFDD1: None})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Unknown({self.text!r})"


class Missing(Unknown):
    """A value that certainly isn't there: a member that an object doesn't have, an index after the end of a list."""

    __slots__ = ()


class Part(NamedTuple):
    """Characters of a text, and the span of the file that they stand for; `verbatim` if the file has the same ones."""

    text: str
    source: Source
    start: int
    end: int
    verbatim: bool


class SourcedText(str):
    """A text and where its parts come from."""

    __slots__ = ("_starts", "parts")
    parts: tuple[Part, ...]
    _starts: list[int]

    @classmethod
    def of(cls, parts: Iterable[Part]) -> SourcedText:
        """Return the text that parts make."""
        kept = tuple(part for part in parts if part.text)
        if len(kept) > LONGEST_LIST or sum(len(part.text) for part in kept) > LONGEST_TEXT:
            raise ValueTooLarge
        made = cls("".join(part.text for part in kept))
        made.parts = kept
        return made

    def starts(self) -> list[int]:
        """Return the offset of each part."""
        try:
            return self._starts
        except AttributeError:
            self._starts = list(accumulate((len(part.text) for part in self.parts[:-1]), initial=0))
            return self._starts

    @classmethod
    def whole(cls, part: Part) -> SourcedText:
        """Return the text that one part is."""
        if len(part.text) > LONGEST_TEXT:
            raise ValueTooLarge
        made = cls(part.text)
        made.parts = (part,)
        return made

    @classmethod
    def file(cls, source: Source) -> SourcedText:
        """Return the whole text of a file."""
        return cls.whole(Part(source.text, source, 0, len(source.text), True))


class ValueTooLarge(Exception):
    """A value is larger than any that belongs to a service."""


class NameResolver:
    """An object that resolves names but is no value itself: variables, a resource, a module."""

    def member(self, name: str) -> Value:
        """Resolve a member. Raises LookupError when it isn't known."""
        raise LookupError(name)

    def item(self, key: Value) -> Value:
        """Resolve a key or an index. Raises LookupError when it isn't known."""
        raise LookupError(key)

    def value(self) -> Value:
        """Return the value where one is needed. Raises LookupError when it isn't known."""
        raise LookupError

    def elements(self) -> list[Value]:
        """Return the items of a list of references. Raises LookupError when they aren't known."""
        raise LookupError


class Named(NameResolver):
    """A reference that resolves members with a function."""

    def __init__(self, find: Callable[[str], Value]) -> None:
        self._find = find

    def member(self, name: str) -> Value:
        return self._find(name)


def blocks_in(value: Value) -> list[Mapping[str, Value]]:
    """Return the objects that a list of blocks has, or that a property is."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def hole(value: Unknown) -> str:
    """Return the mark of an unknown value in a text."""
    return f"{OPEN}{value.text}{CLOSE}"


def is_known(value: Value) -> bool:
    """Return whether a value is known, apart from the items of a list or an object."""
    return not isinstance(value, Unknown | NameResolver) and not (isinstance(value, str) and OPEN in value)


def leaves(value: Value) -> Iterator[Value]:
    """Yield the keys and the values inside of a value that hold no others.

    Raises TooLarge: nested lists that share their items are small in memory and very large when serialized.
    """
    waiting = [value]
    left = 2 * LONGEST_LIST
    while waiting:
        each = waiting.pop()
        left -= 1
        if left < 0:
            raise ValueTooLarge
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
        else:
            yield each


def is_fully_known(value: Value) -> bool:
    """Return whether a value is known with all its items. Raises TooLarge."""
    return all(map(is_known, leaves(value)))


def ensure_bounded(value: Value) -> None:
    """Raise TooLarge for a value that would be very large when serialized."""
    length = 0
    for each in leaves(value):
        length += len(each) if isinstance(each, str) else 1
        if length > LONGEST_TEXT:
            raise ValueTooLarge


def shown(text: str) -> str:
    """Return a text with its unknown values as `${…}`."""
    return MARKED.sub(lambda found: f"${{{found[0][1:-1]}}}", text) if OPEN in text else text


def can_equal(first: str, second: str) -> bool:
    """Return whether two texts can be equal, of which one or both have marks."""
    if OPEN in first and OPEN in second:
        return True
    marked, text = (first, second) if OPEN in first else (second, first)
    start, *middle, end = MARKED.split(marked)
    if not text.startswith(start) or not text.endswith(end):
        return False
    position = len(start)
    for part in middle:
        place = text.find(part, position)
        if place < 0:
            return False
        position = place + len(part)
    return position <= len(text) - len(end)


def parts_of(text: str, source: Source, start: int, end: int) -> Sequence[Part]:
    """Return the parts of a text; one without any is the span."""
    if isinstance(text, SourcedText):
        return text.parts
    return (Part(text, source, start, end, False),)


def cut(text: str, start: int, end: int) -> str:
    """Return the characters from `start` to `end`, which are not inside of a mark."""
    if not isinstance(text, SourcedText):
        return text[start:end]
    found: list[Part] = []
    starts, parts = text.starts(), text.parts
    for index in range(max(bisect_right(starts, start) - 1, 0), len(parts)):
        part, position = parts[index], starts[index]
        if position >= end:
            break
        length = len(part.text)
        first, last = max(start - position, 0), min(end - position, length)
        if first < last:
            if first == 0 and last == length:
                found.append(part)
            elif part.verbatim:
                found.append(Part(part.text[first:last], part.source, part.start + first, part.start + last, True))
            else:
                found.append(part._replace(text=part.text[first:last]))
    return SourcedText.of(found)


def joined(texts: Sequence[str]) -> str:
    """Return texts after one another; where one has no parts of its own, it is at the end of the one before."""
    if sum(map(len, texts)) > LONGEST_TEXT:
        raise ValueTooLarge
    first = next((text for text in texts if isinstance(text, SourcedText) and text.parts), None)
    if first is None:
        return "".join(texts)
    source, place = first.parts[0].source, first.parts[0].start
    parts: list[Part] = []
    for text in texts:
        if isinstance(text, SourcedText):
            parts += text.parts
            if text.parts:
                source, place = text.parts[-1].source, text.parts[-1].end
        else:
            parts.append(Part(text, source, place, place, False))
    return SourcedText.of(parts)


def replaced(text: str, find: Find, make: Callable[[re.Match[str]], str]) -> str:
    """Return a text with another text for each match outside of marks.

    `find` returns the matches in a text from one offset to another, `make` the new text for a match.
    """
    found: list[str] = []
    position = begin = 0
    for marked in [*MARKED.finditer(text), None]:
        stop = len(text) if marked is None else marked.start()
        for match in find(text, begin, stop):
            found += [cut(text, position, match.start()), make(match)]
            position = match.end()
            if len(found) > LONGEST_LIST:
                raise ValueTooLarge
        begin = stop if marked is None else marked.end()
    return joined([*found, cut(text, position, len(text))]) if found else text


def stripped(text: str, leading: str | None, trailing: str | None) -> str:
    """Return a text without characters at its ends; None is white space, and an empty set leaves an end as it is."""
    start = 0 if leading == "" else len(text) - len(text.lstrip(leading))
    end = len(text) if trailing == "" else len(text.rstrip(trailing))
    return cut(text, start, max(start, end))


def to_json(value: Value) -> Any:
    """Return a value for `json`; unknown values are marks."""
    if isinstance(value, Unknown):
        return hole(value)
    if isinstance(value, dict):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [to_json(each) for each in value]
    if isinstance(value, str):
        return str(value)  # without its origins
    return None if isinstance(value, NameResolver) else value


def json_text(value: Value) -> str:
    """Return a value as JSON text. Raises TooLarge."""
    ensure_bounded(value)
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


class EncodedText(SourcedText):
    """A JSON text with the value that it encodes, so that decoding keeps the origins of its texts."""

    __slots__ = ("value",)
    value: Value

    @classmethod
    def made_of(cls, value: Value, text: str) -> EncodedText:
        made = cls(text)
        made.parts = ()
        made.value = value
        return made


def whole(value: Value) -> Value:
    """Return a whole number as an int: `2.0` is `2`."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
