"""Messages of HTTP: requests as they arrive, with the reasons to refuse one before its body; responses; bodies.

Requests that two HTTP parsers could read differently are refused, such as ones with an ambiguous end of the body or two
hosts. httptools refuses malformed HTTP.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.context.records import Response
from apimpolicy.serving import engine_loop
from apimpolicy.text.secrets import without_secrets
from apimpolicy.text.source import number_of

if TYPE_CHECKING:
    from apimpolicy.project.serve_settings import Limits

LAST_CHUNK = b"0\r\n\r\n"
_OURS = frozenset(("connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te", "proxy-connection"))
"""Headers of this connection, which backends and policies can't set."""
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_NAMES = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")


def head(
    response: Response,
    defaults: Sequence[tuple[bytes, bytes]],
    *,
    is_head: bool = False,
    keeps_alive: bool = True,
    old: bool = False,
    streams: bool = False,
) -> bytes:
    """Return status line and headers. `old` is for a client of HTTP/1.0; what `streams` comes in chunks unless its
    length is known.
    """
    status, fields = response.status_code, response.headers.by_key()
    keeps_length = streams or is_head
    lines = [_status_line(status, response.reason)]
    for name, value in _fields(response, keeps_length):
        lines.append(f"{name}: {value}")
    if "date" not in fields:
        lines += _date_lines(tuple(defaults))
    if status >= 200 and status not in (204, 304) and not (keeps_length and "content-length" in fields):
        if not streams:
            lines.append(f"Content-Length: {len(response.body)}")
        elif not old:
            lines.append("Transfer-Encoding: chunked")
    if not keeps_alive:
        lines.append("Connection: close")
    elif old:
        lines.append("Connection: keep-alive")
    text = "\r\n".join(lines) + "\r\n\r\n"
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, which a policy can make
        return text.encode("utf-8", "replace")


@functools.lru_cache(maxsize=256)
def _status_line(status: int, reason: str) -> str:
    return f"HTTP/1.1 {status} {_NOT_IN_HEADERS.sub(' ', reason)}"


@functools.lru_cache(maxsize=2)
def _date_lines(defaults: tuple[tuple[bytes, bytes], ...]) -> list[str]:
    """Return the date among the headers that the server adds."""
    return [f"Date: {value.decode('latin-1')}" for name, value in defaults if name == b"date"]


def _fields(response: Response, keeps_length: bool) -> list[tuple[str, str]]:
    """Return the headers that are the response's own; one that could be read as two is made harmless."""
    found: list[tuple[str, str]] = []
    for key, (name, values) in response.headers.by_key().items():
        if key in _OURS or not _is_name(name) or (key == "content-length" and not keeps_length):
            continue
        for value in values:
            found.append((name, value if value.isprintable() else _NOT_IN_HEADERS.sub(" ", value)))
    return found


@functools.lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    return _NOT_IN_NAMES.search(name) is None


def fields_of(response: Response, *, streams: bool) -> list[tuple[str, bytes]]:
    """Return names and values of the headers for a server that makes the lines itself."""
    found = [(name, value.encode("utf-8", "replace")) for name, value in _fields(response, streams)]
    if not streams and response.status_code not in (204, 304):
        found.append(("Content-Length", str(len(response.body)).encode()))
    return found


def chunk(data: bytes) -> bytes:
    """Return a piece of a body that comes in chunks; an empty one is none."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def peer_certificate(connection: Any) -> Certificate | None:
    """Return the certificate that the caller presented, with those between it and its root; None without one."""
    presented = getattr(connection, "client_certificates", None)
    found: list[bytes] = [] if presented is None else presented()
    if not found:
        return None
    try:
        own, *others = [Certificate.from_der(each) for each in found]
    except Exception:  # OpenSSL read it, and cryptography can't: to the policy it is none
        return None
    own.intermediates = tuple(others)
    return own


_PHRASES = {413: "Request Entity Too Large", 414: "Request-URI Too Long", 431: "Request Header Fields Too Large"}


def own_answer(status: int, message: str) -> Response:
    shown = json.dumps(without_secrets(message), ensure_ascii=False)
    body = f'{{ "statusCode": {status}, "message": {shown} }}'
    return Response(status, _PHRASES.get(status), headers={"Content-Type": "application/json"}, body=body)


def internal_error() -> Response:
    """Return the answer that hides the error from the caller."""
    body = (
        f'{{ "statusCode": 500, "message": "{azure_text("internal-server-error")}", "activityId": "{uuid.uuid4()}" }}'
    )
    return Response(500, headers={"Content-Type": "application/json"}, body=body)


class IncomingRequest:
    """A request as it comes in. `size` is that of the body; `trailers` are the bytes of what came behind it."""

    head_size = 0
    target = b""
    method = ""
    host = ""
    size = 0
    raw_size = 0
    trailers = 0
    keeps_alive = True
    is_http_1_0 = False

    def __init__(self) -> None:
        self.fields: dict[str, tuple[str, list[str]]] = {}
        self.body: list[bytes] = []

    @property
    def has_body(self) -> bool:
        """Return whether the head declares a body."""
        fields = self.fields
        return "transfer-encoding" in fields or fields.get("content-length", ("", ["0"]))[1][0].strip("0") != ""


Refusal = tuple[int, str]
"""A status and the message."""

_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]*)(?::(\d{0,5}))?")
_LARGEST_PORT = 65535
NO_HOST = 400, "The request needs one valid header Host."
_NO_PATH = 400, "The target of the request must be a path, or a URL with the host of the header Host."
_CODINGS = 501, "The gateway only knows the transfer coding chunked."


def refusal_for(incoming: IncomingRequest, limits: Limits) -> Refusal | None:
    """Return why a request with this head is refused, if it is. Sets the host."""
    fields, target = incoming.fields, incoming.target
    if len(target) > limits.target_bytes:
        return 414, "The URL of the request is too long."
    if incoming.head_size + len(target) > limits.head_bytes:
        return 431, "The headers of the request are too large."
    if "host" in fields:
        host, *others = fields["host"][1]
        incoming.host = host
        if others or not _is_host(host):
            return NO_HOST
    elif not incoming.is_http_1_0:
        return NO_HOST
    if not target.startswith(b"/") and (refusal := _refusal_for_target(incoming)) is not None:
        return refusal
    if "transfer-encoding" in fields:
        if incoming.is_http_1_0:
            return 400, "A request of HTTP/1.0 has no transfer coding."
        if [coding.lower() for coding in fields["transfer-encoding"][1]] != ["chunked"]:
            return _CODINGS
    if "expect" in fields and [coding.lower() for coding in fields["expect"][1]] != ["100-continue"]:
        return 417, "The gateway does not support this value of the header Expect."
    if "content-length" in fields:
        length = number_of(fields["content-length"][1][-1])
        if length is not None and length > limits.body_bytes:
            return 413, "The body of the request is too large."
    return None


def _refusal_for_target(incoming: IncomingRequest) -> Refusal | None:
    """Return the refusal of a target that isn't a path, unless it is a URL with the host of the header."""
    if incoming.method == "CONNECT":
        return None
    scheme, _, rest = incoming.target.decode("latin-1").partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    is_same = not incoming.host or host.lower() == incoming.host.lower()
    return None if scheme.lower() in ("http", "https") and is_same and _is_host(host) and host else _NO_PATH


@functools.lru_cache(maxsize=1024)
def _is_host(host: str) -> bool:
    found = _HOST.fullmatch(host) if len(host) <= 255 else None
    return found is not None and int(found[1] or 0) <= _LARGEST_PORT


_BLOCK = 1 << 16


class BackendStream:
    """Implements `apimpolicy.gateway.context.bodies.BodyStream` for an answer of aiohttp.

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
