"""Texts with positions: a `Source` is a whole file, an `Excerpt` is a piece of one that knows the way back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple


class Position(NamedTuple):
    """A place in a source; both numbers count from 1, columns count characters."""

    line: int
    column: int


class Source:
    """A policy file (or a text that never was one): its name, its text, and lines by offset.

    A source that was made from another one by replacing pieces of it (named values) has that one as its `origin`:
    lines and positions are the original's, so that every message about this text points into the file.
    `anchors` are triples (offset here, offset in the origin, in step) in rising order; a segment that is not in step
    replaces a piece of the origin as a whole.
    `holes` are the placeholders whose marks are in the text (see `holes`), as the origin has them, by number.
    """

    __slots__ = ("_line_starts", "_offsets", "anchors", "holes", "origin", "path", "text")

    def __init__(
        self,
        text: str,
        path: str = "<policy>",
        origin: Source | None = None,
        anchors: tuple[tuple[int, int, bool], ...] = ((0, 0, True),),
        holes: tuple[str, ...] = (),
    ) -> None:
        self.text = text
        self.path = path
        self.origin = origin
        self.anchors = anchors
        self.holes: tuple[str, ...] = holes if holes or origin is None else origin.holes
        self._offsets: list[int] | None = None
        self._line_starts: list[int] | None = None

    def original(self, offset: int) -> int:
        """Return the offset in the file itself; anywhere in a replaced piece it is where the piece begins."""
        if self.origin is None:
            return offset
        _, theirs = self._segment(offset)
        return self.origin.original(theirs)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the file itself; a replaced piece is covered as a whole."""
        return (start, end) if self.origin is None else self.origin.original_span(*self.span_in_origin(start, end))

    def span_in_origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the text that this one was made from; a replaced piece is covered as a whole."""
        _, first = self._segment(start)
        if end <= start:
            return first, first
        index, last = self._segment(end - 1)
        return first, last + 1 if self.anchors[index][2] else self.anchors[index + 1][1]

    def holds(self, offset: int) -> bool:
        """Return whether the character at an offset of the file is in this text; a template may leave some out."""
        if self.origin is None:
            return 0 <= offset <= len(self.text)
        ends = [*(anchor[0] for anchor in self.anchors[1:]), len(self.text)]
        for index, ((mine, theirs, in_step), end) in enumerate(zip(self.anchors, ends, strict=True)):
            if in_step:
                first, last = self.origin.original_span(theirs, theirs + end - mine)
            else:
                following = self.anchors[index + 1 : index + 2]
                first, last = self.origin.original_span(theirs, following[0][1] if following else theirs)
            if first <= offset < max(last, first + 1) and (end > mine or len(self.anchors) == 1):
                return True
        return False

    def _segment(self, offset: int) -> tuple[int, int]:
        if self._offsets is None:
            self._offsets = [anchor[0] for anchor in self.anchors]
        index = bisect_right(self._offsets, offset) - 1
        mine, theirs, in_step = self.anchors[index]
        return index, theirs + offset - mine if in_step else theirs

    @property
    def line_starts(self) -> list[int]:
        """Offsets in the file itself at which lines begin; CR LF, LF and a lone CR each end a line."""
        if self.origin is not None:
            return self.origin.line_starts
        if self._line_starts is None:
            text = self.text
            starts = [0]
            if "\r" in text:
                for index, char in enumerate(text):
                    if char == "\n" or (char == "\r" and text[index + 1 : index + 2] != "\n"):
                        starts.append(index + 1)
            else:
                index = text.find("\n")
                while index >= 0:
                    starts.append(index + 1)
                    index = text.find("\n", index + 1)
            self._line_starts = starts
        return self._line_starts

    def position(self, offset: int) -> Position:
        """Return the line and column, in the file itself, of the character at `offset`."""
        offset = self.original(offset)
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the text of one line of the file itself (counted from 1), without its line end."""
        if self.origin is not None:
            return self.origin.line(number)
        starts = self.line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    @property
    def line_count(self) -> int:
        return len(self.line_starts)

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {len(self.text)} characters)"


class Excerpt:
    """A text taken out of a source, possibly decoded on the way, that can say where each character came from.

    `anchors` are pairs (offset in the excerpt, offset in the source) in rising order; between two anchors both run
    in step. An excerpt that was copied verbatim has one anchor: `((0, start),)`.
    `compiled` is for whoever compiles it (`engine.steps.compiled`): what was made of a text lives as long as the text.
    """

    __slots__ = ("_offsets", "anchors", "compiled", "end", "source", "start", "text")

    def __init__(
        self, text: str, source: Source, start: int, end: int, anchors: tuple[tuple[int, int], ...] | None = None
    ) -> None:
        self.text = text
        self.source = source
        self.start = start
        self.end = end
        self.anchors = anchors if anchors is not None else ((0, start),)
        self._offsets = [anchor[0] for anchor in self.anchors]
        self.compiled: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Excerpt, (self.text, self.source, self.start, self.end, self.anchors)

    @classmethod
    def of(cls, text: str, path: str = "<expression>") -> Excerpt:
        """Return an excerpt that is the whole of a source of its own."""
        return cls(text, Source(text, path), 0, len(text))

    def locate(self, offset: int) -> int:
        """Return the offset in the source of the character at `offset` of this excerpt."""
        mine, theirs = self.anchors[bisect_right(self._offsets, offset) - 1]
        return min(theirs + offset - mine, self.end)

    def replaced(self, pieces: Sequence[tuple[int, int, str]]) -> Excerpt:
        """Return the excerpt with other texts for pieces of it: triples (start, end, text), in order and apart."""
        texts: list[str] = []
        anchors: list[tuple[int, int]] = []
        position = length = 0

        def copy(start: int, end: int) -> None:
            nonlocal length
            anchors.append((length, self.locate(start)))
            anchors.extend((length + mine - start, theirs) for mine, theirs in self.anchors if start < mine < end)
            texts.append(self.text[start:end])
            length += end - start

        for start, end, text in pieces:
            copy(position, start)
            anchors.append((length, self.locate(start)))
            texts.append(text)
            length += len(text)
            position = end
        copy(position, len(self.text))
        return Excerpt("".join(texts), self.source, self.start, self.end, tuple(anchors))

    def __repr__(self) -> str:
        return f"Excerpt({self.text!r}, {self.source.path!r}, {self.start}, {self.end})"
