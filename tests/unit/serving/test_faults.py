"""What breaks under load, and what holds all the same: every request is answered, and every count is exact."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.sampling import nightly
from tests.unit.serving.clients import Wire, eventually, status
from tests.unit.serving.commands import Serve, get
from tests.unit.serving.conftest import RedisServer

from apimpolicy import Gateway, Request
from apimpolicy.serving import serving
from apimpolicy.serving.dispatcher import Handled
from apimpolicy.serving.loading import ServeTarget
from apimpolicy.serving.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

LIMITED = """<policies><inbound><set-header name="X" exists-action="override"><value>{turn}</value></set-header>
<rate-limit-by-key calls="{calls}" renewal-period="600" counter-key="all" /><return-response /></inbound></policies>"""
CLIENTS = 8
MOST_CLIENTS = 300


def statuses(url: str, goes_on: Callable[[int], bool]) -> Counter[int]:
    """The statuses that clients get, each on a connection of its own, as long as it goes on after so many answers; 0 is
    a request without an answer.
    """
    found: Counter[int] = Counter()
    port = urlsplit(url).port or 0

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while goes_on(found.total()):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
                length = re.search(rb"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
            except (OSError, asyncio.IncompleteReadError):
                found[0] += 1
                return
            found[int(head.split()[1])] += 1
        writer.close()

    async def all_of_them() -> None:
        await asyncio.gather(*(ask() for _ in range(CLIENTS)))

    asyncio.run(all_of_them())
    return found


def test_no_count_is_lost_while_files_change(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(LIMITED.format(turn=0, calls=500))
    with Serve(tmp_path / "home", str(policy), "--quiet") as serve:
        stops = threading.Event()

        def change() -> None:
            for turn in range(1, 5):
                policy.write_text(LIMITED.format(turn=turn, calls=500))
                eventually(lambda turn=turn: sum("loaded again" in line for line in serve.lines) >= turn, 60)  # type: ignore[misc] # it is a callable of nothing
            stops.set()

        changing = threading.Thread(target=change)
        changing.start()
        found = statuses(serve.http, lambda count: not stops.is_set() or count < 600)
        changing.join()
        assert found[200] == 500
        assert set(found) == {200, 429}
        assert not serve.printed("Traceback")
        assert serve.end() == 0


def test_redis_is_killed_and_comes_back(tmp_path: Path, redis_server: RedisServer) -> None:
    """While it is away every process counts for itself, from zero; nobody is left without an answer."""
    own = RedisServer()
    policy = tmp_path / "orders.xml"
    policy.write_text(LIMITED.format(turn=0, calls=100_000_000))
    with Serve(tmp_path / "home", str(policy), "--redis", own.url, "--workers", "2", "--quiet") as serve:
        stops = threading.Event()

        def kill() -> None:
            own.stop()
            eventually(lambda: serve.printed("Redis does not answer"), 60)
            own.start()
            eventually(lambda: serve.printed("Redis answers again"), 60)
            stops.set()

        killing = threading.Thread(target=kill)
        killing.start()
        found = statuses(serve.http, lambda _: not stops.is_set())
        killing.join()
        own.stop()
        assert set(found) == {200}
        assert serve.printed("Redis answers again")
        assert not serve.printed("Traceback")
        assert serve.end() == 0


def test_what_changes_before_the_first_look_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.serving.runtime.collect", lambda: None)
    policy = tmp_path / "early.xml"
    text = "<policies><inbound><return-response><set-body>{}</set-body></return-response></inbound></policies>"
    policy.write_text(text.format("before"))
    target = ServeTarget(path=str(policy))
    runtime = Runtime(target.load(), target)
    before = runtime.dispatcher.served
    policy.write_text(text.format("afterwards"))

    async def until_loaded() -> None:
        watching = asyncio.create_task(runtime.watch())
        while runtime.dispatcher.served is before:
            await asyncio.sleep(0.05)
        watching.cancel()

    asyncio.run(asyncio.wait_for(until_loaded(), 60))


def knock(port: int, has_ended: threading.Event) -> None:
    """Open connections until the server has ended."""
    clients: list[socket.socket] = []
    with contextlib.suppress(OSError):
        while not has_ended.is_set() and len(clients) < MOST_CLIENTS:
            clients.append(socket.create_connection(("127.0.0.1", port), 1))
    for client in clients:
        client.close()


def test_whoever_knocks_at_the_end_keeps_no_socket_open() -> None:
    gc.freeze()  # the collector looks at new objects only
    for _ in range(20):
        has_ended = threading.Event()
        with serving(Gateway(), LIMITED.format(turn=1, calls=1)) as url:
            thread = threading.Thread(target=knock, args=(urlsplit(url).port, has_ended))
            thread.start()
            time.sleep(0.01)
        has_ended.set()
        thread.join()
    gc.collect()  # a socket that nobody closed is an error of this test


@nightly
def test_what_was_compiled_goes_with_its_policy(tmp_path: Path) -> None:
    from apimpolicy.csharp.emit.expression import CompiledExpression

    policy = tmp_path / "leaving.xml"
    text = '<policies><inbound><set-variable name="a" value="@({} + 1)" /><return-response /></inbound></policies>'
    policy.write_text(text.format(0))
    target = ServeTarget(path=str(policy))
    runtime = Runtime(target.load(), target)
    for turn in range(1, 6):
        policy.write_text(text.format(turn))
        assert asyncio.run(runtime.reload())
        for _ in range(3):
            asyncio.run(runtime.dispatcher.handle(Request.get("http://a/")))
    gc.unfreeze()  # what was loaded is frozen, and would not be looked at
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Handled)]
    kept = [each for each in gc.get_objects() if isinstance(each, CompiledExpression)]
    assert [each.excerpt.text for each in kept if each.excerpt.source.path == str(policy)] == ["@(5 + 1)"]


HALF = {
    "a client that has said all": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", {200}),
    "a client that stops within the headers": (b"GET / HTTP/1.1\r\nHost:", {0}),
    "a client that stops within the body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab", {0}),
    "a client that says nothing": (b"", {0}),
    "a client with two requests": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2, {200}),
    "a client that begins a second one": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /", {200}),
}


def test_half_closed_connections_end(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(LIMITED.format(turn=0, calls=1_000_000))
    with Serve(tmp_path / "home", str(policy), "--quiet") as serve:
        for name, (sent, wanted) in HALF.items():
            wire = Wire(serve.http).send(sent)
            wire.socket.shutdown(socket.SHUT_WR)
            assert status(wire.rest()) in wanted, name
        assert get(serve.http, "/")[0] == 200
        assert not serve.printed("Traceback")
        assert serve.end() == 0


def test_garbage_instead_of_tls_leaves_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(LIMITED.format(turn=0, calls=1_000_000))
    garbage = (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 500, b"\x00" * 1000, b"\x16\x03", b"")
    with Serve(tmp_path / "home", str(policy), "--quiet") as serve:
        for sent in garbage * 5:
            wire = Wire(serve.https).send(sent)
            wire.socket.shutdown(socket.SHUT_WR)
            wire.rest()
        assert get(serve.http, "/")[0] == 200
        assert eventually(lambda: b'"under_way": 0' in serve.inspect("process")[1])
        assert not serve.printed("Traceback")
        assert serve.end() == 0
