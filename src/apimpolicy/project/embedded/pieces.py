"""Putting a policy's text together from pieces of the outer file."""

from __future__ import annotations

from apimpolicy.text.source import Source

PLACEHOLDER = "template-value-"
"""How the named values begin that stand for what a template puts in later."""


class Pieces:
    """A text in the making, and where each piece of it comes from."""

    def __init__(self, outer: Source) -> None:
        self.outer = outer
        self.text: list[str] = []
        self.anchors: list[tuple[int, int, bool]] = []
        self._length = 0
        self._placeholders = 0
        self._end = 0

    def copy(self, start: int, end: int) -> None:
        """The characters from `start` to `end`, as they are."""
        if start < end:
            self._add(self.outer.text[start:end], start, end, True)

    def replace(self, text: str, start: int, end: int) -> None:
        """Another text for the characters from `start` to `end`."""
        if text:
            self._add(text, start, end, len(text) == 1 and end == start + 1)

    def placeholder(self, start: int, end: int) -> None:
        """Something that is not known, for the characters from `start` to `end`."""
        self._placeholders += 1
        self.replace(f"{{{{{PLACEHOLDER}{self._placeholders}}}}}", start, end)

    def _add(self, text: str, start: int, end: int, in_step: bool) -> None:
        self.anchors.append((self._length, start, in_step))
        self.text.append(text)
        self._length += len(text)
        self._end = end

    def source(self) -> Source:
        """The finished text as a source whose positions are those of the outer file."""
        anchors = (*self.anchors, (self._length, self._end, True)) if self.anchors else ((0, 0, True),)
        return Source("".join(self.text), self.outer.path, self.outer, anchors)
