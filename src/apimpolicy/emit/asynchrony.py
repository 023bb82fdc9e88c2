"""Asynchronous functions while they run: each runs to its end at once, and gives a task that is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.system.tasks import Task
from apimpolicy.emit.frames import CAUGHT, as_dotnet

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.types import Type


def asynchronous(function: Callable[..., Any], types: tuple[Type, ...]) -> Callable[..., Task]:
    """A function that gives a task of what this one gives or throws; `types` is empty for a task without a result."""

    def run(*arguments: Any) -> Task:
        try:
            return Task(types, function(*arguments))
        except CAUGHT as raised:
            return Task(types, thrown=as_dotnet(raised))

    return run
