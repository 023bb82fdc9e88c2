"""Connections between the workers of one server: each has a socket in a private folder, so that the inspector of any
worker shows the requests of all.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from apimpolicy.context.records import Response
from apimpolicy.serving.own_answers import own_answer
from apimpolicy.serving.server import Listener

if TYPE_CHECKING:
    from apimpolicy.serving.protocol import Answer

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
