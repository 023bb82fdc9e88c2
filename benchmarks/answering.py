"""What the gateway does for a request, against uvicorn in the same process: `python -m benchmarks.answering [ROUNDS]`.

Both sides are protocols of asyncio over transports that only count what is written, so that neither sockets of clients
nor their kernel are in the figures, and no load generator is needed. A forwarded request goes to a real backend, a bare
uvicorn in another process; the bare side is a proxy of uvicorn and aiohttp. The sides run in turns, some milliseconds
each; a ratio is the median over the rounds of the ratio of one turn to the turn beside it, so that a busy machine slows
both. What counts is the processor's time of this process.

The ratios are larger than those of `benchmarks.serving`, whose sockets cost both sides the same: they are for comparing
one state of the gateway with another.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.bare_server import Proxy, application
from benchmarks.serving import COMPOSED, FORWARDED, MOCKED, free_port
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from apimpolicy.serving.backends import close_connections
from apimpolicy.serving.loading import ServeTarget
from apimpolicy.serving.protocol import GatewayProtocol
from apimpolicy.serving.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONNECTIONS = 16
REQUESTS = 10
"""Requests of a turn on each connection."""
REQUEST = b"GET /orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"


class Client(asyncio.Transport):
    """A connection whose client asks again as soon as it has its answer, which takes so many `writes`."""

    def __init__(self, make: Callable[[], Any], writes: int) -> None:
        super().__init__()
        self.writes = writes
        self.count = 0
        self.left = 0
        self.last = b""
        self.done: Callable[[], None] = lambda: None
        self.loop = asyncio.get_running_loop()
        self.protocol = make()
        self.protocol.connection_made(self)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 8080)}.get(name, default)

    def ask(self, requests: int, done: Callable[[], None]) -> None:
        self.left, self.done = requests, done
        self.protocol.data_received(REQUEST)

    def write(self, data: Any) -> None:
        self.last = bytes(data)
        self.count += 1
        if self.count % self.writes:
            return
        self.left -= 1
        if self.left:
            self.loop.call_soon(self.protocol.data_received, REQUEST)
        else:
            self.done()

    def is_closing(self) -> bool:
        return False


async def turn(clients: Sequence[Client]) -> float:
    """Seconds of the processor for a request."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    waiting = len(clients)

    def done() -> None:
        nonlocal waiting
        waiting -= 1
        if not waiting:
            ended.set_result(None)

    began = time.process_time()
    for client in clients:
        client.ask(REQUESTS, done)
    await ended
    return (time.process_time() - began) / (len(clients) * REQUESTS)


def _state() -> ServerState:
    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 28 Nov 2026 08:00:00 GMT")]
    return state


def bare(application: Any) -> list[Client]:
    """uvicorn with an application; it writes head and body one after the other."""
    config = Config(application, log_config=None, access_log=False, interface="asgi3", timeout_keep_alive=3600)
    config.load()
    state, loop = _state(), asyncio.get_running_loop()
    return [Client(lambda: HttpToolsProtocol(config, state, {}, loop), 2) for _ in range(CONNECTIONS)]


def ours(folder: Path, name: str, policy: str, backend: str | None = None) -> list[Client]:
    path = folder / f"{name}.xml"
    path.write_text(policy)
    target = ServeTarget(path=str(path), tracing=False, backend=backend)
    runtime = Runtime(target.load(), target)
    state, loop = _state(), asyncio.get_running_loop()
    return [
        Client(lambda: GatewayProtocol(None, state, None, loop, answer=runtime.dispatcher.answer), 1)
        for _ in range(CONNECTIONS)
    ]


async def compare(name: str, one: list[Client], other: list[Client], rounds: int) -> None:
    for clients in (one, other):
        await turn(clients)
    pairs = [(await turn(one), await turn(other)) for _ in range(rounds)]
    left, right = (min(times) * 1e6 for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    print(f"{name:12}{right:9.1f} µs   bare{left:9.1f} µs   ratio {ratio:.2f}")


async def measure(folder: Path, rounds: int) -> None:
    port = free_port()
    backend = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare_server", str(port), "plain"])
    proxy = Proxy(backend)
    try:
        await asyncio.sleep(2)
        gc.set_threshold(10_000, 2, 2)
        plain = bare(application)
        await compare("mocked", plain, ours(folder, "mocked", MOCKED), rounds)
        await compare("composed", plain, ours(folder, "composed", COMPOSED), rounds)
        await compare("forwarded", bare(proxy), ours(folder, "forwarded", FORWARDED, backend), rounds)
    finally:
        process.kill()
        process.wait()
        await proxy.session.close()
        await close_connections()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(measure(Path(made), int(sys.argv[1]) if len(sys.argv) > 1 else 100))
