"""Serve a gateway for one block of code: for tests of clients.

with serving(gateway, "orders.xml") as url:
    assert httpx.get(f"{url}/orders").status_code == 200
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apimpolicy.serving.dispatcher import Handled, Served
from apimpolicy.serving.runtime import Runtime
from apimpolicy.serving.server import Listener, listen

if TYPE_CHECKING:
    from apimpolicy.context.records import Request
    from apimpolicy.engine.document import AnyPolicy
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.project.serve_settings import Limits
    from apimpolicy.serving.tls import AskingContext

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
        given: Mapping[str, AnyPolicy] = policy if isinstance(policy, Mapping) else {"api": policy}
        policies = gateway.scopes(given)
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
    from apimpolicy.serving.certificates import server_certificate
    from apimpolicy.serving.tls import AskingContext

    certificate = server_certificate()
    return AskingContext(certificate.chain, certificate.key, gateway.negotiates)
