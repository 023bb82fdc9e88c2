"""Secrets of every kind, sent through every output there is: none of them comes out."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.processes import APIMPOLICY, run_python

from apimpolicy import Gateway, Request, Response
from apimpolicy.report.explanation import explain
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.report.journey_html import journey_to_html
from apimpolicy.report.log_commands import HarmlessStream, to_json
from apimpolicy.report.run_results import explanation_to_json, render, result_to_json
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apimpolicy.gateway.engine.result import Result

SECRETS = {
    "a named value": "named-value-7c1f",
    "a token in a header": "opaque-token-51ad",
    "a password in a header": "basic-password-93be",
    "a cookie": "cookie-value-0d2c",
    "a subscription key in a header": "header-key-aa10",
    "a subscription key in the URL": "query-key-bb21",
    "a signature of a URL": "sas%2Fsignature-cc32",
    "a client's secret in a form": "client-secret-dd43",
    "a token in an answer": "access-token-ee54",
    "a token by its form": "eyJhbGciOiJub25lIiwiYSI6MX0.e30.c2lnbmF0dXJl",
    "a short signature": "sig5",
}
NAMED = SECRETS["a named value"]
POLICY = f"""<policies><inbound>
    <set-variable name="k" value="{{{{key}}}}" />
    <set-variable name="jwt" value="{SECRETS["a token by its form"]}" />
    <set-variable name="auth" value="@(context.Request.Headers.GetValueOrDefault("Authorization", ""))" />
    <set-variable name="sub" value="@(context.Request.Url.Query.GetValueOrDefault("subscription-key", ""))" />
    <send-request mode="new" response-variable-name="answer" timeout="10">
        <set-url>https://login.example/token?sig={SECRETS["a short signature"]}</set-url>
        <set-method>POST</set-method>
        <set-header name="Authorization" exists-action="override"><value>@("Basic " + Convert.ToBase64String(
            Encoding.UTF8.GetBytes("user:{SECRETS["a password in a header"]}")))</value></set-header>
        <set-body>grant_type=client_credentials&amp;client_secret={SECRETS["a client's secret in a form"]}</set-body>
    </send-request>
    <set-variable name="token" value="@((string)((IResponse)context.Variables["answer"]).Body.As<JObject>(
        preserveContent: true)["access_token"])" />
    <trace source="a">@("token " + context.Variables["token"] + " key " + context.Variables["k"])</trace>
    <cache-store-value key="@("of " + context.Variables["k"])" duration="9"
        value="@((string)context.Variables["jwt"])" />
    <choose><when condition="@((string)context.Variables["auth"] == "" || (string)context.Variables["k"] == "")">
        <return-response /></when></choose>
    <set-backend-service base-url="https://blob.example/a" />
    <set-query-parameter name="sig" exists-action="override">
        <value>{SECRETS["a signature of a URL"].replace("%2F", "/")}</value></set-query-parameter>
    <set-header name="X-Seen" exists-action="override">
        <value>@(context.Request.Headers.GetValueOrDefault("Cookie", "").Split(char.Parse("="))[1])</value></set-header>
</inbound><backend><forward-request /></backend><outbound>
    <set-status code="200" reason="@("Good " + context.Variables["token"])" />
    <set-header name="Location" exists-action="override"><value>@(context.Request.Url.ToString())</value></set-header>
</outbound><on-error /></policies>"""
HEADERS = {
    "Authorization": f"Bearer {SECRETS['a token in a header']}",
    "Cookie": f"session={SECRETS['a cookie']}; other=1",
    "Ocp-Apim-Subscription-Key": SECRETS["a subscription key in a header"],
}
URL = f"http://api.example/orders?subscription-key={SECRETS['a subscription key in the URL']}&id=visible"
ANSWER = json.dumps({"access_token": SECRETS["a token in an answer"], "expires_in": 3600})


def shown_in(text: str) -> list[str]:
    """The kinds of secrets that a text shows."""
    return [kind for kind, secret in SECRETS.items() if secret in text or secret.replace("%2F", "/") in text]


def gateway() -> Gateway:
    return Gateway(
        named_values={"key": NAMED},
        secrets=["key"],
        outside=lambda request: Response(200, body=ANSWER, headers={"Content-Type": "application/json"}),
        backend=lambda request: Response(200, body="fine"),
    )


@pytest.fixture(scope="module")
def result() -> Result:
    return gateway().run(POLICY, Request.get(URL, headers=HEADERS))


OUTPUTS: dict[str, Callable[[Any], str]] = {
    "run": lambda result: render(result, with_values=True),
    "run, JSON": result_to_json,
    "gateway trace": lambda result: to_json(gateway_trace(result)),
    "explain": lambda result: str(explain(result)),
    "explain, JSON": lambda result: explanation_to_json(explain(result)),
    "journey": journey_to_html,
    "standard output": lambda result: _printed(result),
}


def _printed(result: Result) -> str:
    explain(result)  # what a command does before it prints
    stream = io.StringIO()
    print(result.request.url, result.response.reason, result.backend_requests[0].url, file=HarmlessStream(stream))
    print(dict(result.exchange.variables.items()), file=HarmlessStream(stream))
    return stream.getvalue()


@pytest.mark.parametrize("name", OUTPUTS)
def test_reports(name: str, result: Result) -> None:
    text = OUTPUTS[name](result)
    assert shown_in(text) == []
    assert "***" in text


def test_the_request_has_all_of_them(result: Result) -> None:
    everything = [result.request, result.response, *result.backend_requests, *result.exchange.sent_requests]
    seen = " ".join(
        f"{getattr(each, 'url', '')} {list(each.headers.items())} {each.body!r} {getattr(each, 'reason', '')}"
        for each in everything
    )
    seen += f"{dict(result.exchange.variables.items())} {SECRETS['a password in a header']}"
    assert set(shown_in(seen)) == set(SECRETS)


def test_the_inspector(result: Result) -> None:
    from apimpolicy.serving.dispatcher import Dispatcher, Served
    from apimpolicy.serving.inspector import Inspector
    from apimpolicy.serving.listeners import Summary

    async def pages() -> dict[str, str]:
        dispatcher = Dispatcher(Served(gateway(), {"api": POLICY}))
        inspector = Inspector(dispatcher, "token")
        handled = await dispatcher.handle(Request.get(URL, headers=HEADERS))
        inspector.add(handled)
        number = inspector.id_of(handled)
        loop = asyncio.get_running_loop()
        of_request = ("", "/run", "/trace", "/policies", "/case", "/form")
        found = {
            path: inspector.page(Request.get("http://localhost/"), path, loop).text
            for path in ("state", *(f"requests/{number}{what}" for what in of_request))
        }
        events = inspector.page(Request.get("http://localhost/"), "events", loop).stream
        assert events is not None
        async for part in events.parts():  # type: ignore[attr-defined]
            found["events"] = part.decode()
            break
        found["line"] = str(Summary(handled))
        return found

    for name, text in asyncio.run(pages()).items():
        assert shown_in(text) == [], name
        assert "expose" not in text
        if name not in ("line", "requests/1/policies"):
            assert "***" in text, name


def test_spans() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from apimpolicy.serving.dispatcher import Dispatcher, Served
    from apimpolicy.serving.listeners import SpanWriter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    writer = SpanWriter()
    writer._tracer = provider.get_tracer("test")
    dispatcher = Dispatcher(Served(gateway(), {"api": POLICY}))
    dispatcher.listeners.append(writer)
    asyncio.run(dispatcher.handle(Request.get(URL, headers=HEADERS)))
    spans = exporter.get_finished_spans()
    text = " ".join(f"{span.name} {dict(span.attributes)} {span.status.description}" for span in spans)
    assert "set-variable" in text
    assert shown_in(text) == []


COMMANDS = (
    ["run", "a.xml", "--trace"],
    ["run", "a.xml", "--format", "json"],
    ["run", "a.xml", "--gateway-trace"],
    ["explain", "a.xml"],
    ["explain", "a.xml", "--format", "json"],
    ["explain", "a.xml", "--html", "written/page.html"],
    ["test", "a.test.yaml", "-v"],
    ["test", "a.test.yaml", "--format", "json"],
    ["test", "a.test.yaml", "--junit", "written/j.xml", "--html", "written"],
    ["test", "a.test.yaml", "--coverage-report", "written/coverage.html"],
    ["test", "a.test.yaml", "--coverage-report", "written/coverage.json"],
    ["new", "test", "a.xml", "--from-trace", "trace.json", "-o", "written/new.yaml"],
    ["new", "test", "a.xml", "--from-trace", "trace.json", "-o", "-"],
    ["mutate", "a.test.yaml", "-v"],
)
IN_THE_POLICY = {kind for kind, secret in SECRETS.items() if secret.replace("%2F", "/") in POLICY}
UNKNOWN = {
    # A page that shows the policy's file shows what is written there.
    "coverage.html": IN_THE_POLICY,
    # A trace has no bodies of answers, so nothing tells that this text is a token.
    "--from-trace": {"a token in an answer"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, result: Result) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "written").mkdir()
    (folder / "a.xml").write_text(POLICY, encoding="utf-8")
    (folder / "trace.json").write_text(json.dumps(gateway_trace(result)), encoding="utf-8")
    (folder / "apimpolicy.toml").write_text(
        f"""[named-values]
key = {{value = "{NAMED}", secret = true}}
[outside]
json = {{access_token = "{SECRETS["a token in an answer"]}"}}
""",
        encoding="utf-8",
    )
    case = {"name": "it fails", "request": {"get": URL, "headers": HEADERS}, "expect": {"status": 418}}
    content = {"policy": "a.xml", "config": "apimpolicy.toml", "cases": [case]}
    (folder / "a.test.yaml").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_commands(arguments: list[str], project: Path) -> None:
    more: list[str] = []
    if arguments[0] in ("run", "explain"):
        more = ["--get", URL, *(word for name, value in HEADERS.items() for word in ("--header", f"{name}: {value}"))]
    done = run_python(*APIMPOLICY, *arguments, *more, cwd=project)
    written = sorted((project / "written").rglob("*"))
    text = done.stdout + done.stderr + "".join(each.read_text("utf-8") for each in written if each.is_file())
    for each in written:
        if each.is_file():
            each.unlink()
    assert done.returncode in (0, 1), text
    unknown = set().union(*(kinds for mark, kinds in UNKNOWN.items() if any(mark in word for word in arguments)))
    assert set(shown_in(text)) <= unknown


def test_the_debugger(result: Result) -> None:
    from apimpolicy.editor.debug_adapter import DebugAdapter

    explain(result)
    stream = io.BytesIO()
    adapter = DebugAdapter(io.BytesIO(), stream)
    variables = [{"name": "url", "value": URL}, {"name": "Authorization", "value": HEADERS["Authorization"]}]
    adapter._send({"type": "response", "success": True, "body": {"variables": variables}})
    adapter._output(f"token {SECRETS['a token in an answer']}")
    assert shown_in(stream.getvalue().decode()) == []


def test_a_finding_shows_its_place_although_a_secret_stands_before_it(tmp_path: Path) -> None:
    url = f"https://a.example/?sig={SECRETS['a short signature']}-long-enough"
    (tmp_path / "a.xml").write_text(
        f'<policies><inbound><set-backend-service base-url="{url}" backed-id="x" /></inbound></policies>', "utf-8"
    )
    said = run_python(*APIMPOLICY, "check", "a.xml", cwd=tmp_path).stdout
    assert shown_in(said) == []
    lines = said.splitlines()
    place = next(number for number, line in enumerate(lines) if "^^^ did you mean" in line)
    assert lines[place - 1].index("backed-id") == lines[place].index("^")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /a?sig=abc&x=1", "GET /a?sig=***&x=1"),
        ("/a?x=1&amp;sig=abc", "/a?x=1&amp;sig=***"),
        ("/a?Subscription-Key=abc", "/a?Subscription-Key=***"),
        ("client_secret=abc&x=1", "client_secret=***&x=1"),
        ('{"client_secret": "abc"}', '{"client_secret": "***"}'),
        (r"{\"client_secret\": \"abc\"}", r"{\"client_secret\": \"***\"}"),
        ("/a?code=DE", "/a?code=DE"),
        ("/a?code=0123456789012345678901234567", "/a?code=***"),
        ('"?sig=" + signature', '"?sig=" + signature'),
        ("?sig={signature}", "?sig={signature}"),
        ("?sig=@(signature)", "?sig=@(signature)"),
        ("signature=abc", "signature=abc"),
        ("the design=abc", "the design=abc"),
    ],
)
def test_secrets_by_their_place(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert without_secrets(shown) == shown
