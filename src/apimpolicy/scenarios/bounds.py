"""Bounds of a search.

Each is a setting with a default.
"""

from __future__ import annotations

from apimpolicy.records import Record


class Bounds(Record):
    """Bounds of a search for requests."""

    runs: int = 4000
    """Requests that run for one policy."""

    patience: int = 400
    """Runs in a row that reach nothing new, after which a search ends."""

    seconds: float = 15.0
    """Seconds of computing for one policy."""

    text_length: int = 300
    """Deprecated, without effect: texts are as long as they have to be."""

    list_length: int = 4
    """Deprecated, without effect: of lists, up to four items are modeled."""

    rounds: int = 6
    """Deprecated, without effect: of loops, up to four rounds are modeled."""

    decisions: int = 2000
    """Deprecated, without effect."""

    milliseconds: int = 1500
    """Deprecated, without effect: the solver counts work, not time."""
