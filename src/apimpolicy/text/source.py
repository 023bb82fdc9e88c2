"""Texts with positions: a `Source` is a whole file, an `Excerpt` is a piece of one that knows the way back.

**Holes** are text that is not there yet, because a template or a named value supplies it later. A source that was made
from a template has a mark for each placeholder: a noncharacter of Unicode, the number of the placeholder in
`Source.holes`, and another noncharacter. Unicode reserves these characters for use inside a program, so that no
document contains them. A mark can be wherever text can: in a value, in content, between attributes, in C# code, in a C#
string. `{{name}}`, a named value whose value is not known, is a hole in the same sense (`is_unknown`).

The rule for all readers of documents: the text of a hole is assumed valid. Nothing is reported because of a hole;
all that does not touch a hole is checked in full.
"""

from __future__ import annotations

import codecs
import re
import struct
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

from apimpolicy.diagnostics import Diagnostic


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
    `holes` are the placeholders whose marks are in the text (see above), as the origin has them, by number.
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


# Bytes of a policy file to a `Source`: UTF-8, with or without a byte order mark.
# POL002  the bytes are not UTF-8
# POL003  the file is UTF-16

NOT_UTF8 = "POL002"
UTF16 = "POL003"


def decode(data: bytes, path: str = "<policy>") -> tuple[Source, list[Diagnostic]]:
    """Return the text of a policy file and its encoding error, if any: one diagnostic, at the first bad byte.

    A UTF-8 byte order mark is taken off: offset 0, line 1, column 1 is the first character after it. The source is
    usable in any case; bytes that cannot be decoded stand as U+FFFD.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        source = Source(data.decode("utf-16", "replace"), path)
        finding = Diagnostic(UTF16, "the file is UTF-16, not UTF-8", source, 0, 0, help="Save it as UTF-8.")
        return source, [finding]
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Source(data.decode(), path), []
    except UnicodeDecodeError as error:
        source = Source(data.decode("utf-8", "replace"), path)
        start = len(data[: error.start].decode())
        message = f"the byte 0x{data[error.start]:02X} is not valid UTF-8"
        advice = "Save the file as UTF-8. Tools that deploy it expect that."
        return source, [Diagnostic(NOT_UTF8, message, source, start, start + 1, help=advice)]


# Between Python's text and .NET's: a .NET string is a `str` with one character for each UTF-16 code unit


def to_utf16(text: str) -> str:
    """Text from outside as a .NET string: characters beyond U+FFFF become two surrogates.

    >>> len(to_utf16("a\U0001f600"))
    3
    """
    if not text or text.isascii() or max(text) < "\U00010000":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data)))


def from_utf16(text: str) -> str:
    """A .NET string as Python text: surrogate pairs become one character, lone ones the replacement character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# Numbers in texts of strangers, who write as many digits as they like

_MOST_DIGITS = 18
LARGE = 10**_MOST_DIGITS


def number_of(digits: str) -> int | None:
    """Return a number in ASCII digits, at most LARGE; None when it isn't a number. Leading zeros don't count.

    >>> number_of("0" * 5_000 + "12"), number_of("9" * 5_000) == LARGE, number_of("+1")
    (12, True, None)
    """
    if not (digits.isascii() and digits.isdecimal()):
        return None
    significant = digits.lstrip("0")
    return LARGE if len(significant) > _MOST_DIGITS else int(significant or "0")


OPEN, CLOSE = "\ufdd0", "\ufdd1"
MARK = rf"{OPEN}[0-9]++{CLOSE}"
FIRST_NAMED_VALUE = 100_000
"""Marks from this number on stand for named values, which `checks.expressions` numbers in each expression."""

UNKNOWN_POLICIES = "unknown: "
"""The id of the fragment that represents policies that aren't known begins so; the reason follows."""
UNKNOWN_BASE = "unknown-base"
"""The named value that represents whether a policy whose text isn't known has `<base />`."""

_HOLE = MARK
_UNKNOWN = rf"{MARK}|\{{\{{[A-Za-z0-9\-._]++(?: ++[A-Za-z0-9\-._]++)*+\}}\}}"


def mark(number: int) -> str:
    return f"{OPEN}{number}{CLOSE}"


def has_hole(text: str) -> bool:
    """Return whether a template puts something into the text later."""
    return OPEN in text


def is_unknown(text: str) -> bool:
    """Return whether a part of the text is not known: a template's placeholder, or a named value without a value."""
    return (OPEN in text or "{{" in text) and re.compile(_UNKNOWN).search(text) is not None


def without_holes(text: str) -> str:
    return re.compile(_UNKNOWN).sub("", text)


def shown(text: str, holes: tuple[str, ...]) -> str:
    if OPEN not in text:
        return text
    return re.compile(_HOLE).sub(lambda found: _written(int(found[0][1:-1]), holes), text)


def _written(number: int, holes: tuple[str, ...]) -> str:
    return holes[number] if number < len(holes) else "{{…}}" if number >= FIRST_NAMED_VALUE else "…"
