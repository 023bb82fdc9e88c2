"""What one connection, and all of them, may use up; beyond that the gateway answers itself."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Sizes are in bytes, times in seconds."""

    body_bytes: int = 100 << 20
    """413: a request's body is kept in memory."""

    head_bytes: int = 64 << 10
    """431: the request line and all headers."""

    target_bytes: int = 16 << 10
    """414: the URL, as in Azure."""

    head_seconds: float = 30.0
    """408: until all headers are there."""

    body_seconds: float = 30.0
    """408: without a byte of the body."""

    idle_seconds: float = 75.0
    """Until a connection without a request is closed."""

    write_seconds: float = 60.0
    """Until a client that does not read its answer is given up."""

    grace_seconds: float = 30.0
    """For requests that are under way when the server ends."""

    connections: int = 10_000
    """503: open at the same time, in one worker."""
