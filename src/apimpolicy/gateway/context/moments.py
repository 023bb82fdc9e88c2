"""Points and spans of time, and identifiers, from Python's types to .NET's."""

from __future__ import annotations

import datetime
from typing import Any

from apimpolicy.csharp.dotnet.cryptography.issuing import date_time, ticks_of
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.system.randoms import Guid
from apimpolicy.errors import ConfigurationError

Moment = Any
"""A .NET DateTime, an aware Python datetime, or ISO text ("2024-02-29T13:14:15.1234567Z")."""


def to_date_time(time: Moment) -> Any:
    """Return a .NET DateTime in UTC; None stays None. Raises ConfigurationError for text that is no date."""
    if time is None:
        return None
    if isinstance(time, str):
        return date_time(ticks_of_text(time))
    if isinstance(time, datetime.datetime):
        return date_time(ticks_of(time if time.tzinfo else time.replace(tzinfo=datetime.UTC)))
    return time


def ticks_of_text(text: str) -> int:
    """Return ticks of an ISO date in UTC with up to seven digits of fraction.

    >>> ticks_of_text("0001-01-01T00:00:01.0000001Z")
    10000001
    """
    head, _, fraction = text.strip().rstrip("Zz").partition(".")
    try:
        whole = datetime.datetime.fromisoformat(head)
        if fraction and not fraction.isdecimal():
            whole, fraction = datetime.datetime.fromisoformat(text), ""
    except ValueError:
        raise ConfigurationError(f"'{text}' is not a date: expected one like 2026-05-31T12:00:00Z") from None
    if whole.tzinfo is None:
        whole = whole.replace(tzinfo=datetime.UTC)
    return ticks_of(whole) + int((fraction + "0000000")[:7])


def to_time_span(ticks: int) -> Any:
    return bound("System.TimeSpan", "new(long ticks)")(ticks)


def to_guid(text: str) -> Any:
    """Return a .NET Guid. Raises ConfigurationError for text that is none."""
    try:
        return bound("System.Guid", "new(string g)")(text)
    except DotnetException:
        raise ConfigurationError(f"'{text}' is not a GUID") from None


def random_guid(bits: int) -> Any:
    """Return the .NET Guid of version 4 that 128 random bits make."""
    return Guid(f"{bits & _RANDOM_BITS | _VERSION_4:032x}")


_VERSION_4 = 0x4000 << 64 | 0x8000 << 48
_RANDOM_BITS = ((1 << 128) - 1) & ~(0xF000 << 64) & ~(0xC000 << 48)
