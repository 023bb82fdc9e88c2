"""Members of the simulated .NET, looked up once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from apimpolicy.dotnet.registry import bound


@cache
def library(type_name: str, signature: str) -> Callable[..., Any]:
    """Return a member as a function of receiver and arguments. Raises NotSimulatedError."""
    return bound(type_name, signature)
