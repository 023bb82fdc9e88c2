"""The clients of the soak that look closely: `python -m benchmarks.soak_clients PORT SECONDS`, a process of its own.

Some misbehave, some ask for what fails, and some know exactly what they must get. A slow answer is none of their
business, so long as it comes within PATIENCE; a lost or wrong one is. Prints as JSON how often each kind was tried, and
what was wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections import Counter
from typing import NamedTuple

from benchmarks.soak_backend import EVENTS, GOOD

PATIENCE = 120.0
"""Seconds after which an answer counts as lost."""
CALLS, PERIOD = 5, 20
"""What `/counted` allows to a key."""
_CLIENTS = 8
_SHOWN = 20


class Answer(NamedTuple):
    """An answer as it came; `is_whole` unless the connection ended before its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool


class Clients:
    """Eight clients that choose at random what to do next."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.ends = time.monotonic() + seconds
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.slowest = 0.0
        self._turn = 0
        self._chance = random.Random(1)

    async def run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(_CLIENTS)))

    async def _client(self) -> None:
        kinds = (
            *(self.good, self.counted, self.reset, self.hang, self.lies, self.whole_lies, self.garbage, self.events),
            *(self.leave, self.leave_half, self.leave_events, self.nonsense, self.slow, self.pipeline),
        )
        while time.monotonic() < self.ends:
            kind = self._chance.choice(kinds)
            name = kind.__name__.replace("_", " ")
            self.counts[name] += 1
            began = time.monotonic()
            try:
                wrong = await asyncio.wait_for(kind(), PATIENCE)
            except TimeoutError:
                wrong = f"no answer in {PATIENCE:g} s"
            except (OSError, asyncio.IncompleteReadError) as error:
                wrong = f"{type(error).__name__}: {error}"
            self.slowest = max(self.slowest, time.monotonic() - began)
            if wrong is not None:
                self.wrong.append(f"{name}: {wrong}")

    # Those that know what they must get

    async def good(self) -> str | None:
        """Several requests on one connection: each gets its own answer, and policies only ever get newer."""
        reader, writer = await self._connect()
        with contextlib.closing(writer):
            for _ in range(5):
                began = self._turn
                sent = os.urandom(8).hex().encode() * self._chance.choice((1, 100, 5000))
                writer.write(_request("POST", "/echo", body=sent, closes=False))
                answer = await _read(reader)
                if answer is None or answer.status != 200 or answer.body != sent:
                    return f"{len(sent)} bytes were sent, and the answer was {_shown(answer)}"
                turn = int(answer.headers["x-round"])
                if turn < began:
                    return f"an answer of the policy of turn {turn} after one of turn {began}"
                self._turn = max(self._turn, turn)
        return None

    async def counted(self) -> str | None:
        """So many calls pass, and not one more."""
        path = f"/counted?n={os.urandom(8).hex()}"
        began = time.monotonic()
        found = [await self._ask(path) for _ in range(CALLS + 2)]
        statuses = [0 if each is None else each.status for each in found]
        if statuses != [200] * CALLS + [429] * 2 and time.monotonic() - began < PERIOD:
            return f"{statuses}"
        return None

    async def events(self) -> str | None:
        answer = await self._ask("/events")
        is_right = answer is not None and answer.is_whole and answer.body == b"data\n" * EVENTS
        return None if is_right else _shown(answer)

    async def pipeline(self) -> str | None:
        """Three requests at once: three answers, in their order."""
        reader, writer = await self._connect()
        with contextlib.closing(writer):
            bodies = [b"first", b"second", b"third"]
            writer.write(b"".join(_request("POST", "/echo", body=each, closes=False) for each in bodies))
            answers = [await _read(reader) for _ in bodies]
        is_right = [None if each is None else each.body for each in answers] == bodies
        return None if is_right else "; ".join(_shown(each) for each in answers)

    async def slow(self) -> str | None:
        """A client that sends a few bytes at a time is served all the same."""
        reader, writer = await self._connect()
        with contextlib.closing(writer):
            request = _request("POST", "/echo", body=b"slowly")
            for start in range(0, len(request), 20):
                writer.write(request[start : start + 20])
                await asyncio.sleep(0.02)
            answer = await _read(reader)
        return None if answer is not None and answer.body == b"slowly" else _shown(answer)

    # Those that ask for what fails

    async def reset(self) -> str | None:
        return _failed(await self._ask("/reset"))

    async def hang(self) -> str | None:
        return _failed(await self._ask("/hang"))

    async def garbage(self) -> str | None:
        return _failed(await self._ask("/garbage"))

    async def whole_lies(self) -> str | None:
        """A backend that ends before its answer does; the gateway has waited for all of it."""
        return _failed(await self._ask("/whole/lies"))

    async def lies(self) -> str | None:
        """The same when the answer is sent on as it comes: it must not look whole."""
        answer = await self._ask("/lies")
        is_right = answer is None or (answer.status == 200 and not answer.is_whole and GOOD.startswith(answer.body))
        return None if is_right or answer is None or answer.status == 500 else _shown(answer)

    # Those that misbehave

    async def leave(self) -> str | None:
        return await self._abort(_request("GET", "/good"))

    async def leave_half(self) -> str | None:
        return await self._abort(_request("GET", "/good")[:20])

    async def leave_events(self) -> str | None:
        return await self._abort(_request("GET", "/events"))

    async def nonsense(self) -> str | None:
        """Bytes by chance are answered with 400, or not at all."""
        reader, writer = await self._connect()
        answer = None
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            writer.write(os.urandom(100) + b"\r\n\r\n")
            answer = await _read(reader)
        return None if answer is None or 400 <= answer.status < 500 else _shown(answer)

    async def _abort(self, sent: bytes) -> str | None:
        _, writer = await self._connect()
        writer.write(sent)
        await asyncio.sleep(0.05)
        writer.transport.abort()
        return None

    async def _ask(self, path: str) -> Answer | None:
        reader, writer = await self._connect()
        with contextlib.closing(writer):
            writer.write(_request("GET", path))
            return await _read(reader)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


def _request(method: str, path: str, *, body: bytes = b"", closes: bool = True) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{'Connection: close' if closes else 'X-Goes-On: yes'}\r\n\r\n".encode() + body


async def _read(reader: asyncio.StreamReader) -> Answer | None:
    """The next answer on a connection; None when it ended before the headers did."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    status, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = bytearray()
    try:
        if "content-length" in headers:
            while left := int(headers["content-length"]) - len(body):
                body += await _some(reader, left)
        elif headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return Answer(int(status.split()[1]), headers, bytes(body), False)
    return Answer(int(status.split()[1]), headers, bytes(body), True)


async def _some(reader: asyncio.StreamReader, most: int) -> bytes:
    found = await reader.read(most)
    if not found:
        raise asyncio.IncompleteReadError(b"", most)
    return found


def _failed(answer: Answer | None) -> str | None:
    """What is wrong with the answer to a request whose backend fails: it is to be a 500 that says why in a header."""
    is_right = answer is not None and answer.status == 500 and "x-failed" in answer.headers
    return None if is_right else _shown(answer)


def _shown(answer: Answer | None) -> str:
    if answer is None:
        return "nothing"
    return f"{answer.status} {answer.headers} {answer.body[:60]!r} {'' if answer.is_whole else '(broken off)'}"


def main(port: int, seconds: float) -> None:
    clients = Clients(port, seconds)
    asyncio.run(clients.run())
    said = {"counts": clients.counts, "wrong": len(clients.wrong), "shown": clients.wrong[:_SHOWN]}
    print(json.dumps({**said, "slowest": round(clients.slowest, 1)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
