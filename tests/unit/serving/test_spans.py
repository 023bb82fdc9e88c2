"""Spans of OpenTelemetry, where it is installed."""

from __future__ import annotations

import pytest

from apimpolicy import Gateway, Request
from apimpolicy.serving.dispatcher import Dispatcher, Served
from apimpolicy.serving.listeners import span_writer

POLICY = """<policies><inbound><choose><when condition="@(true)"><set-variable name="a" value="1" /></when></choose>
<set-variable name="b" value="@(1 / int.Parse(&quot;0&quot;))" /></inbound></policies>"""


def test_a_request_is_a_span_with_one_for_each_policy() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    import asyncio

    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    writer = span_writer()
    assert writer is not None
    dispatcher = Dispatcher(Served(Gateway(), {"api": POLICY}))
    dispatcher.listeners.append(writer)
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asyncio.run(dispatcher.handle(Request.get("http://a/orders?key=secret", headers={"traceparent": caller})))
    spans = {span.name: span for span in exporter.get_finished_spans()}
    request = spans["GET"]
    assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert request.attributes["http.response.status_code"] == 500
    assert "secret" not in request.attributes["url.full"]
    assert spans["when"].parent.span_id == spans["choose"].context.span_id
    assert spans["choose"].parent.span_id == request.context.span_id
    assert not spans["set-variable"].status.is_ok
    assert all(span.start_time <= span.end_time for span in spans.values())
