"""The body of a backend's answer while it is still to come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextvars import copy_context
from typing import Any

from apimpolicy.serving import engine_loop

_BLOCK = 1 << 16


class BackendStream:
    """Implements `apimpolicy.context.bodies.BodyStream` for an answer of aiohttp.

    A policy that reads the body waits for it until the timeout of forward-request, `ends`, is over; what is sent on as
    it comes may take as long as it likes. An answer that is not read is closed with this object.
    """

    def __init__(self, answer: Any, loop: asyncio.AbstractEventLoop, ends: float) -> None:
        self._answer = answer
        self._loop = loop
        self._ends = ends
        self._size = 0
        self._at_end: list[Callable[[int], None]] = []
        self._collected: list[bytes] | None = None
        self._has_ended = False

    def read(self) -> bytes:
        return engine_loop.wait_for(self._read())

    def at_end(self, action: Callable[[int], None]) -> None:
        self._at_end.append(_in_these_surroundings(action))

    def collect(self, action: Callable[[bytes], None]) -> None:
        kept = self._collected = [] if self._collected is None else self._collected
        self.at_end(lambda _: action(b"".join(kept)))

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises OSError when the backend breaks off."""
        import aiohttp

        try:
            async for part in self._answer.content.iter_any():
                self._size += len(part)
                if self._collected is not None:
                    self._collected.append(part)
                yield part
        except aiohttp.ClientError as error:
            self._answer.close()
            raise OSError(str(error) or type(error).__name__) from error
        await engine_loop.run(self._end)

    async def _read(self) -> bytes:
        async with asyncio.timeout(max(0.0, self._ends - time.monotonic())):
            return b"".join([part async for part in self.parts()])

    def _end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        for action in self._at_end:
            action(self._size)
        self._at_end.clear()

    def close(self) -> None:
        """Let go of the connection before the end: what has come until now counts."""
        self._answer.close()
        if self._at_end and not self._has_ended:
            engine_loop.keep(self._loop.create_task(engine_loop.run(self._end)))

    def __del__(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._answer.release)


def _in_these_surroundings(action: Callable[[int], None]) -> Callable[[int], None]:
    """Return the action with the clock and the limits of the request that is running."""
    surroundings = copy_context()
    return lambda size: surroundings.run(action, size)
