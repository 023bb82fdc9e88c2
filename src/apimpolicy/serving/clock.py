"""The time of a serving gateway: it runs, and waiting takes time."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable, Sequence

from apimpolicy.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.serving import engine_loop


class RunningClock:
    """A clock that runs as the machine's does; it showed `start` when it was made, or the machine's time."""

    waits = True

    def __init__(self, start: datetime.datetime | None = None) -> None:
        self._ahead = datetime.timedelta()
        if start is not None:
            self._ahead = start.astimezone(datetime.UTC) - datetime.datetime.now(datetime.UTC)
        self._ticks_at_epoch = UNIX_EPOCH_TICKS + self._ahead // datetime.timedelta(microseconds=1) * 10

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + self._ahead

    def ticks(self) -> int:
        """Return the time in ticks of 100 ns since 0001-01-01 UTC."""
        return self._ticks_at_epoch + time.time_ns() // 100

    def advance(self, seconds: float) -> None:
        """Wait, while other requests continue."""
        if seconds <= 0:
            return
        if engine_loop.can_wait():
            engine_loop.wait_for(asyncio.sleep(seconds))
        else:
            time.sleep(seconds)

    def gather(self, works: Sequence[Callable[[], None]], first_only: bool) -> None:
        """Run functions at the same time until all have ended, or the first; the others continue by themselves."""
        if engine_loop.can_wait():
            engine_loop.gather(works, first_only=first_only)
        else:
            for work in works:
                work()
