"""The objects of `context`, as forms: which one, and of what."""

from __future__ import annotations

from typing import Any


class ContextObject:
    """An object of the context: `kind` is `context`, `request`, `user` …; `of` is what it belongs to."""

    __slots__ = ("kind", "of")

    def __init__(self, kind: str, of: Any = None) -> None:
        self.kind = kind
        self.of = of

    def __repr__(self) -> str:
        return f"Thing({self.kind!r})"
