"""uvicorn's server with our protocol: several sockets, with TLS and without, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import uvicorn

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.serve_settings import Limits
from apimpolicy.serving.ledger import Ledger
from apimpolicy.serving.protocol import GatewayProtocol
from apimpolicy.serving.tls import AskingContext

if TYPE_CHECKING:
    import ssl

    from apimpolicy.serving.callers import Callers
    from apimpolicy.serving.protocol import Answer

_BACKLOG = 2048
_ROUNDS = 4
"""Rounds of the loop until a connection that was just accepted is known to the server."""


class Listener(NamedTuple):
    """A listening socket, its TLS context if any, and what answers there if it is not the gateway."""

    socket: socket.socket
    tls: ssl.SSLContext | None = None
    answer: Answer | None = None

    @property
    def url(self) -> str:
        host, port = self.socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'http' if self.tls is None else 'https'}://{shown}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket on this address; port 0 is any that is free. Raises ConfigurationError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named asyncio turns Nagle's algorithm off: a body in small parts would wait 40 ms for each.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(f"can't listen on {host}:{port}: {why}") from None
    made.listen(_BACKLOG)
    made.set_inheritable(True)
    return made


class GatewayServer(uvicorn.Server):
    """Serves listeners until it is told to end. `beside` are tasks that run with it; they are cancelled at its end."""

    def __init__(
        self,
        answer: Answer,
        listeners: Sequence[Listener],
        *,
        limits: Limits | None = None,
        trusts_proxy: Callable[[str], bool] | None = None,
        callers: Callers | None = None,
        beside: Sequence[Callable[[], Awaitable[None]]] = (),
        at_end: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        super().__init__(
            uvicorn.Config(
                _no_application,
                lifespan="off",
                interface="asgi3",
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                loop="asyncio",
            )
        )
        self.config.load()
        self._listeners = list(listeners)
        limits = limits or Limits()
        self._grace = limits.grace_seconds
        self._gateway = answer, trusts_proxy, callers
        self.ledger = Ledger(limits)
        self._handshake = limits.head_seconds
        self._protocol: Callable[..., asyncio.Protocol] = partial(GatewayProtocol, limits=limits, ledger=self.ledger)
        self._beside = list(beside)
        self._at_end = list(at_end)
        self._tasks: list[asyncio.Task[Any]] = []
        self.is_ready = threading.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in peace at a signal; uvicorn would raise it again at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self.ledger.handle_error)
        self.servers = []
        for listener in self._listeners:
            answer, trusts_proxy, callers = self._gateway if listener.answer is None else (listener.answer, None, None)
            make = partial(
                self._protocol,
                self.config,
                self.server_state,
                answer=answer,
                trusts_proxy=trusts_proxy,
                callers=callers,
                _loop=loop,
            )
            is_local = listener.socket.family not in (socket.AF_INET, socket.AF_INET6)
            secured: dict[str, Any] = {}
            if listener.tls is not None:
                secured = {"ssl": listener.tls, "ssl_handshake_timeout": self._handshake}
                if isinstance(listener.tls, AskingContext):
                    listener.tls.ledger = self.ledger
            create: Any = loop.create_unix_server if is_local else loop.create_server
            self.servers.append(await create(make, sock=listener.socket, backlog=_BACKLOG, **secured))
        self._tasks = [asyncio.ensure_future(start()) for start in self._beside]
        self.started = True
        await self.on_tick(0)
        self.is_ready.set()

    async def main_loop(self) -> None:
        """Run until the end, which is noticed at once."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 0.1)

    def end(self) -> None:
        """End, from any thread."""
        self.should_exit = True
        with suppress(RuntimeError, AttributeError):  # it has ended, or not begun
            self._loop.call_soon_threadsafe(self._wake.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer requests that are under way, and end."""
        for task in self._tasks:
            task.cancel()
        for server in self.servers:
            await close_listening(server)
        connections = self.server_state.connections
        ends = asyncio.get_running_loop().time() + self._grace
        for connection in list(connections):
            connection.shutdown()
        while connections and not self.force_exit and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.01)
        for connection in list(connections):
            connection.transport.abort()
        for end in self._at_end:
            await end()


async def close_listening(server: asyncio.AbstractServer) -> None:
    """Stop listening. Connections that were just accepted are served first: asyncio forgets a socket that it accepted
    for a server that has closed since.
    """
    loop = asyncio.get_running_loop()
    for each in getattr(server, "sockets", ()):
        with suppress(NotImplementedError):  # Windows' loop has no readers
            loop.remove_reader(each.fileno())
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
    server.close()


async def _no_application(scope: Any, receive: Any, send: Any) -> None:
    """uvicorn wants an application; our protocol asks none."""
