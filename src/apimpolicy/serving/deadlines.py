"""Deadlines for tasks of a loop, with one timer for all of them: most end long before it rings.

deadlines = Deadlines(loop)
with deadlines.within(300):          # in a task; raises TimeoutError when the time is over
    await …
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

LEAST = 5.0
"""Seconds from which on half a second more does not matter; shorter times need a timer of their own."""
_LOOK = 0.5


class Deadlines:
    """The deadlines of one loop; they are looked at twice a second as long as there is one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.open: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> Deadline:
        """Return a block that may take so many seconds, and at most half a second more."""
        if self._timer is None:
            self._timer = self.loop.call_later(_LOOK, self._look)
        return Deadline(self, self.loop.time() + seconds)

    def close(self) -> None:
        """Stop the timer when the loop ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        now = self.loop.time()
        for deadline in [each for each in self.open if each.ends <= now]:
            deadline.expire()
        self._timer = self.loop.call_later(_LOOK, self._look) if self.open else None


class Deadline:
    """One block of one task."""

    __slots__ = ("_all", "_cancelling", "_is_over", "_task", "ends")

    def __init__(self, all_: Deadlines, ends: float) -> None:
        self._all = all_
        self.ends = ends
        self._is_over = False

    def __enter__(self) -> None:
        task = asyncio.current_task(self._all.loop)
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self._all.open.add(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._all.open.discard(self)
        if self._is_over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """Cancel what the task waits for, because its time is over."""
        self._all.open.discard(self)
        self._is_over = True
        self._task.cancel()
