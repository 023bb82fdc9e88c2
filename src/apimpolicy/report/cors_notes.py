"""Simulate how a browser judges a response to a page of another origin: the page learns only that CORS failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.cors import is_preflight
from apimpolicy.policies.effects import CorsChecked
from apimpolicy.policies.registry import has_trait
from apimpolicy.report.places import short_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.result import Result

GRANT = "Access-Control-Allow-Origin"


def is_answered_preflight(result: Result) -> bool:
    """Return whether the gateway responded to a preflight itself."""
    exchange = result.exchange
    return is_preflight(exchange.request) and exchange.context.operation.method != "OPTIONS"


def _is_own(origin: str, result: Result) -> bool:
    """Return whether the page is of the gateway's own host, and needs no permission."""
    url = result.exchange.request.url
    port = {"https": 443, "http": 80}.get(url.scheme)
    own = f"{url.scheme}://{url.host}".lower()
    return origin.lower() in (f"{own}:{url.port}", *([own] if url.port == port else ()))


def cors_notes(result: Result) -> Iterator[str]:
    """Yield sentences on why the browser hides the response from the page; none if it doesn't."""
    origin = str(result.request.headers.get("Origin", "")).strip()
    if not origin or GRANT in result.response.headers or _is_own(origin, result):
        return
    if is_answered_preflight(result):
        yield f"The response has no {GRANT}, so the browser does not send the request and reports a CORS error."
    else:
        hidden = f"hides it from the page of {origin} and reports a CORS error."
        yield f"The response has no {GRANT}, so the browser {hidden}"
    entries = [entry for entry, _ in result.trace.effects(CorsChecked) if has_trait(entry.name, "preflight")]
    if not entries:
        yield "No cors policy ran before the response was decided."
    for entry in entries:
        assert entry.effect is not None
        yield f"{short_path(entry.file)}:{entry.position.line} cors: {entry.effect.text}."
