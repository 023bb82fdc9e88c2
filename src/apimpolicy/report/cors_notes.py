"""What a browser makes of an answer to a page of another origin; it tells the page nothing but that CORS failed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.result import Result

GRANT = "Access-Control-Allow-Origin"


def is_preflight(result: Result) -> bool:
    """Whether a browser asked for permission, and the gateway answered for itself."""
    request = result.request
    return (
        request.method.upper() == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
        and result.exchange.context.operation.method != "OPTIONS"
    )


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return (urlsplit(url).netloc or "").lower()


def cors_notes(result: Result) -> Iterator[str]:
    """Why the browser does not let the page have the answer, in sentences; none when it does."""
    origin = str(result.request.headers.get("Origin", "")).strip()
    if not origin or GRANT in result.response.headers or _host(origin) == _host(result.request.url):
        return
    if is_preflight(result):
        yield f"Without {GRANT} in this answer the browser does not send the request, and calls it a CORS error."
    else:
        yield f"Without {GRANT} in this answer a browser keeps it from the page of {origin}, and calls it a CORS error."
    entries = [entry for entry, _ in result.trace.effects("cors") if entry.name == "cors"]
    if not entries:
        yield "No cors policy ran before the answer was settled."
    for entry in entries:
        assert entry.effect is not None
        yield f"{os.path.basename(entry.file)}:{entry.position.line} cors: {entry.effect.text}."
