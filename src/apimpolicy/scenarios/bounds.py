"""Bounds of what looks for requests (`proposing`): each is a setting with a default."""

from __future__ import annotations

from apimpolicy.records import Record


class Bounds(Record):
    """Bounds of a search for requests."""

    runs: int = 4000
    """Requests that run for one policy."""

    patience: int = 400
    """How long to look for a goal: a tenth of it are the requests that are made for one, beside those known before."""

    seconds: float = 15.0
    """Seconds of computing for one policy."""

    text_length: int = 300
    """No effect: deprecated, as the search is gone that it limited. The same holds for the bounds below."""

    list_length: int = 4
    """No effect: deprecated."""

    rounds: int = 6
    """No effect: deprecated."""

    decisions: int = 2000
    """Conditions of a policy from which on `new test` says that it may find no request."""

    milliseconds: int = 1500
    """No effect: deprecated."""
