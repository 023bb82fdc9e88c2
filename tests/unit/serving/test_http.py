"""HTTP/1.1 as clients see it: what is kept, what is refused and how, and what happens when nobody behaves."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from tests.unit.serving.clients import Wire, eventually, exchange, status

from apimpolicy import Gateway, Request, Response
from apimpolicy.csharp.dotnet.environment import Limits as EvaluationLimits
from apimpolicy.serving import Limits, serving
from apimpolicy.serving.protocol import GatewayProtocol
from apimpolicy.serving.server import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.serving.dispatcher import Handled

ECHO = """<policies><inbound><return-response><set-status code="201" reason="Just so" />
<set-header name="X-Seen"><value>@(context.Request.Method + " " + context.Request.OriginalUrl)</value></set-header>
<set-header name="X-Two"><value>a</value><value>b</value></set-header>
<set-header name="X-Given"><value>@(context.Request.Headers.GetValueOrDefault("x-MIXED", "none"))</value></set-header>
<set-body>@(context.Request.Body == null ? "nothing" : context.Request.Body.As&lt;string>())</set-body>
</return-response></inbound><backend /><outbound /><on-error /></policies>"""
SMALL = Limits(
    body_bytes=10_000,
    head_bytes=4_000,
    target_bytes=1_000,
    head_seconds=0.6,
    body_seconds=0.6,
    idle_seconds=1.0,
    connections=20,
)
HOST = b"Host: a.example\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Gateway(), ECHO, limits=SMALL) as found:
        yield found


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    assert eventually(lambda: not [each for each in threading.enumerate() if each.name.startswith("apimpolicy_")])


def test_a_request_and_its_answer(url: str) -> None:
    answer = exchange(url, b"GET /a%20b?c=%41 HTTP/1.1\r\n" + HOST + b"X-Mixed: 1\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 201 Just so"
    assert b"X-Seen: GET http://a.example/a%20b?c=%41" in lines
    assert [line for line in lines if line.startswith(b"X-Two")] == [b"X-Two: a", b"X-Two: b"]
    assert b"Content-Length: 7" in lines
    assert b"Connection: close" in lines
    assert [line[:5] for line in lines].count(b"Date:") == 1
    assert body == b"nothing"


def test_names_of_headers_keep_their_case_on_the_way_to_the_backend() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(200, headers=[("X-ODD-case", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])

    with serving(Gateway(backend=answer), "<policies><inbound /></policies>") as url:
        got = exchange(url, b"GET / HTTP/1.1\r\nhOST: a\r\nX-mIxEd: 1\r\nX-mIxEd: 2\r\nConnection: close\r\n\r\n")
    assert ("X-mIxEd", ["1", "2"]) in seen[0].headers.fields()
    assert b"X-ODD-case: 1\r\n" in got
    assert b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n" in got


def test_connections_are_kept(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    for number in range(3):
        connection.request("POST", f"/{number}", body=b"x" * number)
        response = connection.getresponse()
        assert response.read() == (b"x" * number or b"nothing")
        assert response.reason == "Just so"
    connection.close()


BODIES = {
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;ext=1\r\ncde\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "with a length": b"Content-Length: 5\r\n\r\nabcde",
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(url: str, name: str) -> None:
    answer = exchange(url, b"POST / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n" + BODIES[name])
    assert answer.endswith(b"\r\n\r\nabcde")


def test_a_body_may_come_in_pieces(url: str) -> None:
    wire = Wire(url).send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Len")
    for piece in (b"gth: 4\r\n", b"Connection: close\r\n\r\n", b"a", b"bc", b"d"):
        time.sleep(0.05)
        wire.send(piece)
    assert wire.rest().endswith(b"\r\n\r\nabcd")


def test_a_client_may_ask_before_it_sends(url: str) -> None:
    wire = Wire(url).send(b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"ok")
    assert status(wire.until(b"ok")) == 201
    wire.close()


def test_head_has_no_body(url: str) -> None:
    answer = exchange(url, b"HEAD / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert b"Content-Length: 7" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_http_1_0(url: str) -> None:
    answer = exchange(url, b"GET / HTTP/1.0\r\n\r\n")
    assert status(answer) == 201
    assert b"Connection: close" in answer
    wire = Wire(url)
    for _ in range(2):
        wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"Connection: keep-alive" in wire.until(b"nothing")
    wire.close()


def test_requests_sent_ahead_are_answered_in_order(url: str) -> None:
    data = b"".join(b"GET /%d HTTP/1.1\r\n" % number + HOST + b"\r\n" for number in range(30))
    wire = Wire(url).send(data)
    found = wire.until(b"/29")
    places = [found.index(b"a.example/%d\r\n" % number) for number in range(30)]
    assert places == sorted(places)
    wire.close()


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
REFUSED = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),
    "a strange line": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "a space in a name": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a bare line feed in a header": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a chunk that is none": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "chunks and a length": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks in HTTP/1.0": (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks twice": (CHUNKED.replace(b"chunked\r", b"chunked\r\nTransfer-Encoding: chunked\r") + b"0\r\n\r\n", 400),
    "another coding": (CHUNKED.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n", 501),
    "a coding that is none": (CHUNKED.replace(b"chunked", b"xchunked") + b"0\r\n\r\n", 501),
    "a coding behind a control": (CHUNKED.replace(b" chunked", b"\x0bchunked") + b"0\r\n\r\n", 400),
    "a space before a colon": (CHUNKED.replace(b": chunked", b" : chunked") + b"0\r\n\r\n", 400),
    "a length with a sign": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400),
    "a negative length": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na", 400),
    "a length of many digits": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\na", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "a bare carriage return": (b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    "NUL in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", 400),
    "NUL in the target": (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "an unknown method": (b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target for a proxy, of another host": (b"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target with a user": (b"GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target that is no path": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a port that is none": (b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400),
    "a host with two colons": (b"GET / HTTP/1.1\r\nHost: a:b:c\r\n\r\n", 400),
    "a host that does not end": (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "a chunk of endless size": (CHUNKED + b"fffffffffffffffff\r\na", 400),
    "a chunk larger than what it says": (CHUNKED + b"1\r\naX0\r\n\r\n", 400),
    "chunks with bare line feeds": (CHUNKED + b"1\na\n0\n\n", 400),
    "a line feed in an extension": (CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n", 400),
    "extensions without end": (CHUNKED + (b"1;" + b"a" * 4_000 + b"\r\na\r\n") * 100, 400),
    "a length in a trailer": (CHUNKED + b"1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n", 400),
    "trailers without end": (CHUNKED + b"1\r\na\r\n0\r\n" + b"X: y\r\n" * 1_000, 431),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a host that is none": (b"GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n", 400),
    "a long URL": (b"GET /" + b"a" * 1_200 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a large header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5_000 + b"\r\n\r\n", 431),
    "headers without end": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 5_000, 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 1_000 + b"\r\n", 431),
    "a large body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\n\r\n", 413),
    "a body that becomes large": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2af8\r\n" + b"a" * 11_000 + b"\r\n",
        413,
    ),
    "a strange expectation": (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417),
    "a proxy": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "WebSocket": (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
    "a head that does not come": (b"GET / HTTP/1.1\r\nHost:", 408),
    "a body that does not come": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", 408),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(url: str, name: str) -> None:
    data, wanted = REFUSED[name]
    answer = exchange(url, data)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == wanted
    assert json.loads(body)["statusCode"] == wanted
    assert b"Connection: close" in head


def test_a_length_has_as_many_zeros_as_it_likes() -> None:
    policy = "<policies><inbound><return-response><set-body>@(context.Request.Body.As&lt;string&gt;())</set-body>"
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + b"0" * 5_000
    with serving(Gateway(), policy + "</return-response></inbound></policies>") as url:
        assert exchange(url, head + b"5\r\n\r\nhello").endswith(b"\r\n\r\nhello")
        assert status(exchange(url, head + b"999999999\r\n\r\n")) == 413


def test_other_protocols_than_websocket_are_passed_over(url: str) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    wire = Wire(url).send(b"GET /one HTTP/1.1\r\n" + HOST + upgrade + b"\r\nGET /two HTTP/1.1\r\n" + HOST + b"\r\n")
    found = wire.until(b"/two")
    assert found.count(b"HTTP/1.1 201") == 2
    wire.close()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
)
def test_a_body_is_no_request_when_another_protocol_is_asked_for(url: str, framing: bytes) -> None:
    """Java's client asks for HTTP/2 like this, with every body that it sends."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    sent = b"POST /one HTTP/1.1\r\n" + HOST + upgrade + framing + b"GET /two HTTP/1.1\r\n" + HOST + b"\r\n"
    for size in (len(sent), 7):
        wire = Wire(url)
        for start in range(0, len(sent), size):
            wire.send(sent[start : start + size])
        found = wire.until(b"nothing")
        assert found.count(b"HTTP/1.1 201") == 2
        assert b"\r\n\r\nabcHTTP/1.1" in found
        wire.close()


def test_trailers_are_nothing_that_policies_see(url: str) -> None:
    answer = exchange(
        url, CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"1\r\na\r\n0\r\nX-Mixed: 1\r\n\r\n"
    )
    assert b"X-Given: none" in answer


def test_small_parts_of_an_answer_do_not_wait_for_each_other() -> None:
    made = listen("127.0.0.1", 0)
    with socket.create_connection(made.getsockname()), made:
        accepted, _ = made.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP  # as asyncio wants it to switch off Nagle's algorithm


def test_a_connection_on_which_nothing_happens_is_closed(url: str) -> None:
    assert Wire(url).rest() == b""
    wire = Wire(url).send(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert wire.rest().endswith(b"nothing")


def test_there_are_only_so_many_connections(url: str) -> None:
    wires = [Wire(url) for _ in range(30)]
    answers = [wire.send(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n").rest() for wire in wires]
    assert {status(answer) for answer in answers} <= {201, 503, 0}
    assert 503 in {status(answer) for answer in answers} or b"" in answers
    for wire in wires:
        wire.close()
    assert eventually(lambda: status(exchange(url, b"GET / HTTP/1.0\r\n\r\n")) == 201)


def test_clients_that_leave_hurt_nobody(url: str) -> None:
    for _ in range(50):
        wire = Wire(url).send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nab")
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        wire.close()
    assert eventually(lambda: status(exchange(url, b"GET / HTTP/1.0\r\n\r\n")) == 201)


def test_what_a_policy_says_cannot_break_the_answer() -> None:
    policy = """<policies><inbound><return-response><set-status code="200" reason="A" />
    <set-header name="X"><value>@("a\\u0001\\u007f")</value></set-header>
    <set-header name="Transfer-Encoding"><value>chunked</value></set-header>
    <set-header name="Content-Length"><value>99</value></set-header>
    <set-header name="Y"><value>@("\\ud800")</value></set-header>
    <set-body>abc</set-body></return-response></inbound></policies>"""
    with serving(Gateway(), policy) as url:
        answer = exchange(url, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")]
    assert b"X: a" in head
    assert b"Transfer-Encoding" not in names
    assert b"Content-Length: 3" in head
    assert body == b"abc"


@pytest.mark.parametrize("code", [204, 304])
def test_answers_without_a_body(code: int) -> None:
    says = f"<return-response><set-status code='{code}' /><set-body>x</set-body></return-response>"
    policy = f"<policies><inbound>{says}</inbound></policies>"
    with serving(Gateway(), policy) as url:
        answer = exchange(url, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer


def test_a_policy_without_end_is_stopped_and_others_go_on() -> None:
    told: list[Handled] = []
    loop = (
        '<choose><when condition="@(context.Request.Url.Path == &quot;/slow&quot;)">'
        '<set-variable name="a" value="@{ for (int i = 0; i != -1; i++) { } return 1; }" /></when></choose>'
    )
    policy = f"<policies><inbound>{loop}<return-response /></inbound></policies>"
    gateway = Gateway(limits=EvaluationLimits(steps=6_000_000, seconds=60))
    with serving(gateway, policy, told=told.append) as url:
        answer = exchange(url, b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status(answer) == 500
        assert b"Traceback" not in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"] == "Internal server error"
        # The second one of its kind runs in a thread, and quick ones do not wait for it.
        slow = Wire(url).send(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status(exchange(url, b"GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")) == 200
        assert len(told) == 2, "the slow one is under way"
        assert status(slow.rest()) == 500
    assert "steps" in told[0].problem


def test_an_answer_that_is_under_way_is_given_when_the_server_ends() -> None:
    waits = """<policies><inbound><retry condition="@(true)" count="1" interval="1"><set-variable name="b" value="1" />
    </retry></inbound></policies>"""
    found: list[bytes] = []
    with serving(Gateway(now=running()), waits) as url:
        wire = Wire(url).send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        thread = threading.Thread(target=lambda: found.append(wire.rest()))
        thread.start()
        time.sleep(0.3)
    thread.join(10)
    assert status(found[0]) == 200
    assert b"Connection: close" in found[0]


def running() -> Any:
    from apimpolicy.serving.engine_loop import RunningClock

    return RunningClock()


def test_a_proxy_that_is_trusted_speaks_for_the_caller() -> None:
    from apimpolicy.serving.command import _proxies

    trusts = _proxies(["127.0.0.0/8"])
    assert trusts is not None
    assert (trusts("127.0.0.9"), trusts("10.0.0.1"), trusts("")) == (True, False, False)


def test_many_clients_at_once_all_get_their_own_answer() -> None:
    wrong: list[object] = []
    with serving(Gateway(), ECHO) as url:

        def work(number: int) -> None:
            parts = urlsplit(url)
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
            for turn in range(20):
                body = f"{number}-{turn}".encode()
                connection.request("POST", "/", body=body)
                got = connection.getresponse().read()
                if got != body:
                    wrong.append((body, got))
            connection.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(25)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_the_bodies_of_all_requests_have_a_common_limit() -> None:
    """What isn't complete counts too, and is given back when its connection ends or its request has been answered."""
    limits = Limits(body_bytes=6_000, all_body_bytes=10_000, body_seconds=30)
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 6000\r\n\r\n"
    whole = head.replace(b"Content", b"Connection: close\r\nContent") + b"x" * 6_000
    with serving(Gateway(), ECHO, limits=limits) as url:
        first, second = (Wire(url).send(head + b"x" * 4_500) for _ in range(2))
        assert eventually(lambda: status(exchange(url, whole)) == 503)  # as soon as both are there
        first.close()
        second.close()
        assert eventually(lambda: status(exchange(url, whole)) == 201)


def test_a_request_that_arrives_while_the_server_ends_is_answered() -> None:
    """Closing an idle connection at once would reset one whose request is on its way."""
    answered: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        state = uvicorn.server.ServerState()

        def answer(request: Request, done: Callable[[Handled], None], _: asyncio.AbstractEventLoop) -> None:
            answered.append(request.url)

        server = await loop.create_server(lambda: GatewayProtocol(None, state, answer=answer), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        while not state.connections:
            await asyncio.sleep(0)
        for each in list(state.connections):
            each.shutdown()
        writer.write(b"GET /late HTTP/1.1\r\n" + HOST + b"\r\n")
        while not answered and state.connections:
            await asyncio.sleep(0)
        writer.close()
        for each in list(state.connections):
            each.transport.abort()
        while state.connections:
            await asyncio.sleep(0)
        server.close()

    asyncio.run(run())
    assert answered == ["http://a.example/late"]
