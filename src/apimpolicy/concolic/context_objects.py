"""The objects of `context`, as forms: which one, and of what."""

from __future__ import annotations

from typing import Any

from apimpolicy.records import Record


class ContextObject(Record):
    """An object of the context: `kind` is `context`, `request`, `user` …; `of` is what it belongs to."""

    kind: str
    of: Any = None

    def __repr__(self) -> str:
        return f"ContextObject({self.kind!r})"
