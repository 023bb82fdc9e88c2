"""One warning of the compiler, before it has a source."""

from __future__ import annotations

from apimpolicy.records import Record


class Warned(Record):
    """One warning before it has a source: offsets in the text of the expression."""

    start: int
    end: int
    code: str
    message: str
    help: str = ""
