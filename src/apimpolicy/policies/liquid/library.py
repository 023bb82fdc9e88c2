"""Members of the simulated .NET, looked up once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.registry import bound

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def library(type_name: str, signature: str) -> Callable[..., Any]:
    """Return a member as a function of receiver and arguments. Raises NotSimulatedError."""
    return bound(type_name, signature)
