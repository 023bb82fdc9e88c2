"""HTTP/1.1 for clients, on httptools: an asyncio protocol that uvicorn's server runs.

Unlike an ASGI application it keeps what clients and policies can see: the case of header names, repeated headers,
reason phrases; and it hands a request to the engine without a task in between. One request at a time is under way on a
connection; what a client sends ahead waits.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httptools

from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.project.serve_settings import Limits
from apimpolicy.serving import http_messages
from apimpolicy.serving.ledger import Ledger

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.serving.callers import Callers
    from apimpolicy.serving.dispatcher import Handled

    Answer = Callable[[Request, Callable[[Handled], None], asyncio.AbstractEventLoop], None]

log = logging.getLogger("apimpolicy.serve")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_AHEAD = 8
"""Requests that may wait on a connection before nothing more is read from it."""
_OVERHEAD = 8
"""Bytes on the wire for a byte of a body that comes in chunks, of one byte if need be."""
_LINGER = 0.2
"""Seconds that an idle connection stays open when the server ends, for a request that is on its way."""
_USUAL_LIMITS = Limits()


class GatewayProtocol(asyncio.Protocol):
    """One connection. The first arguments are uvicorn's; `answer` gets each request, see `Dispatcher.answer`."""

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: Any = None,
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        answer: Answer,
        limits: Limits = _USUAL_LIMITS,
        trusts_proxy: Callable[[str], bool] | None = None,
        callers: Callers | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.ledger = ledger or Ledger(limits)
        self.ledger.open()
        self._closing = weakref.finalize(self, self.ledger.close)  # also when the handshake fails
        self._closing.atexit = False
        self._held = 0
        """Bytes of bodies in the ledger."""
        self.loop = _loop or asyncio.get_event_loop()
        self.server_state = server_state
        self.limits = limits
        self._answer = answer
        self._trusts_proxy = trusts_proxy
        self._callers = callers
        self._parser: Any = httptools.HttpRequestParser(self)
        self._incoming: http_messages.IncomingRequest | None = None
        self._has_head = False
        self._is_cut_short = False
        self._head_size = 0
        self._waiting: deque[http_messages.IncomingRequest] = deque()
        self._current: http_messages.IncomingRequest | None = None
        self._is_ending = self._lingers = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._streaming: asyncio.Task[None] | None = None

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.server_state.connections.add(self)
        self._peer = (transport.get_extra_info("peername") or ("",))[0]
        self._certificate: Certificate | None = http_messages.peer_certificate(transport.get_extra_info("ssl_object"))
        self._scheme = "https" if transport.get_extra_info("ssl_object") is not None else "http"
        if self.ledger.connections > self.ledger.most_connections:
            self.ledger.complain()
            self._refuse(503, "There are too many connections.")
            return
        self._wait(self.limits.head_seconds)
        self._timer = self.loop.call_at(self._deadline, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.connections.discard(self)
        self._closing()
        self._release(self._held)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_ending = True
        self._waiting.clear()
        self._parser = None  # it refers to this connection, which is to be freed at once
        self._may_write.set()
        if self._streaming is not None:
            self._streaming.cancel()

    def shutdown(self) -> None:
        """End when the server does: a request that is under way, or on its way, gets its answer first."""
        self._is_ending = self._lingers = True
        if self._current is None and self._incoming is None:
            self.loop.call_later(_LINGER, self._close_idle)

    def _close_idle(self) -> None:
        """Close a connection without a request: closing it with one in the system's buffer would reset it."""
        self._lingers = False
        if self._current is None and self._incoming is None and not self._head_size:
            self.transport.close()

    def pause_writing(self) -> None:
        self._may_write.clear()
        self._wait(self.limits.write_seconds)

    def resume_writing(self) -> None:
        self._may_write.set()

    def _wait(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds

    def _look(self) -> None:
        """End an idle connection; the timer is not set anew with every request."""
        now = self.loop.time()
        if self._current is not None and self._may_write.is_set():
            self._timer = self.loop.call_later(self.limits.body_seconds, self._look)
        elif now < self._deadline:
            self._timer = self.loop.call_at(self._deadline, self._look)
        elif not self._may_write.is_set():
            self.transport.abort()
        elif self._incoming is not None or self._head_size:
            self._refuse(408, "The request did not arrive in time.")
        else:
            self.transport.close()

    # What comes in

    def data_received(self, data: bytes) -> None:
        if self._is_ending and self._current is None and self._incoming is None and not self._lingers:
            return
        begins = not self._has_head and not self._head_size
        if not self._has_head:
            self._head_size += len(data)
        elif self._incoming is not None:
            self._incoming.raw_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :] if upgrade.args else b"")
        except httptools.HttpParserCallbackError:
            log.exception("a request could not be answered")
            self._refuse(500, azure_text("internal-server-error"))
        except httptools.HttpParserError:
            self._refuse(400, "The request is not valid HTTP.")
        else:
            if self._has_head:
                self._wait(self.limits.body_seconds)
                self._look_at_overhead()
            elif self._head_size > self.limits.head_bytes:
                self._refuse(431, "The headers of the request are too large.")
            elif begins and self._head_size:
                self._wait(self.limits.head_seconds)

    def eof_received(self) -> bool:
        # It has sent all that it wants to, and may wait for the answer; with TLS there is no such half.
        return self._current is not None and self._scheme == "http"

    def on_message_begin(self) -> None:
        self._incoming = http_messages.IncomingRequest()
        self._has_head = False

    def on_url(self, url: bytes) -> None:
        if self._incoming is not None:
            self._incoming.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        incoming = self._incoming
        if incoming is None:  # it was refused
            return
        if self._has_head:
            self._pass_over_trailer(incoming, len(name) + len(value) + 4)
            return
        given = name.decode("latin-1")
        incoming.head_size += len(name) + len(value) + 4
        field = incoming.fields.setdefault(given.lower(), (given, []))
        field[1].append(value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        incoming = self._incoming
        if incoming is None:
            return
        self._has_head = True
        self._head_size = 0
        incoming.method = self._parser.get_method().decode("ascii", "replace")
        incoming.is_http_1_0 = self._parser.get_http_version() == "1.0"
        incoming.keeps_alive = self._parser.should_keep_alive()
        self._is_cut_short = self._parser.should_upgrade() and incoming.has_body
        wrong = http_messages.refusal_for(incoming, self.limits)
        if wrong is None and self._callers is not None and not self._is_proxy():
            wrong = self._callers.refusal_for(incoming)
        if wrong is not None:
            self._refuse(*wrong)
        elif "expect" in incoming.fields and not incoming.is_http_1_0 and self._current is None:
            self.transport.write(_CONTINUE)

    def _is_proxy(self) -> bool:
        """Return whether a trusted proxy sent the request, which decides itself for which hosts it forwards."""
        return self._trusts_proxy is not None and self._trusts_proxy(self._peer)

    def on_body(self, data: bytes) -> None:
        incoming = self._incoming
        if incoming is None:
            return
        incoming.size += len(data)
        if incoming.size > self.limits.body_bytes:
            self._refuse(413, "The body of the request is too large.")
        elif self.ledger.bytes + len(data) > self.ledger.most_bytes:
            self._refuse(503, "The bodies of all requests are too large.")
        else:
            self._held += len(data)
            self.ledger.bytes += len(data)
            incoming.body.append(data)

    def _release(self, size: int) -> None:
        """Take the bytes of a body out of the ledger."""
        self._held -= size
        self.ledger.bytes -= size

    def _pass_over_trailer(self, incoming: http_messages.IncomingRequest, size: int) -> None:
        """Skip the headers behind a body, which policies don't see."""
        incoming.trailers += size
        if incoming.trailers > self.limits.head_bytes:
            self._refuse(431, "The trailers of the request are too large.")

    def _look_at_overhead(self) -> None:
        """Refuse a body that is little among much that is none, such as extensions of chunks."""
        incoming = self._incoming
        if incoming is not None and incoming.raw_size > incoming.size * _OVERHEAD + self.limits.head_bytes:
            self._refuse(400, "The chunks of the request are mostly no body.")

    def on_message_complete(self) -> None:
        if self._is_cut_short:  # httptools takes a request that asks for an upgrade for one without a body
            return
        incoming, self._incoming = self._incoming, None
        self._has_head = False
        if incoming is None or self.transport.is_closing():
            return
        if self._current is not None:
            self._waiting.append(incoming)
            if len(self._waiting) >= _AHEAD:
                self.transport.pause_reading()
        else:
            self._begin(incoming)

    def _upgrade(self, rest: bytes) -> None:
        """Handle the wish for another protocol: WebSocket was refused, with others HTTP/1.1 continues."""
        if self.transport.is_closing():
            return
        if self._is_cut_short and self._incoming is not None:
            self._is_cut_short = False
            self._parser = httptools.HttpRequestParser(_KnownHead(self))
            self._parser.feed_data(_framing(self._incoming))
        else:
            self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.data_received(rest)

    # What goes out

    def _begin(self, incoming: http_messages.IncomingRequest) -> None:
        self._current = incoming
        fields = incoming.fields
        upgrade = ", ".join(fields["upgrade"][1]).lower() if "upgrade" in fields else ""
        if incoming.method == "CONNECT":
            self._refuse(405, "The gateway is not a proxy.")
        elif "websocket" in upgrade:
            self._refuse(501, "apimpolicy does not simulate WebSocket APIs.")
        else:
            self._answer(self._request(incoming), self._end, self.loop)

    def _request(self, incoming: http_messages.IncomingRequest) -> Request:
        scheme, host, address = self._scheme, incoming.host or "localhost", self._peer
        fields = incoming.fields
        if self._is_proxy():
            scheme = _last(fields, "x-forwarded-proto") or scheme
            host = _last(fields, "x-forwarded-host") or host
            address = _last(fields, "x-forwarded-for") or address
        target = incoming.target.decode("utf-8", "replace")
        if not target.startswith("/"):
            target = "/" + target.partition("://")[2].partition("/")[2] if "://" in target else "/" + target
        body = b"".join(incoming.body) if incoming.body else None
        headers = Headers.made_of(fields)
        return Request.made_of(incoming.method, f"{scheme}://{host}{target}", headers, body, self._certificate, address)

    def _end(self, handled: Handled) -> None:
        incoming, response = self._current, handled.response
        if incoming is None or self.transport.is_closing():
            return
        keeps_alive = incoming.keeps_alive and not self._is_ending
        if response.stream is not None:
            self._streaming = self.loop.create_task(self._stream(incoming, response, keeps_alive))
            return
        self._write(incoming, response, keeps_alive)
        self._next(keeps_alive)

    def _write(self, incoming: http_messages.IncomingRequest, response: Response, keeps_alive: bool) -> None:
        is_head = incoming.method == "HEAD"
        defaults, old = self.server_state.default_headers, incoming.is_http_1_0
        written = http_messages.head(response, defaults, is_head=is_head, keeps_alive=keeps_alive, old=old)
        has_body = not is_head and response.status_code not in (204, 304) and response.status_code >= 200
        self.transport.write(written + response.body if has_body else written)

    async def _stream(self, incoming: http_messages.IncomingRequest, response: Response, keeps_alive: bool) -> None:
        stream: Any = response.stream
        is_chunked = not incoming.is_http_1_0 and "Content-Length" not in response.headers
        keeps_alive = keeps_alive and not (incoming.is_http_1_0 and "Content-Length" not in response.headers)
        defaults = self.server_state.default_headers
        is_head = incoming.method == "HEAD" or response.status_code in (204, 304)
        self.transport.write(
            http_messages.head(
                response, defaults, is_head=is_head, keeps_alive=keeps_alive, old=incoming.is_http_1_0, streams=True
            )
        )
        try:
            async for part in stream.parts():
                if is_head:
                    break
                self.transport.write(http_messages.chunk(part) if is_chunked else part)
                await self._may_write.wait()
                if self.transport.is_closing():
                    return
        except OSError:  # an aborted connection shows that the body is incomplete
            self.transport.abort()
            return
        except asyncio.CancelledError:
            return
        finally:
            stream.close() if self.transport.is_closing() else None
        if is_chunked and not is_head:
            self.transport.write(http_messages.LAST_CHUNK)
        self._streaming = None
        self._next(keeps_alive)

    def _next(self, keeps_alive: bool) -> None:
        """Take the next request after an answer has been written, or wait for one."""
        if self._current is not None:
            self._release(min(self._current.size, self._held))
        self._current = None
        if not keeps_alive or (self._is_ending and not self._waiting):
            self.transport.close()
            return
        self._wait(self.limits.idle_seconds if self._incoming is None else self.limits.body_seconds)
        if self._waiting:
            incoming = self._waiting.popleft()
            if len(self._waiting) == _AHEAD - 1:
                self.transport.resume_reading()
            self.loop.call_soon(self._begin_later, incoming)
            self._current = incoming

    def _begin_later(self, incoming: http_messages.IncomingRequest) -> None:
        if not self.transport.is_closing():
            self._begin(incoming)

    def _refuse(self, status: int, message: str) -> None:
        """Answer without the engine, and end the connection."""
        if self.transport.is_closing():
            return
        incoming = http_messages.IncomingRequest() if self._current is None else self._current
        if self._current is not None and self._streaming is not None:
            self.transport.abort()
            return
        self._incoming, self._current, self._is_ending = None, None, True
        self._write(incoming, http_messages.own_answer(status, message), False)
        self.transport.close()


class _KnownHead:
    """Callbacks of a parser that reads a known head again for the body behind it; then those of the connection."""

    def __init__(self, protocol: GatewayProtocol) -> None:
        self._protocol = protocol
        self._is_known = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if not self._is_known:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_known:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_known:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_known:
            self._protocol.on_headers_complete()
        self._is_known = False


def _framing(incoming: http_messages.IncomingRequest) -> bytes:
    names = ("content-length", "transfer-encoding")
    lines = [f"{name}: {value}\r\n" for name in names for value in incoming.fields.get(name, ("", []))[1]]
    return f"POST / HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1", "replace")


def _last(fields: dict[str, tuple[str, list[str]]], name: str) -> str:
    """Return the last value of a header: what the proxy next to us wrote."""
    values = fields.get(name, ("", []))[1]
    return values[-1].rpartition(",")[2].strip() if values else ""
