"""One small change of a policy file."""

from __future__ import annotations

import attrs


@attrs.frozen
class Change:
    """A span of the file, what is to stand there instead, and what that is called."""

    kind: str
    start: int
    end: int
    text: str
    description: str
    removes: tuple[str, ...] = ()
    """The subjects (`subjects`) of which a whole check is gone with it."""
    about: tuple[str, ...] = ()
    """The subjects of which a check is changed."""
