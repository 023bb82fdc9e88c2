"""Serve a gateway to real clients: sockets, certificates, backends, and state that several gateways share.

    from apimpolicy.serving import application, serving

    app = application(gateway)                         # for any ASGI server
    with serving(gateway, "orders.xml") as url: …      # for tests of clients

Needs the extra: `pip install 'apimpolicy[serve]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.project.serve_settings import Limits as Limits
    from apimpolicy.serving.backends import HttpBackend as HttpBackend
    from apimpolicy.serving.library import application as application
    from apimpolicy.serving.library import serving as serving
    from apimpolicy.serving.redis_state import RedisState as RedisState

_HOMES = {
    "application": "apimpolicy.serving.library",
    "HttpBackend": "apimpolicy.serving.backends",
    "Limits": "apimpolicy.project.serve_settings",
    "serving": "apimpolicy.serving.library",
    "RedisState": "apimpolicy.serving.redis_state",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'apimpolicy.serving' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
