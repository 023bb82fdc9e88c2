"""Real backends: what they get, what comes back, and how they fail."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.unit.serving.clients import Wire, backend, eventually, exchange, read_request, status

from apimpolicy import Backend, Gateway
from apimpolicy.errors import ConfigurationError
from apimpolicy.serving import HttpBackend, backends, ledger, serving
from apimpolicy.serving.backends import MOST_RESPONSES
from apimpolicy.serving.tls import BackendTrust
from apimpolicy.testing.authority import TestAuthority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apimpolicy.serving.dispatcher import Handled

PLAIN = "<policies><inbound><base /></inbound></policies>"
GET = b"GET /a/b?c=1 HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"


def forwarding(attributes: str = "", outbound: str = "", on_error: str = "") -> str:
    return (
        f"<policies><inbound /><backend><forward-request {attributes} /></backend><outbound>{outbound}</outbound>"
        f"<on-error>{on_error}</on-error></policies>"
    )


def talking(answer: bytes, seen: list[bytes] | None = None) -> Callable[[Any, Any], Any]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            if seen is not None:
                seen.append(request)
            writer.write(answer)
            await writer.drain()

    return talk


def test_what_the_backend_gets_and_what_comes_back() -> None:
    seen: list[bytes] = []
    answer = (
        b"HTTP/1.1 418 Teapot It Is\r\nX-oDD: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 5\r\n\r\n\x1f\x8bxyz"
    )
    with backend(talking(answer, seen)) as base, serving(Gateway(backend=HttpBackend(f"{base}/api")), PLAIN) as url:
        request = (
            b"POST /a%2Fb/%7e?c=%41&d= HTTP/1.1\r\nHost: gateway.example\r\nX-MiXed: 1\r\nX-MiXed: 2\r\n"
            b"TE: trailers\r\n"
            b"Connection: close, X-Gone\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        )
        got = exchange(url, request)
    head = seen[0].split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in head]
    assert head[0] == b"POST /api/a%2Fb/%7e?c=%41&d= HTTP/1.1"
    assert f"Host: {urlsplit(base).netloc}".encode() in head
    assert [line for line in head if line.startswith(b"X-MiXed")] == [b"X-MiXed: 1", b"X-MiXed: 2"]
    assert b"X-Forwarded-For: 127.0.0.1" in head
    assert b"Content-Length: 3" in head
    assert not {b"te", b"connection", b"transfer-encoding", b"user-agent", b"accept-encoding"} & set(names)
    assert seen[0].endswith(b"\r\n\r\nabc")
    assert got.startswith(b"HTTP/1.1 418 Teapot It Is\r\n")
    assert b"X-oDD: 1\r\n" in got
    assert b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n" in got
    assert got.endswith(b"\r\n\r\n\x1f\x8bxyz")


def test_connections_to_backends_are_kept() -> None:
    met: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(1)
        await talking(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(reader, writer)

    with backend(talk) as base, serving(Gateway(backend=HttpBackend(base)), PLAIN) as url:
        assert [status(exchange(url, GET)) for _ in range(5)] == [200] * 5
    assert len(met) == 1


ANSWER = b"HTTP/1.1 200 OK\r\n"
FAILURES: dict[str, tuple[bytes, str]] = {
    "closes at once": (b"", "Server disconnected"),
    "resets within the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "payload"),
    "breaks off within a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "payload"),
    "talks nonsense": (b"\x00\x01\x02\r\n\r\n", "Bad"),
    "sends a header that is none": (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ""),
    "never gets further than 100": (b"HTTP/1.1 100 Continue\r\n\r\n", "Server disconnected"),
    "says 100 without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, "more than 20 responses"),
    "says more than one thing before": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 11,
        "more than 20 responses",
    ),
    "speaks another protocol": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "unexpected status 101",
    ),
    "speaks HTTP/2": (b"HTTP/2 200\r\n\r\n", "Bad status line"),
    "speaks HTTP/0.9": (b"hello", "Bad status line"),
    "says a strange status": (b"HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n", "Bad status line"),
    "breaks off within the headers": (b"HTTP/1.1 200 OK\r\nContent-Le", "ServerDisconnectedError"),
    "says a length and chunks": (
        ANSWER + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "",
    ),
    "says two lengths": (ANSWER + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "Duplicate Content-Length"),
    "says a negative length": (ANSWER + b"Content-Length: -1\r\n\r\nab", "Content-Length"),
    "says an endless length": (ANSWER + b"Content-Length: 99999999999999999999\r\n\r\nab", "overflow"),
    "says an endless chunk": (ANSWER + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na", "overflow"),
    "says a negative chunk": (ANSWER + b"Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n", "chunk size"),
    "has a coding of its own": (ANSWER + b"Transfer-Encoding: gzip\r\n\r\nabc", "the transfer coding gzip"),
    "sends NUL in a header": (ANSWER + b"X: a\0b\r\nContent-Length: 0\r\n\r\n", "Invalid HTTP header"),
    "sends a large header": (ANSWER + b"X: " + b"a" * 70_000 + b"\r\nContent-Length: 0\r\n\r\n", "65536 bytes"),
    "sends many headers": (ANSWER + b"X: a\r\n" * 20_000 + b"Content-Length: 0\r\n\r\n", "Too many headers"),
}
WITHIN = ("resets within the body", "breaks off within a chunk")
"""Those that a client sees, when the answer is sent on as it comes, by its end."""


@pytest.mark.parametrize("streams", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("name", FAILURES)
def test_backends_that_fail(name: str, streams: bool) -> None:
    data, words = FAILURES[name]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(data)
        await writer.drain()

    told: list[Handled] = []
    on_error = '<set-header name="X-Reason"><value>@(context.LastError.Reason)</value></set-header>'
    with backend(talk) as base:
        gateway = Gateway(backend=HttpBackend(base))
        attributes = 'buffer-response="false"' if streams else ""
        with serving(gateway, forwarding(attributes, on_error=on_error), told=told.append) as url:
            got = exchange(url, GET)
    if streams and name in WITHIN:
        assert status(got) == 200
        assert not got.endswith(b"0\r\n\r\n")
        return
    assert status(got) == 500
    assert b"X-Reason: BackendConnectionFailure" in got
    assert b"Traceback" not in got
    assert told[0].result is not None
    assert told[0].result.error is not None
    assert words in told[0].result.error.message
    assert "\n" not in told[0].result.error.message


TARGETS = {
    "http://a.example/a b": b"GET /a%20b HTTP/1.1",
    "http://a.example/ä?q=é€": b"GET /%C3%A4?q=%C3%A9%E2%82%AC HTTP/1.1",
    "http://a.example/%20%E4?a=b%26c": b"GET /%20%E4?a=b%26c HTTP/1.1",
    "http://a.example?a b": b"GET /?a%20b HTTP/1.1",
    "http://a.example/a HTTP/1.1": b"GET /a%20HTTP/1.1 HTTP/1.1",
}


@pytest.mark.parametrize("url", TARGETS)
def test_a_target_on_the_wire_has_no_blanks(url: str) -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    policy = f"""<policies><inbound><send-request mode="new" response-variable-name="a"><set-url>{url}</set-url>
        <set-method>GET</set-method></send-request></inbound></policies>"""
    with backend(talk) as base, serving(Gateway(outside=HttpBackend(base)), policy) as given:
        assert status(exchange(given, GET)) == 200
    assert seen[0].startswith(TARGETS[url])


def test_connect_is_not_sent() -> None:
    policy = "<policies><inbound><set-method>connect</set-method></inbound></policies>"
    told: list[Handled] = []
    with serving(Gateway(backend=HttpBackend("http://127.0.0.1:1")), policy, told=told.append) as url:
        assert status(exchange(url, GET)) == 500
    assert told[0].result is not None
    assert told[0].result.error is not None
    assert "CONNECT" in told[0].result.error.message


def test_a_few_informational_responses_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n" * MOST_RESPONSES

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(hints + b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    with backend(talk) as base, serving(Gateway(backend=HttpBackend(base)), PLAIN) as url:
        assert status(exchange(url, GET)) == 204


def test_a_backend_that_never_stops_answering_loses_its_connection() -> None:
    closed = threading.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 100)
                await writer.drain()
        closed.set()

    with backend(talk) as base, serving(Gateway(backend=HttpBackend(base)), PLAIN) as url:
        exchange(url, GET)
        assert closed.wait(60)


def test_a_backend_that_is_not_there() -> None:
    told: list[Handled] = []
    with serving(Gateway(backend=HttpBackend("http://127.0.0.1:1")), PLAIN, told=told.append) as url:
        assert status(exchange(url, GET)) == 500
    assert told[0].result is not None
    assert told[0].result.error is not None
    assert told[0].result.error.message == "Error occured while calling backend service."


@pytest.mark.parametrize("shares_timer", [False, True])
@pytest.mark.parametrize("drips", [False, True])
def test_backends_that_hang_or_drip_are_given_up(
    drips: bool, shares_timer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shares_timer:
        monkeypatch.setattr(backends, "LEAST", 0.0)
        monkeypatch.setattr(ledger, "_LOOK", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" if drips else b"")
        while True:
            await asyncio.sleep(0.05)
            writer.write(b"a" if drips else b"")
            await writer.drain()

    told: list[Handled] = []
    with backend(talk) as base:
        gateway = Gateway(backend=HttpBackend(base))
        with serving(gateway, forwarding('timeout-ms="300"'), told=told.append) as url:
            began = time.monotonic()
            assert status(exchange(url, GET)) == 500
            assert time.monotonic() - began > 0.25
    assert told[0].result is not None
    assert told[0].result.error is not None
    assert told[0].result.error.reason == "Timeout"


def test_slow_backends_do_not_stand_in_each_others_way() -> None:
    waiting: list[asyncio.StreamReader] = []
    all_here = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting.append(reader)
        await read_request(reader)
        if len(waiting) == 50:
            all_here.set()
        await all_here.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    with backend(talk) as base, serving(Gateway(backend=HttpBackend(base)), PLAIN) as url:
        wires = [Wire(url).send(GET) for _ in range(50)]
        assert [status(wire.rest()) for wire in wires] == [200] * 50


def test_nothing_leaves_that_nobody_allowed() -> None:
    met: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(1)

    policy = (
        "<policies><inbound><send-request response-variable-name='a'><set-url>{}</set-url></send-request></inbound>"
        "</policies>"
    )
    told: list[Handled] = []
    with backend(talk) as base:
        gateway = Gateway(outside=HttpBackend())
        with serving(gateway, policy.format(f"{base}/token"), told=told.append) as url:
            assert status(exchange(url, GET)) == 500
    assert not met
    assert told[0].result is not None
    assert told[0].result.error is not None
    assert "start with --allow-outside" in told[0].result.error.message


def test_redirects_are_followed_by_the_policy() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
            there = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere"
            writer.write(there if b"/there" in request else moved)
            await writer.drain()

    with backend(talk) as base:
        for attributes, wanted in (("", 302), ('follow-redirects="true"', 200)):
            with serving(Gateway(backend=HttpBackend(base)), forwarding(attributes)) as url:
                assert status(exchange(url, GET)) == wanted


def events(stops: threading.Event) -> Callable[[Any, Any], Any]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(1_000):
            data = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await writer.drain()
            if stops.is_set():
                break
            await asyncio.sleep(0.02)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    return talk


def test_events_come_as_they_happen() -> None:
    stops = threading.Event()
    with backend(events(stops)) as base:
        gateway = Gateway(backend=HttpBackend(base))
        with serving(gateway, forwarding('buffer-response="false" timeout="1"')) as url:
            wire = Wire(url).send(GET)
            first = wire.until(b"data: 3\n\n")
            assert b"Transfer-Encoding: chunked" in first
            assert b"data: 100\n" not in first
            stops.set()
            assert wire.rest().endswith(b"0\r\n\r\n")


def test_a_stream_that_a_policy_reads_is_buffered() -> None:
    stops = threading.Event()
    stops.set()
    outbound = "<set-body>@(context.Response.Body.As&lt;string>().ToUpper())</set-body>"
    with backend(events(stops)) as base:
        gateway = Gateway(backend=HttpBackend(base))
        with serving(gateway, forwarding('buffer-response="false"', outbound)) as url:
            assert exchange(url, GET).endswith(b"\r\n\r\nDATA: 0\n\n")


def test_a_stream_whose_reader_leaves_ends_at_the_backend() -> None:
    ended = threading.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await events(threading.Event())(reader, writer)
        except ConnectionError:
            ended.set()

    with backend(talk) as base:
        gateway = Gateway(backend=HttpBackend(base))
        with serving(gateway, forwarding('buffer-response="false"')) as url:
            wire = Wire(url).send(GET)
            wire.until(b"data: 1\n")
            wire.close()
            assert ended.wait(10)


def test_a_stream_that_breaks_off_does_not_look_complete() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nab")
        await writer.drain()

    with backend(talk) as base:
        gateway = Gateway(backend=HttpBackend(base))
        with serving(gateway, forwarding('buffer-response="false"')) as url:
            assert not exchange(url, GET).endswith(b"0\r\n\r\n")


def test_bandwidth_of_a_stream_counts_when_it_has_ended() -> None:
    stops = threading.Event()
    stops.set()
    policy = forwarding('buffer-response="false"').replace(
        "<inbound />", '<inbound><quota-by-key bandwidth="1" renewal-period="0" counter-key="a" /></inbound>'
    )
    with backend(events(stops)) as base:
        gateway = Gateway(backend=HttpBackend(base))
        with serving(gateway, policy) as url:
            assert b"data: 0" in exchange(url, GET)
        assert [entry.value for entry in gateway.services.state.entries() if "bytes" in entry.key] == ["9"]


MODEL = """<policies><inbound><llm-token-limit counter-key="a" tokens-per-minute="1000" estimate-prompt-tokens="false"
remaining-tokens-variable-name="left" /><set-header name="X-Left"><value>@(context.Variables["left"].ToString())</value>
</set-header></inbound><backend><forward-request buffer-response="false" /></backend></policies>"""
ANSWER = (
    b'data: {"choices": [{"delta": {"content": "Hello"}}]}\n\n',
    b'data: {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}}\n\n',
    b"data: [DONE]\n\n",
)


@pytest.mark.parametrize("leaves", [False, True])
def test_tokens_of_a_streamed_answer_count_when_it_has_come(leaves: bool) -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for event in ANSWER:
            writer.write(event)
            await writer.drain()
            await asyncio.sleep(0.3)

    ask = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
    prompt = b'{"stream": true, "messages": [{"role": "user", "content": "Hi"}]}'
    ask += b"Content-Length: %d\r\n\r\n%b" % (len(prompt), prompt)
    with backend(talk) as base:
        gateway = Gateway(backend=HttpBackend(base), tier="v2")
        with serving(gateway, MODEL) as url:
            wire = Wire(url).send(ask)
            first = wire.until(b"Hello")
            assert b"DONE" not in first
            if leaves:
                wire.until(b"usage")
                wire.close()
            else:
                assert b"DONE" in wire.rest()
            assert eventually(lambda: levels(gateway) < [900.0])
            exchange(url, ask)
    assert b"X-Left: 84" in seen[1] or b"X-Left: 85" in seen[1]  # the bucket fills, and a streamed prompt is estimated


def levels(gateway: Gateway) -> list[float]:
    found = [entry for entry in gateway.services.state.entries() if entry.kind == "bucket"]
    return [float(entry.value.split()[0]) for entry in found]


def test_large_bodies_both_ways() -> None:
    size = 20 << 20

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        body = request.partition(b"\r\n\r\n")[2]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body[::-1])
        await writer.drain()

    told: list[Handled] = []
    with backend(talk) as base, serving(Gateway(backend=HttpBackend(base)), PLAIN, told=told.append) as url:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        body = b"ab" * (size // 2)
        connection.request("POST", "/", body=body)
        response = connection.getresponse()
        assert response.status == 200, (told[0].problem, told[0].result and told[0].result.error)
        assert response.read() == body[::-1]
        connection.close()


def test_retry_really_waits() -> None:
    from apimpolicy.serving.engine_loop import RunningClock

    met: list[float] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            met.append(time.monotonic())
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % (503 if len(met) < 3 else 200))
            await writer.drain()

    retry = (
        '<retry condition="@(context.Response.StatusCode == 503)" count="5" interval="1" first-fast-retry="true">'
        "<forward-request /></retry>"
    )
    policy = f"<policies><inbound /><backend>{retry}</backend></policies>"
    with backend(talk) as base:
        gateway = Gateway(backend=HttpBackend(base), now=RunningClock())
        with serving(gateway, policy) as url:
            assert status(exchange(url, GET)) == 200
    assert met[2] - met[1] > 0.9


# TLS towards backends


@pytest.fixture(scope="module")
def authority() -> TestAuthority:
    return TestAuthority("Backend CA")


def secure(authority: TestAuthority, folder: Path, *, names: tuple[str, ...], asks: bool = False) -> Any:
    """A server with a certificate of this authority, which says who called."""
    certificate = authority.client("backend", dns_names=names)
    path = folder / "server.pem"
    path.write_text(certificate.to_pem(include_key=True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.certificate.to_pem())
    return http_server(context)


def http_server(context: ssl.SSLContext) -> Any:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            peer = self.connection.getpeercert()  # type: ignore[attr-defined] # it is TLS
            body = json.dumps(peer and peer.get("subject")).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def asked(gateway: Gateway, policy: str = PLAIN) -> tuple[int, str, str]:
    told: list[Handled] = []
    with serving(gateway, policy, told=told.append) as url:
        got = exchange(url, GET)
    result = told[0].result
    assert result is not None
    return status(got), got.partition(b"\r\n\r\n")[2].decode(), result.error.message if result.error else ""


def test_certificates_of_backends_are_checked_unless_the_backend_says_otherwise(
    authority: TestAuthority, tmp_path: Path
) -> None:
    server = secure(authority, tmp_path, names=("localhost",))
    base = f"https://localhost:{server.server_address[1]}"
    by_id = "<policies><inbound><set-backend-service backend-id='b' /></inbound></policies>"

    def gateway(trusted: bool, **checks: bool) -> Gateway:
        transport = HttpBackend(allowed=True)
        made = Gateway(
            backend=transport,
            trusted_roots=[authority.certificate] if trusted else [],
            backends={"b": Backend(base, **checks)},  # type: ignore[arg-type] # the two flags
        )
        transport.trusted = BackendTrust(made.trusted_roots, made.backends)
        return made

    try:
        assert asked(gateway(trusted=True), by_id)[0] == 200
        code, _, message = asked(gateway(trusted=False), by_id)
        assert code == 500
        assert "is not trusted" in message
        assert asked(gateway(trusted=False, validates_certificate_chain=False), by_id)[0] == 200
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("url", "is_checked"),
    [
        ("https://10.0.0.1", False),
        ("https://10.0.0.1:443/", False),
        ("HTTPS://10.0.0.1/orders?id=1", False),
        ("https://10.0.0.11/", True),
        ("https://10.0.0.1.attacker.example/", True),
        ("https://10.0.0.1@attacker.example/", True),
        ("https://attacker.example/https://10.0.0.1", True),
        ("https://10.0.0.1:8443/", True),
        ("https://10.0.0.1:x/", True),
        ("https://api.example/open/orders", False),
        ("https://API.example/open", False),
        ("https://api.example/opened", True),
        ("https://api.example/open/secure", True),  # the longer path says how
        ("https://api.example/open/secured", False),
        ("https://both.example/", True),  # two backends at one URL, of which one checks
        ("https://api.example/", True),
    ],
)
def test_which_requests_an_unchecked_backend_covers(url: str, is_checked: bool) -> None:
    unchecked = ("https://10.0.0.1", "https://api.example/open/", "https://both.example")
    found = {each: Backend(each, validates_certificate_chain=False) for each in unchecked}
    found |= {each: Backend(each) for each in ("https://api.example/open/secure", "https://both.example/")}
    context = BackendTrust((), found).context(url, None)
    assert (context.verify_mode == ssl.CERT_REQUIRED) == is_checked
    assert context.check_hostname == is_checked


def test_the_gateway_presents_the_certificate_that_the_policy_chose(authority: TestAuthority, tmp_path: Path) -> None:
    server = secure(authority, tmp_path, names=("localhost",), asks=True)
    base = f"https://localhost:{server.server_address[1]}"
    own = authority.client("the gateway")
    policy = "<policies><inbound><authentication-certificate certificate-id='own' /></inbound></policies>"
    transport = HttpBackend(base, trusted=BackendTrust([authority.certificate]))
    try:
        gateway = Gateway(backend=transport, certificates={"own": own})
        code, body, _ = asked(gateway, policy)
        assert code == 200
        assert "the gateway" in body
        assert asked(Gateway(backend=transport), PLAIN)[0] == 500
    finally:
        server.shutdown()
        server.server_close()


def test_a_wrong_url_is_said() -> None:
    with pytest.raises(ConfigurationError, match="takes a URL such as"):
        HttpBackend("127.0.0.1:9000")


def test_nothing_is_left_behind() -> None:
    assert eventually(lambda: not [each for each in threading.enumerate() if each.name == "apimpolicy-serving"])
