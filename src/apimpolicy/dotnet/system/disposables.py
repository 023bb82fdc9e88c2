"""`IDisposable.Dispose()` of any value; what has nothing to let go of does nothing."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.registry import implements


@implements("System.IDisposable", "Dispose")
def dispose(value: Any) -> None:
    """Ask the run-time class; most simulated classes hold nothing."""
    own = getattr(value, "dispose", None)
    if own is not None:
        own()
