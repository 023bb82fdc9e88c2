"""Listeners of requests that were answered: lines for people at the terminal, and spans of OpenTelemetry.

Spans of OpenTelemetry: one for each request, and one below it for every policy that ran.

A listener of `Dispatcher`, made only where the package is installed. Times are those of the trace; the caller's
`traceparent` is the parent.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.effects import TokenValidated
from apimpolicy.report.columns import printable
from apimpolicy.report.explanation import decided_by
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.text.secrets import data_without_secrets, without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.serving.dispatcher import Handled

_MOST_WAITING = 10_000
"""Lines for a terminal that does not take them; further ones are left out."""


class Summary:
    """The line of a request, field by field."""

    __slots__ = ("caller", "decided", "method", "path", "reason", "seconds", "status", "target", "time")

    def __init__(self, handled: Handled) -> None:
        request, response, result = handled.request, handled.response, handled.result
        parts = urlsplit(request.url)
        certificate = request.certificate
        proofs = [] if certificate is None else [f"{certificate.subject} ({certificate.thumbprint[:4]}…)"]
        self.time = time.strftime("%H:%M:%S", time.localtime(handled.began))
        self.method = request.method
        self.path = f"{parts.path}{'?…' if parts.query else ''}"
        self.status = response.status_code
        self.reason = response.reason
        self.target = ""
        self.seconds = handled.seconds
        self.decided = handled.problem
        if result is not None:
            hide_secrets_of(result)
            proofs += _known_from(result)
            if result.backend_requests:
                sent = urlsplit(result.backend_requests[-1].url)
                self.target = f"{sent.scheme}://{sent.netloc}"
            self.decided = decided_by(result)
        self.caller = ", ".join(proofs)

    def __str__(self) -> str:
        answer = f"{self.status} {self.reason}".rstrip() + (f" → {self.target}" if self.target else "")
        what = "  ".join(filter(None, (f"{self.method} {self.path}", self.caller)))
        return printable(f"{self.time} {what:40} {answer:30} {self.decided}  {self.seconds * 1000:.1f} ms")


def _known_from(result: Result) -> Iterator[str]:
    """Yield who called, as the gateway knows it: the subscription of the key, and the subject of a valid token."""
    subscription = result.exchange.context.subscription
    if subscription is not None:
        yield f"subscription {from_utf16(subscription.id)}"
    for entry in result.trace:
        if isinstance(entry.effect, TokenValidated) and entry.effect.valid:
            yield f"token of {entry.effect.text.partition(',')[0]}"
            return


class LineWriter:
    """Writes a line for each request, in a thread of its own; a listener of `Dispatcher`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[Handled | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._write, name="apimpolicy-lines", daemon=True)
        self._thread.start()

    def __call__(self, handled: Handled) -> None:
        with suppress(queue.Full):
            self._waiting.put_nowait(handled)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(2.0)

    def _write(self) -> None:
        while True:
            handled = self._waiting.get()
            if handled is None:
                return
            try:
                self._stream.write(f"{Summary(handled)}\n")
                if self._waiting.empty():
                    self._stream.flush()
            except (OSError, ValueError):  # the reader is gone
                return


_NANOSECONDS = 1_000_000_000
_PER_TICK = 100


class SpanWriter:
    """Writes the spans of a request when it has been answered. Raises ImportError without the package."""

    def __init__(self) -> None:
        from opentelemetry import propagate, trace

        self._trace: Any = trace
        self._extract: Any = propagate.extract
        self._tracer: Any = trace.get_tracer("apimpolicy")

    def __call__(self, handled: Handled) -> None:
        request, response = handled.request, handled.response
        if handled.result is not None:
            hide_secrets_of(handled.result)
        began = int(handled.began * _NANOSECONDS)
        ended = began + int(handled.seconds * _NANOSECONDS)
        headers = {name.lower(): ",".join(values) for name, values in request.headers.fields()}
        attributes = {
            "http.request.method": request.method,
            "url.full": request.url.partition("?")[0],
            "http.response.status_code": response.status_code,
            "client.address": request.ip_address,
        }
        span = self._tracer.start_span(
            without_secrets(f"{request.method} {_name(handled)}".strip()),
            context=self._extract(headers),
            kind=self._trace.SpanKind.SERVER,
            start_time=began,
            attributes=data_without_secrets(attributes),
        )
        if handled.problem or response.status_code >= 500:
            span.set_status(self._trace.StatusCode.ERROR, without_secrets(handled.problem))
        self._policies(handled, span, ended)
        span.end(end_time=ended)

    def _policies(self, handled: Handled, span: Any, ended: int) -> None:
        """Write a span for each policy: it ends when the next one beside it begins."""
        if handled.result is None:
            return
        began = int(handled.began * _NANOSECONDS)
        entries = [entry for entry in handled.result.trace if entry.ticks is not None]
        if not entries:
            return
        first = entries[0].ticks or 0
        spans: dict[int, Any] = {}
        for place, entry in enumerate(entries):
            start = began + ((entry.ticks or 0) - first) * _PER_TICK
            following = (later.ticks or 0 for later in entries[place + 1 :] if later.depth <= entry.depth)
            end = next(following, None)
            around = span if entry.parent is None else spans.get(id(entry.parent), span)
            policy_span = spans[id(entry)] = self._tracer.start_span(
                entry.name,
                context=self._trace.set_span_in_context(around),
                start_time=min(start, ended),
                attributes=data_without_secrets(
                    {
                        "apim.section": entry.section,
                        "apim.scope": entry.scope,
                        "apim.path": entry.path,
                        "apim.effect": "" if entry.effect is None else entry.effect.text,
                    }
                ),
            )
            if entry.error is not None:
                policy_span.set_status(self._trace.StatusCode.ERROR, without_secrets(from_utf16(entry.error.message)))
            policy_span.end(end_time=min(ended if end is None else began + (end - first) * _PER_TICK, ended))


def _name(handled: Handled) -> str:
    """Return the operation's template, as OpenTelemetry wants it; the names of its spans are few."""
    result = handled.result
    if result is None or not result.exchange.url_template:
        return ""
    return from_utf16(result.exchange.url_template)


def span_writer() -> SpanWriter | None:
    """Return the listener; None without OpenTelemetry, or without a destination for spans."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return None if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider) else SpanWriter()
