"""Layout of text on a terminal: columns of each character, safe characters, a window into a long line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

from apimpolicy.text.secrets import without_secrets

TAB_WIDTH = 4
ELLIPSIS = "…"

_LEAD = re.compile("[ │├└]*(?:- )?")
_BRANCHES = str.maketrans("├└-", "│  ")
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_WORD = re.compile(r"( *)([^ ]+)")
_PAINT = re.compile(r"\x1b\[[\d;]*m")
_CONTROL_PICTURES = 0x2400
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def printable(text: str) -> str:
    """Return the text with everything that could move the cursor or turn the writing direction made visible.

    Line feeds and tabs become spaces; a policy file may come from anybody.

    >>> printable("a\\x1b[31m")
    'a␛[31m'
    """
    text = without_secrets(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    if char in "\n\r\t" or char == "\u2028" or char == "\u2029":
        return " "
    number = ord(char)
    if number < 0x20:
        return chr(_CONTROL_PICTURES + number)
    if number == 0x7F:
        return "␡"
    if char == "\u00a0" or char == "\u3000":
        return char
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def width(text: str) -> int:
    """Return the columns that printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    from unicodedata import category, combining, east_asian_width

    if combining(char) or category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


class Line:
    """A line of a file, laid out: the cells of its characters, and where each character begins."""

    __slots__ = ("cells", "starts")

    def __init__(self, text: str) -> None:
        self.cells: list[str] = []
        self.starts: list[int] = []
        column = 0
        for char in without_secrets(text, in_place=True):
            cell = " " * (TAB_WIDTH - column % TAB_WIDTH) if char == "\t" else _visible(char)
            self.cells.append(cell)
            self.starts.append(column)
            column += width(cell)
        self.starts.append(column)

    def column(self, index: int) -> int:
        """Return the column in which the character at `index` begins; the line's width after its end."""
        return self.starts[min(index, len(self.cells))]

    def window(self, available: int, start: int, end: int) -> tuple[str, int]:
        """Return at most `available` columns of the line around `start`, and the number of columns cut before.

        An ellipsis inside the window marks each cut.
        """
        total = self.starts[-1]
        if total <= available:
            return "".join(self.cells), 0
        first, last = self.column(start), self.column(end)
        room = available - 2
        span = min(last - first, room)
        left = max(0, min(first - (room - span) // 2, total - room))
        if first < available * 2 // 3 and span + first <= room:
            left = 0
        begin = next(index for index, column in enumerate(self.starts) if column >= left)
        left = self.starts[begin]
        stop = begin
        while stop < len(self.cells) and self.starts[stop + 1] - left <= room:
            stop += 1
        before = ELLIPSIS if begin else ""
        after = ELLIPSIS if stop < len(self.cells) else ""
        return before + "".join(self.cells[begin:stop]) + after, left - len(before)


def wrap(text: str, available: int) -> list[str]:
    """Break text at spaces into lines of at most `available` columns. A longer word gets its own line."""
    lines: list[str] = []
    line = ""
    for word in without_secrets(text).split(" "):
        if line and width(line) + 1 + width(word) > available:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return lines


def fitted(line: str, available: int) -> list[str]:
    """Break a laid out line, which may be painted, between words into lines of at most `available` columns.

    What follows begins below the last column of the line, and repeats the branches of a tree in front of it.

    >>> fitted("├ true  one two three", 16)
    ['├ true  one two', '│       three']
    """
    if _painted_width(line) <= available:
        return [line]
    lead = _LEAD.match(line)
    assert lead is not None
    columns = [_painted_width(line[: gap.end()]) for gap in _GAP.finditer(line)]
    start = max((column for column in columns if column <= available // 2), default=len(lead[0]))
    later = lead[0].translate(_BRANCHES) + " " * (start - len(lead[0]))
    lines: list[str] = []
    current = lead[0]
    is_empty = True
    for space, word in _WORD.findall(line[lead.end() :]):
        if not is_empty and _painted_width(current + space + word) > available:
            lines.append(current)
            current, is_empty = later + word, False
        else:
            current, is_empty = current + space + word, False
    return [*lines, current]


def _painted_width(text: str) -> int:
    return width(_PAINT.sub("", text) if "\x1b" in text else text)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "case"), counted(1_200, "policy", "policies")
    ('1 case', '1,200 policies')
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def first_of(texts: Iterable[str], most: int, before_more: str = " and ") -> str:
    """Return texts with commas between them; of many, the first ones and how many more there are.

    >>> first_of(["a", "b", "c"], 3), first_of(["a", "b", "c"], 1)
    ('a, b, c', 'a and 2 more')
    """
    found = list(texts)
    more = len(found) - most
    return ", ".join(found[:most]) + (f"{before_more}{more} more" if more > 0 else "")


def clip(text: str, available: int) -> str:
    """Return the text on one line, cut with an ellipsis where it is too long."""
    text = printable(text)
    if width(text) <= available:
        return text
    kept: list[str] = []
    used = 1
    for char in text:
        used += _columns(char)
        if used > available:
            break
        kept.append(char)
    return "".join(kept) + ELLIPSIS


# The version of the tool.


def tool_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("apimpolicy")
    except PackageNotFoundError:  # run from a checkout
        return "0+unknown"


DEFAULT_WIDTH = 100
"""Columns of what goes into a pipe or a file."""
MINIMUM_WIDTH = 40

_CODES = {"error": "1;31", "warning": "1;33", "info": "1;36", "good": "32", "bad": "31", "dim": "2", "strong": "1"}


class Style:
    """Paints words by what they mean, and knows how wide the page is, and whether it is a terminal.

    The page has an edge, at which lines are broken, if it is one, or if `COLUMNS` is set.
    """

    __slots__ = ("has_edge", "is_coloured", "is_terminal", "width")

    def __init__(
        self,
        is_coloured: bool = False,
        width: int = DEFAULT_WIDTH,
        *,
        is_terminal: bool = False,
        has_edge: bool = False,
    ) -> None:
        self.is_coloured = is_coloured
        self.is_terminal = is_terminal
        self.has_edge = has_edge or is_terminal
        self.width = max(width, MINIMUM_WIDTH)

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> Style:
        """Return the style for a stream: see https://no-color.org and https://force-color.org."""
        is_terminal = is_a_terminal(stream)
        if environ.get("NO_COLOR"):
            coloured = False
        elif environ.get("FORCE_COLOR"):
            coloured = True
        else:
            coloured = is_terminal and environ.get("TERM") != "dumb"
        given = environ.get("COLUMNS", "")
        asked = int(given) if given.isdecimal() and len(given) < 5 else 0
        width = asked or (_terminal_width(stream) if is_terminal else DEFAULT_WIDTH)
        return cls(coloured, width, is_terminal=is_terminal, has_edge=bool(asked))

    def fit(self, text: str, indent: int = 0) -> str:
        """Return lines broken between words at the edge of the page; programs get each line whole.

        >>> Style(width=40, is_terminal=True).fit("one two three four five six seven eight")
        'one two three four five six seven eight'
        """
        if not self.has_edge:
            return text
        return "\n".join(part for line in text.split("\n") for part in fitted(line, self.width - indent))

    def paint(self, meaning: str, text: str) -> str:
        """Return the text in the colour of a meaning: error, warning, info, good, bad, dim, strong."""
        if not self.is_coloured or not text:
            return text
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m"


PLAIN = Style()

WIDE = Style(width=120)
"""The page of texts that Python code gets, such as `str(explanation)`, where its output has no edge."""
_page: ContextVar[Style | None] = ContextVar("page", default=None)


def page() -> Style:
    """Return the style of texts that are laid out before they are printed, such as explanations of failed cases."""
    found = _page.get()
    if found is not None:
        return found
    style = Style.of(sys.stdout)
    return Style(width=style.width, is_terminal=style.is_terminal, has_edge=True) if style.has_edge else WIDE


@contextmanager
def on_page(style: Style, indent: int = 0) -> Iterator[None]:
    """Lay out such texts, without colours, to be printed with an indentation in this style."""
    before = _page.set(Style(width=style.width - indent, is_terminal=style.is_terminal, has_edge=style.has_edge))
    try:
        yield
    finally:
        _page.reset(before)


def is_a_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _terminal_width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except (OSError, ValueError):
        return DEFAULT_WIDTH
