"""Bounds of a search.

Each is a setting with a default.
"""

from __future__ import annotations

from apimpolicy.records import Record


class Bounds(Record):
    """Bounds of a search for requests."""

    text_length: int = 300
    """Length of a string in a request or response: a header, a parameter, a JSON string."""

    list_length: int = 4
    """Items of a list in a request: of a JSON array, of the result of `Split`, of groups."""

    rounds: int = 6
    """Rounds of a loop or retry whose end depends on the request."""

    decisions: int = 2000
    """Branches on one path."""

    runs: int = 1500
    """Requests that run for one policy."""

    patience: int = 250
    """Runs without a new goal after which a search ends, unless it looks for all paths."""

    seconds: float = 15.0
    """Seconds of computing for one policy."""

    milliseconds: int = 1500
    """Milliseconds for one solver query."""
