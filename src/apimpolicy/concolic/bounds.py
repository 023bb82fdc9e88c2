"""Within which bounds requests are looked for, and claims hold.

Each is a setting with a default; a proof names those that it depends on.
"""

from __future__ import annotations

from apimpolicy.records import Record


class Bounds(Record):
    """Bounds of what is looked at."""

    text_length: int = 300
    """Characters of a text that a request or an answer brings: a header, a parameter, a JSON string."""

    list_length: int = 4
    """Items of a list that a request brings: of a JSON array, of the parts that `Split` makes, of groups."""

    rounds: int = 6
    """How often a loop or retry goes round, where its end depends on the request."""

    decisions: int = 2000
    """Decisions on one way."""

    runs: int = 1500
    """Requests that are run for one policy."""

    patience: int = 250
    """Runs without anything new, after which a search ends that does not want all ways."""

    seconds: float = 15.0
    """Seconds of computing for one policy."""

    milliseconds: int = 1500
    """Milliseconds for one question to the solver."""
