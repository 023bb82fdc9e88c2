"""Notes of an explanation: about CORS, texts that no gateway was seen to show, and missing parts of a service."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.cors import is_preflight
from apimpolicy.gateway.policies.effects import CorsChecked
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.report.advice import give_missing_part
from apimpolicy.report.terminal import short_path

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import TraceEntry


_UNSEEN = {"documented": "documented, but was not seen on a gateway", "ours": "our choice: no source shows one"}


def unseen_notes(result: Result) -> Iterator[str]:
    """Yield a sentence if no real gateway was seen to show a text of the response."""
    for known in islice(result.unseen_texts.values(), 1):
        yield f"The text of the response is {_UNSEEN[known]}."


# Simulate how a browser judges a response to a page of another origin: the page learns only that CORS failed

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


# Parts of the service that are missing, where the gateway was loaded without stand-ins


def missing_notes(result: Result) -> Iterator[str]:
    """Yield a sentence for each missing part that a policy uses that the request reached."""
    missing = [] if result.exchange.missing is None else result.exchange.missing()
    spans = {(each.file, each.position.line, _last_line(each)) for each in result.trace} if missing else set()
    needs_key = result.error is not None and result.error.source == "authorization"
    for part in missing:
        is_used = any(file == part.file and first <= part.line <= last for file, first, last in spans)
        if is_used or (needs_key and part.kind == "subscription"):
            yield f"Missing: {part.words}. {give_missing_part()}"


def _last_line(entry: TraceEntry) -> int:
    element = entry.step.element
    return int(element.source.position(element.end).line)
