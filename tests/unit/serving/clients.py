"""Clients that can do what well-behaved ones never do, and backends that behave as badly."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apimpolicy.serving.server import close_listening

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


class Wire:
    """A plain connection to a server."""

    def __init__(self, url: str, timeout: float = 60.0) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout)

    def send(self, data: bytes) -> Wire:
        self.socket.sendall(data)
        return self

    def until(self, end: bytes) -> bytes:
        """What comes up to this text."""
        found = b""
        while end not in found:
            part = self.socket.recv(65536)
            if not part:
                break
            found += part
        return found

    def rest(self) -> bytes:
        """What comes until the server closes the connection."""
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while part := self.socket.recv(65536):
                found += part
        self.close()
        return found

    def close(self) -> None:
        self.socket.close()


def exchange(url: str, data: bytes) -> bytes:
    """All that comes back on a connection of its own."""
    return Wire(url).send(data).rest()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def backend(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> Iterator[str]:
    """A server that talks to each connection as it likes; its base URL."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    found: list[int] = []
    servers: list[asyncio.AbstractServer] = []
    open_: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await talk(reader, writer)
        finally:
            writer.close()

    def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = loop.create_task(meet(reader, writer))
        open_[task] = writer
        task.add_done_callback(open_.pop)

    async def run() -> None:
        server = await asyncio.start_server(let_in, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
        servers.append(server)
        ready.set()

    async def end() -> None:
        """A task that is cancelled before it begins closes nothing, so that is done here."""
        await close_listening(servers[0])
        for _ in range(10):
            for task, writer in list(open_.items()):
                task.cancel()
                writer.close()
            await asyncio.sleep(0)

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield f"http://127.0.0.1:{found[0]}"
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The head of a request, with its body when its length is given."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            head += await reader.readexactly(int(value))
    return head


def eventually(is_true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether something comes true within so many seconds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_true():
            return True
        time.sleep(0.02)
    return False
