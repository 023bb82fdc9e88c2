"""Several processes that share sockets: each serves, and one that dies is replaced.

Nothing of a request that is answered depends on a single worker: what they share is in Redis, or it is each one's own.

Connections between the workers of one server: each has a socket in a private folder, so that the inspector of any
worker shows the requests of all.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.records import Response
from apimpolicy.serving.http_messages import own_answer
from apimpolicy.serving.server import Listener

if TYPE_CHECKING:
    from apimpolicy.serving.protocol import Answer

_SHORT_LIFE = 1.0
_MOST_SHORT_LIVES = 5


def run_workers(count: int, work: Callable[[int], int], say: Callable[[str], None]) -> int:
    """Run `work` (with the worker's number) in so many processes until SIGTERM or SIGINT; the exit code.

    Raises ConfigurationError where processes cannot be copied (Windows).
    """
    if not hasattr(os, "fork"):
        raise ConfigurationError("--workers needs a system that can copy a process; Windows cannot")
    return _Workers(count, work, say).run()


class _Workers:
    def __init__(self, count: int, work: Callable[[int], int], say: Callable[[str], None]) -> None:
        self.count = count
        self.work = work
        self.say = say
        self.running: dict[int, tuple[int, float]] = {}
        self.is_ending = False
        self.short_lives = 0

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        for worker in range(self.count):
            self._start(worker)
        while self.running:
            try:
                process, status = os.wait()
            except InterruptedError:
                continue
            except ChildProcessError:
                break
            self._ended(process, os.waitstatus_to_exitcode(status))
        return 1 if self.short_lives >= _MOST_SHORT_LIVES else 0

    def _start(self, worker: int) -> None:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                code = self.work(worker)
            finally:
                os._exit(code)
        self.running[process] = worker, time.monotonic()

    def _ended(self, process: int, code: int) -> None:
        worker, since = self.running.pop(process, (-1, 0.0))
        if worker < 0 or self.is_ending:
            return
        lived_short = time.monotonic() - since < _SHORT_LIFE
        self.short_lives = self.short_lives + 1 if lived_short else 0
        why = f"by signal {-code}" if code < 0 else f"with {code}"
        if self.short_lives >= _MOST_SHORT_LIVES:
            self.say("the workers end right after their start; see their messages above")
            self._end()
            return
        self.say(f"worker {worker + 1} ended {why}; a new one takes its place")
        self._start(worker)

    def _end(self, *_: Any) -> None:
        self.is_ending = True
        for process in list(self.running):
            os.kill(process, signal.SIGTERM)


_BACKLOG = 64
_PATIENCE = 10.0
_AGAIN = 1.0
OWN = "own"
"""The query of a question that is not to be passed on."""


class Peers:
    """The worker of this number, from 0, among so many in a private folder."""

    def __init__(self, folder: str, worker: int, count: int) -> None:
        self.worker = worker
        self.others = [number for number in range(count) if number != worker]
        self._folder = folder

    def listener(self, answer: Answer) -> Listener:
        """Return the socket on which other workers query this one."""
        path = self._path(self.worker)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # of a worker that was killed
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.bind(path)
        made.listen(_BACKLOG)
        return Listener(made, answer=answer)

    async def ask(
        self, worker: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> Response:
        """Return the response of another worker; 404 if it has been replaced."""
        import aiohttp

        try:
            async with self._session(worker, _PATIENCE) as session:
                url = f"http://localhost{path}?{OWN}"
                asked = session.request(method, url, headers=headers, data=body, allow_redirects=False)
                async with asked as answer:
                    kept = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-length"]
                    return Response(answer.status, answer.reason, headers=kept, body=await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError):
            return own_answer(404, "The worker that had this request is not there any more.")

    async def events(self, worker: int, path: str) -> AsyncIterator[bytes]:
        """Yield the events of another worker, one by one; reconnect to a worker that is replaced."""
        import aiohttp

        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                url = f"http://localhost{path}?{OWN}"
                async with self._session(worker, None) as session, session.get(url) as answer:
                    waiting = b""
                    async for part in answer.content.iter_any():
                        *events, waiting = (waiting + part).split(b"\n\n")
                        for event in events:
                            yield event + b"\n\n"
            await asyncio.sleep(_AGAIN)

    def _session(self, worker: int, seconds: float | None) -> Any:
        import aiohttp

        connector = aiohttp.UnixConnector(self._path(worker))
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=seconds))

    def _path(self, worker: int) -> str:
        return os.path.join(self._folder, f"{worker}.sock")
