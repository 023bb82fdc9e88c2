"""Colors of terminal output. NO_COLOR turns them off, FORCE_COLOR turns them on everywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

DEFAULT_WIDTH = 120
MINIMUM_WIDTH = 40

_CODES = {"error": "1;31", "warning": "1;33", "info": "1;36", "good": "32", "bad": "31", "dim": "2", "strong": "1"}


class Style:
    """Paints words by what they mean, and knows how wide the page is."""

    __slots__ = ("is_coloured", "width")

    def __init__(self, is_coloured: bool = False, width: int = DEFAULT_WIDTH) -> None:
        self.is_coloured = is_coloured
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
        return cls(coloured, _terminal_width(stream) if is_terminal else DEFAULT_WIDTH)

    def paint(self, meaning: str, text: str) -> str:
        """Return the text in the colour of a meaning: error, warning, info, good, bad, dim, strong."""
        if not self.is_coloured or not text:
            return text
        return f"\x1b[{_CODES[meaning]}m{text}\x1b[0m"


PLAIN = Style()


def is_a_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _terminal_width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except (OSError, ValueError):
        return DEFAULT_WIDTH
