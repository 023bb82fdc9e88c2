"""The backend of the soak, in a process of its own: `python -m benchmarks.soak_backend PORT`.

It answers well, and badly where the path asks for it. `/echo` gives back what it was sent, so that a client can tell
whether the answer is its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys

GOOD = b"0123456789"
EVENTS = 100
_LONG = 30.0


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    broken = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
    with contextlib.suppress(*broken):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _body(head, reader)
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            if not await _write(path, body, writer):
                break
            await writer.drain()
    writer.close()


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    length = re.search(rb"(?i)content-length: (\d+)", head)
    if length:
        return await reader.readexactly(int(length[1]))
    parts: list[bytes] = []
    if re.search(rb"(?i)transfer-encoding: chunked", head):
        while size := int(await reader.readuntil(b"\r\n"), 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readuntil(b"\r\n")
    return b"".join(parts)


async def _write(path: bytes, body: bytes, writer: asyncio.StreamWriter) -> bool:
    """Write the answer; whether the connection goes on."""
    if path.endswith(b"/reset"):
        writer.transport.abort()
        return False
    if path.endswith(b"/hang"):
        await asyncio.sleep(_LONG)
        return False
    if path.endswith(b"/lies"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + GOOD)
        return False
    if path.endswith(b"/garbage"):
        writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        return False
    if path.endswith(b"/events"):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(EVENTS):
            writer.write(b"5\r\ndata\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(b"0\r\n\r\n")
        return True
    answer = body if path.endswith(b"/echo") else GOOD
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
    return True


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
