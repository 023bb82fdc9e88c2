"""One small change of a policy file."""

from __future__ import annotations

import attrs


@attrs.frozen
class Change:
    """A change: a span of the file, its replacement, and a description."""

    kind: str
    start: int
    end: int
    text: str
    description: str
    removes: tuple[str, ...] = ()
    """The checks that it removes entirely."""
    about: tuple[str, ...] = ()
    """The checks that it changes."""
