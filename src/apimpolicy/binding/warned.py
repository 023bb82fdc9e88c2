"""One warning of the compiler, before it has a source."""

from __future__ import annotations


class Warned:
    """One warning before it has a source: offsets in the text of the expression."""

    __slots__ = ("code", "end", "help", "message", "start")

    def __init__(self, start: int, end: int, code: str, message: str, help: str = "") -> None:
        self.start = start
        self.end = end
        self.code = code
        self.message = message
        self.help = help
