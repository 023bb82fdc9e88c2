"""Bounds of what looks for requests: models (`proposing`) and, where they find none, a search (`concolic`).

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
    """Length of a string in a request or response, where the search finds it."""

    list_length: int = 4
    """Items of a list in a request, where the search finds it."""

    rounds: int = 6
    """Rounds of a loop or retry whose end depends on the request, in the search."""

    decisions: int = 2000
    """Branches on one path of the search."""

    milliseconds: int = 1500
    """Milliseconds for one solver query of the search."""
