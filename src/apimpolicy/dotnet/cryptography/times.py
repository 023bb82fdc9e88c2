"""Times of certificates as ticks of 100 ns since 0001-01-01, the unit of the environment's clock."""

from __future__ import annotations

import datetime
from typing import Any

from apimpolicy.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.dotnet.registry import bound

_UTC, _LOCAL = 1, 2
"""Members of System.DateTimeKind."""
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def ticks_of(time: datetime.datetime) -> int:
    """Return the ticks of an aware time.

    >>> ticks_of(datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.UTC)) - UNIX_EPOCH_TICKS
    10000000
    """
    since = time - _EPOCH
    return UNIX_EPOCH_TICKS + (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10


def date_time(ticks: int, *, is_local: bool = False) -> Any:
    """Return a .NET DateTime in UTC, or in the gateway's local time, which is the same clock under another kind."""
    return bound("System.DateTime", "new(long ticks, System.DateTimeKind kind)")(ticks, _LOCAL if is_local else _UTC)
