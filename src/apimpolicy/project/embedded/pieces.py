"""Putting a policy's text together from pieces of the outer file, with holes and choices where a template has them.

A choice is a template's `if`: texts of which one is taken. A template with choices is read several times, and every
reading is a policy of its own. `readings` is what is known of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from apimpolicy.text.source import Source, has_hole, mark, without_holes

if TYPE_CHECKING:
    import re

    from apimpolicy.diagnostics import Diagnostic

MOST_READINGS = 64
"""Readings of one template; with more choices than that some are only read together."""

MOST_NESTED = 40


class _Text(NamedTuple):
    text: str
    start: int
    end: int
    in_step: bool


class _Choice(NamedTuple):
    branches: list[list[_Item]]


_Item: TypeAlias = "_Text | _Choice"


class Pieces:
    """A text in the making, and where each piece of it comes from."""

    def __init__(self, outer: Source) -> None:
        self.outer = outer
        self.fault: Diagnostic | None = None
        """The problem of the string that contains the text, if it can't be read to its end."""
        self.holes: dict[str, int] = {}
        self._all: list[_Item] = []
        self._items = self._all  # of the branch that is open
        self._open: list[tuple[list[_Item], _Choice | None]] = []

    def copy(self, start: int, end: int) -> None:
        if start < end:
            self._items.append(_Text(self.outer.text[start:end], start, end, True))

    def replace(self, text: str, start: int, end: int) -> None:
        """Another text for the characters from `start` to `end`."""
        if text:
            self._items.append(_Text(text, start, end, len(text) == 1 and end == start + 1))

    def hole(self, start: int, end: int) -> None:
        """Something that is not known, for the characters from `start` to `end`; equal texts are the same hole."""
        number = self.holes.setdefault(self.outer.text[start:end], len(self.holes))
        self.replace(mark(number), start, end)

    # Choices

    def begin_choice(self) -> None:
        """Begin the first branch of a choice. Of choices that are nested too deeply all branches are taken."""
        if len(self._open) >= MOST_NESTED:
            self._open.append((self._items, None))
            return
        choice = _Choice([[]])
        self._items.append(choice)
        self._open.append((self._items, choice))
        self._items = choice.branches[0]

    def next_branch(self) -> None:
        """Begin the next branch; without an open choice nothing happens."""
        choice = self._open[-1][1] if self._open else None
        if choice is not None:
            self._items = []
            choice.branches.append(self._items)

    def end_choice(self) -> None:
        """End the choice; without an open choice nothing happens."""
        if self._open:
            self._items, _ = self._open.pop()

    @property
    def has_choices(self) -> bool:
        return any(isinstance(item, _Choice) for item in self._all)

    def add(self, other: Pieces) -> None:
        written = list(other.holes)
        self._items += [self._renumbered(item, written) for item in other._all]

    def _renumbered(self, item: _Item, holes: Sequence[str]) -> _Item:
        if isinstance(item, _Choice):
            return _Choice([[self._renumbered(each, holes) for each in branch] for branch in item.branches])
        if not has_hole(item.text):
            return item
        number = self.holes.setdefault(holes[int(item.text[1:-1])], len(self.holes))
        return item._replace(text=mark(number))

    def with_holes_for(self, pattern: re.Pattern[str], written: Mapping[str, str] | None = None) -> Pieces:
        """Return the text with a hole wherever the pattern matches; matches that are in `written` are those texts."""
        result = Pieces(self.outer)
        result.holes = dict(self.holes)
        result._all[:] = [each for item in self._all for each in result._parted(item, pattern, written or {})]
        return result

    def filled(self, value_of: Callable[[str], str | None]) -> Pieces:
        """Return a copy in which holes with a value are filled."""
        values = [value_of(written) for written in self.holes]
        result = Pieces(self.outer)
        result.holes = dict(self.holes)
        result._all[:] = [self._with_value(item, values) for item in self._all]
        return result

    def _with_value(self, item: _Item, values: Sequence[str | None]) -> _Item:
        if isinstance(item, _Choice):
            return _Choice([[self._with_value(each, values) for each in branch] for branch in item.branches])
        value = values[int(item.text[1:-1])] if has_hole(item.text) else None
        return item if value is None else item._replace(text=value)

    def _parted(self, item: _Item, pattern: re.Pattern[str], written: Mapping[str, str]) -> Iterator[_Item]:
        if isinstance(item, _Choice):
            yield _Choice([[p for each in branch for p in self._parted(each, pattern, written)] for branch in item[0]])
            return
        text, start, _, in_step = item
        if not in_step or has_hole(text):
            yield item
            return
        position = 0
        for found in pattern.finditer(text):
            if found.start() > position:
                yield _Text(text[position : found.start()], start + position, start + found.start(), True)
            new = written.get(found[0])
            if new is None:
                new = mark(self.holes.setdefault(found[0], len(self.holes)))
            yield _Text(new, start + found.start(), start + found.end(), False)
            position = found.end()
        if position < len(text):
            yield _Text(text[position:], start + position, start + len(text), True)

    # What comes of it

    @property
    def beginning(self) -> str:
        """The first characters of the text, branches after one another: enough to see what it is."""
        return "".join(item.text for item in _flat(self._all))[:4096]

    @property
    def whole(self) -> str:
        return "".join(item.text for item in _flat(self._all))

    def source(self) -> Source:
        return self._source(self._taken({}, 0))

    def readings(self) -> list[Source]:
        """Return enough variants that each branch occurs in one, and doesn't in another.

        These have all first branches, all second ones, and so on; none; and each branch alone. A variant without text
        of its own is not a policy: `condition ? "" : <<XML …` deploys none, or one from another file.
        """
        choices = list(_choices(self._all))
        if not choices:
            return [self.source()]
        found: dict[str, Source] = {}
        most = max(len(choice.branches) for choice, _ in choices)
        for number in (*range(min(most, MOST_READINGS)), most + 1):
            self._read(found, self._taken({}, number))
        alone = ((choice, around, number) for choice, around in choices for number in range(len(choice.branches)))
        for choice, around, number in islice(alone, MOST_READINGS):
            self._read(found, self._taken({id(choice): number, **around}, most + 1))
        return [source for text, source in found.items() if without_holes(text).strip()] or list(found.values())

    def _read(self, found: dict[str, Source], items: list[_Text]) -> None:
        source = self._source(items)
        found.setdefault(source.text, source)

    def _taken(self, chosen: dict[int, int], otherwise: int) -> list[_Text]:
        """Return the texts with the `chosen` branch of each choice; none for a number that it doesn't have."""
        taken: list[_Text] = []
        waiting: list[_Item] = list(reversed(self._all))
        while waiting:
            item = waiting.pop()
            if isinstance(item, _Text):
                taken.append(item)
                continue
            number = chosen.get(id(item), otherwise)
            if number < len(item.branches):
                waiting.extend(reversed(item.branches[number]))
        return taken

    def _source(self, items: list[_Text]) -> Source:
        anchors: list[tuple[int, int, bool]] = []
        length = last = 0
        for text, start, end, in_step in items:
            if anchors and last != start:
                anchors.append((length, last, True))  # where the piece before ends
            anchors.append((length, start, in_step))
            length, last = length + len(text), end
        anchors.append((length, last, True))
        text = "".join(item.text for item in items)
        return Source(text, self.outer.path, self.outer, tuple(anchors), tuple(self.holes))


def _flat(items: list[_Item]) -> Iterator[_Text]:
    for item in items:
        if isinstance(item, _Text):
            yield item
        else:
            for branch in item.branches:
                yield from _flat(branch)


def _choices(items: list[_Item], around: dict[int, int] | None = None) -> Iterator[tuple[_Choice, dict[int, int]]]:
    around = around or {}
    for item in items:
        if isinstance(item, _Choice):
            yield item, around
            for number, branch in enumerate(item.branches):
                yield from _choices(branch, {**around, id(item): number})
