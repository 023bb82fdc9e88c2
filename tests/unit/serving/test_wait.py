"""The policies inside of wait run at the same time: their backend answers only when all of them have come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.serving.clients import backend, exchange, read_request

from apimpolicy import Gateway
from apimpolicy.serving import HttpBackend, serving
from apimpolicy.serving.dispatcher import LARGE
from apimpolicy.serving.engine_loop import RunningClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.serving.dispatcher import Handled

NAMES = ("a", "b", "c")
SENT = """<send-request mode="new" response-variable-name="{name}" timeout="20" ignore-error="false">
<set-url>http://sent.example/{name}</set-url><set-method>GET</set-method></send-request>"""
CHOSEN = """<choose><when condition="@(true)">{sent}<set-variable name="{name}-was" value="@(
((IResponse)context.Variables[&quot;{name}&quot;]).Body.As&lt;string&gt;())" /></when></choose>"""


def policy(for_: str, *policies: str) -> str:
    return f"""<policies><inbound><wait for="{for_}">{"".join(policies)}</wait><return-response><set-body>@(string.Join(
    ",", context.Variables.Keys.OrderBy(name =&gt; name)))</set-body></return-response></inbound></policies>"""


def meeting(count: int) -> Callable[[Any, Any], Any]:
    """A backend that answers when so many requests are there."""
    came = 0
    all_there = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        request = await read_request(reader)
        came += 1
        if came >= count:
            all_there.set()
        if b"/late" in request:
            await reader.read()  # until the gateway lets go
        await all_there.wait()
        name = request.split(b" ")[1].rpartition(b"/")[2]
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(name) + name)

    return talk


def ask(text: str, count: int, body: bytes = b"") -> tuple[bytes, Handled]:
    handled: list[Handled] = []
    with backend(meeting(count)) as base:
        gateway = Gateway(outside=HttpBackend(base), now=RunningClock())
        with serving(gateway, text, told=handled.append) as url:
            head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
            return exchange(url, head + body), handled[0]


@pytest.mark.parametrize("body", [b"", b" " * LARGE], ids=["on the loop", "in a thread"])
def test_all_wait_at_the_same_time(body: bytes) -> None:
    branches = [CHOSEN.format(name=name, sent=SENT.format(name=name)) for name in NAMES]
    answer, handled = ask(policy("all", *branches), len(NAMES), body)
    assert answer.endswith(b"\r\n\r\na,a-was,b,b-was,c,c-was")
    assert handled.result is not None
    assert [handled.result.variables[f"{name}-was"] for name in NAMES] == list(NAMES)
    paths = [entry.path for entry in handled.result.trace if entry.name == "send-request"]
    assert paths == [f"wait[1]/choose[{number}]/when[1]/send-request[1]" for number in (1, 2, 3)]
    assert len(handled.result.sent_requests) == len(NAMES)


def test_of_any_only_the_first_one_counts() -> None:
    late = SENT.format(name="late")
    answer, handled = ask(policy("any", CHOSEN.format(name="late", sent=late), SENT.format(name="a")), 2)
    assert answer.endswith(b"\r\n\r\na")
    assert handled.result is not None
    assert [entry.effect.text for entry in handled.result.trace if entry.name == "wait" and entry.effect] == [
        "for send-request, the first of 2"
    ]


def test_an_error_of_one_is_an_error_of_the_whole() -> None:
    failing = '<set-variable name="x" value="@(1 / int.Parse(&quot;0&quot;))" />'
    branch = f'<choose><when condition="@(true)">{failing}</when></choose>'
    answer, handled = ask(policy("all", SENT.format(name="a"), branch), 1)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert handled.result is not None
    assert handled.result.error is not None
    assert handled.result.error.source == "set-variable"
