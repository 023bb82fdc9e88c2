"""A gateway that real clients can call: sockets, certificates, backends, and state that several gateways share.

    from apimpolicy.serving import application, serving

    app = application(gateway)                         # for any ASGI server
    with serving(gateway, "orders.xml") as url: …      # for tests of clients

Needs the extra: `pip install 'apimpolicy[serve]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.serving.asgi import application as application
    from apimpolicy.serving.backends import HttpBackend as HttpBackend
    from apimpolicy.serving.limits import Limits as Limits
    from apimpolicy.serving.local import serving as serving
    from apimpolicy.serving.redis_state import RedisState as RedisState

_HOMES = {
    "application": "asgi",
    "HttpBackend": "backends",
    "Limits": "limits",
    "serving": "local",
    "RedisState": "redis_state",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'apimpolicy.serving' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"apimpolicy.serving.{_HOMES[name]}"), name)
