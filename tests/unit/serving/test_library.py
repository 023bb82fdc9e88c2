"""The library: an ASGI application for any server, a gateway for the time of a block, and the fixture."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.serving.clients import backend, read_request
from tests.unit.serving.commands import get

import apimpolicy.serving
from apimpolicy import Gateway, Response
from apimpolicy.gateway.engine.service import Service, ServiceApi
from apimpolicy.serving import HttpBackend, Limits, application

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """<policies><inbound><choose><when condition="@(context.Request.Method == &quot;GET&quot;)">
<return-response><set-status code="202" /><set-header name="X-Seen">
<value>@(context.Request.OriginalUrl.ToString())</value></set-header></return-response></when></choose></inbound>
</policies>"""


def ask(app: Any, scope: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What an application sends when it receives these messages."""
    waiting = list(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def http(method: str = "GET", path: bytes = b"/a%20b", **more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": "/",
        "raw_path": path,
        "query_string": b"c=1",
        "scheme": "https",
        "headers": [(b"host", b"a.example"), (b"x-a", b"1"), (b"x-a", b"2")],
        "client": ("10.0.0.9", 1),
        **more,
    }


BODY = {"type": "http.request", "body": b"", "more_body": False}


def test_an_application_answers() -> None:
    start, body = ask(application(Gateway(), POLICY), http(), BODY)
    assert start["status"] == 202
    assert (b"x-seen", b"https://a.example/a%20b?c=1") in start["headers"]
    assert (b"content-length", b"0") in start["headers"]
    assert body == {"type": "http.response.body", "body": b""}


def test_an_application_passes_the_request_on() -> None:
    seen: list[Any] = []

    def answer(request: Any) -> Response:
        seen.append(request)
        return Response(200, body=request.body)

    parts = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c", "more_body": False},
    ]
    start, body = ask(application(Gateway(backend=answer), POLICY), http("POST"), *parts)
    assert (start["status"], body["body"]) == (200, b"abc")
    assert seen[0].headers.get_all("X-A") == ["1", "2"]
    assert seen[0].headers["X-Forwarded-For"] == "10.0.0.9"


def test_an_application_serves_a_service() -> None:
    from apimpolicy.gateway.context.entities import Api

    app = application(Gateway(service=Service([ServiceApi(Api("orders", path="orders"))])))
    assert ask(app, http(path=b"/orders"), BODY)[0]["status"] == 200
    assert ask(app, http(path=b"/others"), BODY)[0]["status"] == 404


def test_an_application_has_limits() -> None:
    app = application(Gateway(), POLICY, limits=Limits(body_bytes=2))
    assert ask(app, http("POST"), {**BODY, "body": b"abc"})[0]["status"] == 413


def test_an_application_refuses_websocket_and_lives() -> None:
    app = application(Gateway(), POLICY)
    (close,) = ask(app, {"type": "websocket"}, {"type": "websocket.connect"})
    assert close["type"] == "websocket.close"
    told = ask(app, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [each["type"] for each in told] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_an_application_streams() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        await writer.drain()

    streams = '<policies><inbound /><backend><forward-request buffer-response="false" /></backend></policies>'
    with backend(talk) as base:
        transport = HttpBackend(base)

        async def app(*arguments: Any) -> None:
            from apimpolicy.serving.backends import close_connections

            await application(Gateway(backend=transport), streams)(*arguments)
            await close_connections()

        start, *bodies = ask(app, http(), BODY)
    assert start["status"] == 200
    assert b"".join(each["body"] for each in bodies) == b"abc"
    assert bodies[0]["more_body"]


def test_a_client_certificate_of_the_server(certificate_pem: str) -> None:
    extension = {"extensions": {"tls": {"client_cert_chain": [certificate_pem]}}}
    policy = POLICY.replace("context.Request.OriginalUrl.ToString()", "context.Request.Certificate.Subject")
    gateway = Gateway(negotiate_client_certificate=True)
    start, _ = ask(application(gateway, policy), http(**extension), BODY)
    assert (b"x-seen", b"CN=partner") in start["headers"]


@pytest.fixture
def certificate_pem() -> str:
    from apimpolicy.testing.authority import self_signed

    return self_signed("partner").to_pem()


def test_the_fixture(serving: Callable[..., str]) -> None:
    one, other = serving(Gateway(), POLICY), serving(Gateway(), {"api": POLICY})
    assert one != other
    assert [get(url, "/")[0] for url in (one, other)] == [202, 202]


def test_names_of_the_room() -> None:
    for name in ("application", "serving", "HttpBackend", "Limits", "RedisState"):
        assert getattr(apimpolicy.serving, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = apimpolicy.serving.nothing


def test_the_room_costs_nothing_until_it_is_used() -> None:
    heavy = ("uvicorn", "aiohttp", "OpenSSL", "redis", "greenlet")
    code = f"import sys, apimpolicy.serving.plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from apimpolicy.cli.program import run; sys.exit(run(['serve']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'apimpolicy[serve]'" in done.stderr
