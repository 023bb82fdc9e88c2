"""What the gateway is measured against: an application of uvicorn that answers, or one that passes on with aiohttp.

python -m benchmarks.bare_server PORT plain
python -m benchmarks.bare_server PORT proxy URL
python -m benchmarks.bare_server PORT plain "" CERTIFICATE KEY
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn


async def application(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


class Proxy:
    """Sends every request on to a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.session is None:
            import aiohttp

            self.session = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0))
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"] if name != b"host"]
        async with self.session.request(scope["method"], self.url + scope["path"], headers=headers) as answer:
            body = await answer.read()
        headers = [(name, value) for name, value in answer.raw_headers if name.lower() not in (b"date", b"server")]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main(port: int, kind: str, url: str = "", certificate: str | None = None, key: str | None = None) -> None:
    uvicorn.run(
        Proxy(url) if kind == "proxy" else application,
        port=port,
        http="httptools",
        loop="asyncio",
        log_level="error",
        access_log=False,
        interface="asgi3",
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
