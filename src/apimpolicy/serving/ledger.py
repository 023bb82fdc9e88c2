"""The one account of what callers hold in a process: connections, from the moment they are accepted, and bytes.

A connection counts before its TLS handshake, and a body before it is complete, so nothing that a caller opens or sends
is outside of the limits. The inspector counts the requests that it keeps (`inspector.MOST_BYTES`).

Deadlines for tasks of a loop, with one timer for all of them: most end long before it rings.

deadlines = Deadlines(loop)
with deadlines.within(300):          # in a task; raises TimeoutError when the time is over
    await …
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from apimpolicy.project.serve_settings import Limits

log = logging.getLogger("apimpolicy.serve")
_SPARE = 64
"""File descriptors for files, backends' pools and the loop."""
_OF_A_CONNECTION = 2
"""File descriptors of a connection: its own, and one to a backend."""
_MARGIN = 32
"""Connections beyond the limit that get an answer (503); the handshake of a further one isn't done."""
_OUT_OF_DESCRIPTORS = "socket.accept() out of system resource"


class Ledger:
    """Connections and bytes that callers hold. It raises the soft limit of open files as far as it needs and may."""

    def __init__(self, limits: Limits) -> None:
        self.connections = 0
        self.most_connections = _affordable(limits.connections)
        self.bytes = 0
        self.most_bytes = max(limits.all_body_bytes, limits.body_bytes)
        self._reason = "" if self.most_connections == limits.connections else ", by the limit of open files (ulimit -n)"
        self._has_complained = False

    @property
    def is_full(self) -> bool:
        """Return whether there are more connections than get an answer."""
        return self.connections > self.most_connections + _MARGIN

    def open(self) -> None:
        self.connections += 1

    def close(self) -> None:
        self.connections -= 1

    def complain(self) -> None:
        """Report once that connections are refused."""
        if not self._has_complained:
            self._has_complained = True
            log.warning("connections are refused: at most %s are open at once%s", self.most_connections, self._reason)

    def handle_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report that no connection can be accepted once; asyncio says so for each place in the queue."""
        if context.get("message") != _OUT_OF_DESCRIPTORS:
            loop.default_exception_handler(context)
        elif not self._has_complained:
            self._has_complained = True
            log.error("connections can't be accepted: %s", context.get("exception"))


def _affordable(wanted: int) -> int:
    """Return the number of connections that the system lets this process have."""
    try:
        import resource
    except ImportError:  # Windows
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * _OF_A_CONNECTION + _SPARE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except (OSError, ValueError):  # macOS has a further limit
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, (soft - _SPARE) // _OF_A_CONNECTION))


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
