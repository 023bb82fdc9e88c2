"""Responses as bytes of HTTP/1.1, and the certificate of a connection's caller."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.cryptography.certificate import Certificate

if TYPE_CHECKING:
    from apimpolicy.context.records import Response

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
    status, given = response.status_code, response.headers.by_key()
    keeps_length = streams or is_head
    lines = [_status_line(status, response.reason)]
    for name, value in _fields(response, keeps_length):
        lines.append(f"{name}: {value}")
    if "date" not in given:
        lines += _date_lines(tuple(defaults))
    if status >= 200 and status not in (204, 304) and not (keeps_length and "content-length" in given):
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
