"""Spans of OpenTelemetry: one for each request, and one below it for every policy that ran.

A listener of `Dispatcher`, made only where the package is installed. Times are those of the trace; the caller's
`traceparent` is the parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.text.secrets import data_without_secrets, without_secrets

if TYPE_CHECKING:
    from apimpolicy.serving.dispatcher import Handled

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
        """A span for each policy: it ends when the next one beside it begins."""
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
            following = (each.ticks or 0 for each in entries[place + 1 :] if each.depth <= entry.depth)
            end = next(following, None)
            around = span if entry.parent is None else spans.get(id(entry.parent), span)
            made = spans[id(entry)] = self._tracer.start_span(
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
                made.set_status(self._trace.StatusCode.ERROR, without_secrets(from_utf16(entry.error.message)))
            made.end(end_time=min(ended if end is None else began + (end - first) * _PER_TICK, ended))


def _name(handled: Handled) -> str:
    """The operation's template, as OpenTelemetry wants it; the names of its spans are few."""
    result = handled.result
    if result is None or not result.exchange.url_template:
        return ""
    return from_utf16(result.exchange.url_template)


def span_writer() -> SpanWriter | None:
    """The listener; None where OpenTelemetry is not installed, or nobody has said where spans go."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return None if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider) else SpanWriter()
