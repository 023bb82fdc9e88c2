"""Serving from code: a gateway for one block of code, and a gateway as an ASGI application.

Serve a gateway for one block of code: for tests of clients.

with serving(gateway, "orders.xml") as url:
    assert httpx.get(f"{url}/orders").status_code == 200

The gateway as an ASGI application, for any server that runs such: `application(gateway)`.

ASGI has header names in lower case and no reason phrases, so that clients get the usual phrase of a status code; the
command `apimpolicy serve` keeps both. A client certificate is known where the server has the extension `tls`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.project.serve_settings import Limits
from apimpolicy.serving.dispatcher import Dispatcher, Handled, Served
from apimpolicy.serving.http_messages import fields_of, own_answer
from apimpolicy.serving.runtime import Runtime
from apimpolicy.serving.server import Listener, listen
from apimpolicy.serving.tls import AskingContext, server_certificate

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.gateway import Gateway

_PATIENCE = 30.0


@contextmanager
def serving(
    gateway: Gateway,
    policy: AnyPolicy | Mapping[str, AnyPolicy] | None = None,
    *,
    port: int = 0,
    https: bool = False,
    limits: Limits | None = None,
    told: Callable[[Handled], None] | None = None,
) -> Iterator[str]:
    """Serve a gateway in a thread; gives the base URL, without a slash at its end.

    `policy` is what `Gateway.run` takes; without it the gateway's service is served. With `https` the certificate is
    that of `apimpolicy serve` for this user, whose authority is at `apimpolicy serve --ca`. `told` is called for each
    request when it is answered. Raises ConfigurationError when the port is taken.
    """
    with serving_on(gateway, policy, [(port, https)], limits=limits, told=told) as urls:
        yield urls[0]


@contextmanager
def serving_on(
    gateway: Gateway,
    policy: AnyPolicy | Mapping[str, AnyPolicy] | None,
    ports: Sequence[tuple[int, bool]],
    *,
    limits: Limits | None = None,
    told: Callable[[Handled], None] | None = None,
    arrives: Callable[[Request], None] | None = None,
) -> Iterator[list[str]]:
    """Serve a gateway on several ports, each with TLS or without. `arrives` is called for each request before its
    answer.
    """
    policies: Mapping[str, AnyPolicy] | None = None
    if policy is not None:
        scopes: Mapping[str, AnyPolicy] = policy if isinstance(policy, Mapping) else {"api": policy}
        policies = gateway.scopes(scopes)
        gateway.program(gateway.scopes(policies))
    runtime = Runtime(Served(gateway, policies))
    if told is not None:
        runtime.dispatcher.listeners.append(told)
    listeners = [Listener(listen("127.0.0.1", port), _tls(gateway) if https else None) for port, https in ports]
    server = runtime.server(listeners, limits=limits, arrives=arrives)
    urls = [listener.url for listener in listeners]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="apimpolicy-serving", daemon=True)
    thread.start()
    server.is_ready.wait(_PATIENCE)
    try:
        yield urls
    finally:
        server.end()
        thread.join(_PATIENCE)


def _tls(gateway: Gateway) -> AskingContext:
    certificate = server_certificate()
    return AskingContext(certificate.chain, certificate.key, gateway.negotiates)


if TYPE_CHECKING:
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]


class Application:
    """An ASGI application: HTTP goes to the gateway, WebSocket is refused."""

    def __init__(self, dispatcher: Dispatcher, limits: Limits) -> None:
        self.dispatcher = dispatcher
        self.limits = limits

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await _live(receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1011, "reason": "WebSocket APIs are not simulated"})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        body = await self._body(receive)
        if body is None:
            await _send(scope, send, own_answer(413, "The body of the request is too large."))
            return
        handled = await self.dispatcher.handle(_request(scope, body))
        await _send(scope, send, handled.response)

    async def _body(self, receive: Receive) -> bytes | None:
        """Return the body; None when it is too large."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return b"".join(parts)
            part = message.get("body", b"")
            size += len(part)
            if size > self.limits.body_bytes:
                return None
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)


def application(
    gateway: Gateway, policy: AnyPolicy | Mapping[str, AnyPolicy] | None = None, *, limits: Limits | None = None
) -> Application:
    """Return the application for a gateway: its service, or one policy (or policies by scope, as `Gateway.run` takes
    them).

    The gateway's backends are what it was given; `apimpolicy.serving.backends.HttpBackend` is one that has sockets.
    """
    policies = policy if policy is None or not _is_one(policy) else {"api": policy}
    return Application(Dispatcher(Served(gateway, policies)), limits or Limits())  # type: ignore[arg-type] # see _is_one


def _is_one(policy: object) -> bool:
    return not isinstance(policy, Mapping)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _request(scope: Any, body: bytes) -> Request:
    fields: dict[str, tuple[str, list[str]]] = {}
    for given, value in scope["headers"]:
        name = given.decode("latin-1")
        fields.setdefault(name.lower(), (name, []))[1].append(value.decode("utf-8", "surrogateescape"))
    host = fields["host"][1][0] if "host" in fields else "localhost"
    path = scope.get("raw_path") or scope["path"].encode()
    target = path.decode("utf-8", "replace")
    if scope.get("query_string"):
        target += "?" + scope["query_string"].decode("utf-8", "replace")
    url = f"{scope.get('scheme', 'http')}://{host}{target}"
    peer = (scope.get("client") or ("127.0.0.1",))[0]
    return Request.made_of(scope["method"], url, Headers.made_of(fields), body or None, _certificate(scope), peer)


def _certificate(scope: Any) -> Certificate | None:
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or []
    if not chain:
        return None
    own, *others = [Certificate.from_pem(each) for each in chain]
    own.intermediates = tuple(others)
    return own


async def _send(scope: Any, send: Send, response: Response) -> None:
    is_head = scope["method"] == "HEAD"
    stream: Any = response.stream
    fields = fields_of(response, streams=stream is not None)
    headers = [(name.lower().encode("latin-1"), value) for name, value in fields]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    if stream is not None and not is_head:
        try:
            async for part in stream.parts():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except asyncio.CancelledError:
            stream.close()
            raise
    body = b"" if is_head or response.status_code in (204, 304) else response.body
    await send({"type": "http.response.body", "body": body})
