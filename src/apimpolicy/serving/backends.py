"""Real backends, over aiohttp: pooled connections, timeouts, certificates, bodies as they come.

Only configured destinations get requests: forwarded requests go to `--backend`, and without it to the doubles of the
configuration; what leaves for anywhere else needs `--allow-outside`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.serving import engine_loop
from apimpolicy.serving.http_messages import BackendStream
from apimpolicy.serving.ledger import LEAST, Deadlines
from apimpolicy.serving.tls import BackendTrust

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect")
)
_LEFT_OUT = HOP_BY_HOP | {"content-length"}
LARGEST_ANSWER = 256 << 20
"""Bytes of an answer that is kept in memory, unless it is streamed."""
_SKIPPED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
MOST_RESPONSES = 20
"""Limit of a backend's responses to one request, including those such as `100 Continue`.

A flood of them would hold up all requests.
"""
_CONNECT_SECONDS = 30.0
_FINAL = 200
"""The least status of an answer that others do not follow."""
_LARGE = 1 << 18


class DestinationNotAllowed(ConnectionRefusedError):
    """A request to a destination that the configuration does not allow."""


class HttpBackend:
    """A transport over HTTP (see `apimpolicy.gateway.engine.services.Transport`) for code that runs in `bridge`.

    `base` replaces the scheme, host and port of all requests, and its path precedes each request's path; without
    `base`, requests go to their own URL, if it is `allowed`.
    """

    def __init__(self, base: str | None = None, *, allowed: bool = False, trusted: BackendTrust | None = None) -> None:
        self._base = None if base is None else _checked(base)
        self._prefix = "" if base is None else base.partition("?")[0].rstrip("/")
        self._allowed = allowed
        self.trusted = trusted or BackendTrust()

    def send(self, request: Request, timeout: float) -> Response:
        """Return the answer with all of its body. Raises OSError, and TimeoutError after so many seconds."""
        return engine_loop.wait_for(self._answer(request, timeout))

    def stream(self, request: Request, timeout: float) -> Response:
        """Return the response after its headers; its `stream` is the body. Raises as `send` does."""
        return engine_loop.wait_for(self._answer(request, timeout, streams=True))

    async def _answer(self, request: Request, timeout: float, *, streams: bool = False) -> Response:
        url = self._destination(request)
        client = _client()
        try:
            if streams:  # the timeout is that of the headers
                began = time.monotonic()
                async with asyncio.timeout(timeout):
                    answer = await self._begin(client, request, url, _no_timeout(_CONNECT_SECONDS))
                headers = _response_headers(answer)
                stream = BackendStream(answer, client.deadlines.loop, began + timeout)
                return Response.made_of(answer.status, answer.reason or "", headers, b"", stream)
            is_long = timeout >= LEAST
            with client.deadlines.within(timeout) if is_long else contextlib.nullcontext():
                answer = await self._begin(client, request, url, _no_timeout() if is_long else _total_timeout(timeout))
                headers, body = _response_headers(answer), await _read_body(answer)
        except Exception as error:
            found = _as_os_error(error, url)
            if found is None:
                raise
            raise found from error
        return Response.made_of(answer.status, answer.reason or "", headers, body)

    def _begin(self, client: _Client, request: Request, url: str, timeout: Any) -> Awaitable[Any]:
        """Return the response after its headers."""
        headers = client.new_headers()
        _send_on(request, url, headers.add)
        answer: Awaitable[Any] = client.session.request(
            request.method,
            _encoded(url),
            headers=headers,
            data=_payload(request.body),
            allow_redirects=False,
            ssl=self.trusted.context(request.url, request.certificate) if url.startswith("https") else True,
            timeout=timeout,
        )
        return answer

    def _destination(self, request: Request) -> str:
        if request.method.upper() == "CONNECT":
            raise OSError("CONNECT opens a tunnel, and the gateway sends requests only")
        if self._base is not None:
            path = request.url.find("/", request.url.find("://") + 3)
            return self._prefix + (request.url[path:] if path >= 0 else "/")
        parts = urlsplit(request.url)
        if not self._allowed:
            where = f"{parts.scheme}://{parts.netloc}"
            raise DestinationNotAllowed(f"no request was sent to {where}: start with --allow-outside to allow it")
        return request.url


def _as_os_error(error: Exception, url: str) -> OSError | None:
    """Return an aiohttp error as an error of sockets, which the engine expects; None if it is one already, or isn't
    about the backend.
    """
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return OSError(f"The certificate of {urlsplit(url).netloc} is not trusted: {error.certificate_error}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectionRefusedError("")
    if isinstance(error, TimeoutError):
        return TimeoutError()
    return OSError(_error_text(error)) if isinstance(error, (aiohttp.ClientError, ValueError)) else None


def _error_text(error: Exception) -> str:
    """Return the message of an aiohttp error, in one line."""
    message = getattr(error, "message", "")
    said = message if isinstance(message, str) else ""
    return " ".join(f"{type(error).__name__}: {said or ('' if message else error)}".split()).rstrip(": ")


class _Client(NamedTuple):
    """The pool of connections of a loop, and how long what goes over them may take."""

    session: Any
    deadlines: Deadlines
    new_headers: Callable[[], Any]


_clients: dict[asyncio.AbstractEventLoop, _Client] = {}
"""One for each loop: a gateway that is loaded again keeps its connections."""


class _LoopClient(threading.local):
    """The client of the loop that ran last in this thread: before Python 3.12 it takes a call of the system to know
    which one runs.
    """

    client: _Client | None = None


_current = _LoopClient()


@functools.lru_cache(maxsize=64)
def _total_timeout(seconds: float) -> Any:
    import aiohttp

    return aiohttp.ClientTimeout(total=seconds)


@functools.cache
def _no_timeout(to_connect: float | None = None) -> Any:
    import aiohttp

    return aiohttp.ClientTimeout(total=None, sock_connect=to_connect)


@functools.cache
def _handler() -> Any:
    """Return the protocol of connections: aiohttp's, ended where a backend sends unexpected responses."""
    from aiohttp.client_proto import ResponseHandler

    class Handler(ResponseHandler):
        def feed_data(self, data: Any, size: int = 0) -> None:
            self.informational = self.informational + 1 if data[0].code < _FINAL else 0
            if max(self.informational, len(self)) <= MOST_RESPONSES:
                super().feed_data(data, size)
            elif self.transport is not None:
                self.transport.abort()
                self.set_exception(OSError(f"the backend sent more than {MOST_RESPONSES} responses to one request"))

        informational = 0

    return Handler


def _client() -> _Client:
    """Return the client of the running loop."""
    here = _current.client
    if here is not None and here.deadlines.loop.is_running():
        return here
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        import aiohttp
        from multidict import CIMultiDict

        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0, socket_factory=_socket)
        connector._factory = functools.partial(_handler(), loop=loop)
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_no_timeout(),
            auto_decompress=False,
            skip_auto_headers=_SKIPPED,
            max_line_size=1 << 16,
            max_field_size=1 << 16,
        )
        client = _clients[loop] = _Client(session, Deadlines(loop), CIMultiDict)
    _current.client = client
    return client


async def close_connections() -> None:
    client = _clients.pop(asyncio.get_running_loop(), None)
    _current.client = None
    if client is not None:
        client.deadlines.close()
        await client.session.close()


def _socket(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _checked(base: str) -> Any:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"--backend takes a URL such as http://127.0.0.1:9000, not '{base}'")
    return parts


@functools.lru_cache(maxsize=1024)
def _encoded(url: str) -> Any:
    """Return the URL for aiohttp, which is not to encode it once more; a blank would end it on the wire."""
    import yarl

    origin, path = _PARTS.fullmatch(url).groups()  # type: ignore[union-attr]  # it fits anything
    return yarl.URL(origin + _UNSENDABLE.sub(_percent_encoded, path), encoded=True)


_PARTS = re.compile(r"((?:[^/?#:]*+://)?[^/?#]*+)(.*)", re.DOTALL)
_UNSENDABLE = re.compile(r"[^\x21-\x7e]+")


def _percent_encoded(found: re.Match[str]) -> str:
    return quote(found[0].encode("utf-8", "replace"))


def _send_on(request: Request, url: str, add: Callable[[str, str], None]) -> None:
    """Give `add` each header that is sent on: none that belongs to the caller's connection.

    `Host` is that of `url` where the request has the host of its own URL; one that a policy set stays.
    """
    for key, (name, values) in request.headers.by_key().items():
        if key in _LEFT_OUT:
            continue
        if key == "host" and values and values[0].lower() in _names(_origin(request.url)):
            add(name, _origin(url).rpartition("@")[2])
        else:
            for value in values:
                add(name, value)


def _origin(url: str) -> str:
    begin = url.find("://") + 3
    end = url.find("/", begin)
    return url[begin:] if end < 0 else url[begin:end]


@functools.lru_cache(maxsize=256)
def _names(netloc: str) -> tuple[str, str]:
    """Return a host with its port, and without."""
    parts = urlsplit(f"//{netloc}")
    return netloc.lower(), (parts.hostname or "").lower()


def _payload(body: bytes | None) -> Any:
    """Return the body for aiohttp, which writes a large one piece by piece if it is a file."""
    return io.BytesIO(body) if body is not None and len(body) > _LARGE else body


def _response_headers(answer: Any) -> Headers:
    """Return the headers of an answer. Raises OSError for an answer that can't be passed on; then the connection is
    closed.
    """
    if answer.status < _FINAL:
        answer.close()
        raise OSError(f"the backend sent an unexpected status {answer.status}")
    fields: dict[str, tuple[str, list[str]]] = {}
    for given, value in answer.raw_headers:
        key, name = _read_name(given)
        if key in HOP_BY_HOP:
            if key == "transfer-encoding" and value.lower() != b"chunked":
                answer.close()
                coding = value.decode("latin-1")
                raise OSError(f"the backend's answer has the transfer coding {coding}, which the gateway does not know")
            continue
        if key in fields:
            fields[key][1].append(value.decode("utf-8", "surrogateescape"))
        else:
            fields[key] = (name, [value.decode("utf-8", "surrogateescape")])
    return Headers.made_of(fields)


@functools.lru_cache(maxsize=1024)
def _read_name(given: bytes) -> tuple[str, str]:
    """Return the name of a header in lower case, and as it came."""
    name = given.decode("latin-1")
    return name.lower(), name


async def _read_body(answer: Any) -> bytes:
    """Return all of a body. Raises OSError when it is too large; then, and when it breaks off, the
    connection is closed.
    """
    try:
        content = answer.content
        if content.is_eof():  # all of it came with the headers
            return bytes(content.read_nowait())
        length = answer.content_length
        if length is not None and length <= LARGEST_ANSWER:
            return bytes(await answer.read())
        parts: list[bytes] = []
        size = 0
        async for part in content.iter_any():
            size += len(part)
            if size > LARGEST_ANSWER:
                raise OSError(
                    f"the answer has more than {LARGEST_ANSWER:,} bytes; use buffer-response=false to stream it"
                )
            parts.append(part)
    except BaseException:
        answer.close()
        raise
    return b"".join(parts)
