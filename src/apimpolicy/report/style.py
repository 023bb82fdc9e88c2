"""Colors of terminal output. NO_COLOR turns them off, FORCE_COLOR turns them on everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

DEFAULT_WIDTH = 100
"""Columns of what goes into a pipe or a file."""
MINIMUM_WIDTH = 40

_CODES = {"error": "1;31", "warning": "1;33", "info": "1;36", "good": "32", "bad": "31", "dim": "2", "strong": "1"}


class Style:
    """Paints words by what they mean, and knows how wide the page is, and whether it is a terminal."""

    __slots__ = ("is_coloured", "is_terminal", "width")

    def __init__(self, is_coloured: bool = False, width: int = DEFAULT_WIDTH, *, is_terminal: bool = False) -> None:
        self.is_coloured = is_coloured
        self.is_terminal = is_terminal
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
        width = _terminal_width(stream) if is_terminal else DEFAULT_WIDTH
        return cls(coloured, width, is_terminal=is_terminal)

    def fit(self, text: str, indent: int = 0) -> str:
        """Return lines broken between words at the width of a terminal; programs get each line whole.

        >>> Style(width=40, is_terminal=True).fit("one two three four five six seven eight")
        'one two three four five six seven eight'
        """
        if not self.is_terminal:
            return text
        from apimpolicy.report.columns import fitted

        return "\n".join(part for line in text.split("\n") for part in fitted(line, self.width - indent))

    def paint(self, meaning: str, text: str) -> str:
        """Return the text in the colour of a meaning: error, warning, info, good, bad, dim, strong."""
        if not self.is_coloured or not text:
            return text
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m"


PLAIN = Style()

WIDE = Style(width=120)
"""The page of texts that Python code gets, such as `str(explanation)`."""
_page: ContextVar[Style] = ContextVar("page", default=WIDE)


def page() -> Style:
    """Return the style of texts that are laid out before they are printed, such as explanations of failed cases."""
    return _page.get()


@contextmanager
def on_page(style: Style, indent: int = 0) -> Iterator[None]:
    """Lay out such texts, without colours, to be printed with an indentation in this style."""
    before = _page.set(Style(width=style.width - indent, is_terminal=style.is_terminal))
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
