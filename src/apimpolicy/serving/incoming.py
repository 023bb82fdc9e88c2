"""A request as it arrives, and the reasons to refuse it before its body.

Requests that two HTTP parsers could read differently are refused, such as ones with an ambiguous end of the body or two
hosts. httptools refuses malformed HTTP.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from apimpolicy.text.source import number_of

if TYPE_CHECKING:
    from apimpolicy.project.serve_settings import Limits


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
        if [each.lower() for each in fields["transfer-encoding"][1]] != ["chunked"]:
            return _CODINGS
    if "expect" in fields and [each.lower() for each in fields["expect"][1]] != ["100-continue"]:
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
