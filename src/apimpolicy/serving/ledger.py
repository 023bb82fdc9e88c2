"""The one account of what callers hold in a process: connections, from the moment they are accepted, and bytes.

A connection counts before its TLS handshake, and a body before it is complete, so nothing that a caller opens or sends
is outside of the limits. The inspector counts the requests that it keeps (`inspector.MOST_BYTES`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from apimpolicy.project.serve_settings import Limits

log = logging.getLogger("apimpolicy.serve")
_SPARE = 64
"""File descriptors for files, backends' pools and the loop."""
_OF_A_CONNECTION = 2
"""File descriptors of a connection: its own, and one to a backend."""
_MARGIN = 32
"""Connections beyond the limit that get an answer (503); the handshake of a further one isn't done."""
_OUT_OF_DESCRIPTORS = "socket.accept() out of system resource"


class Ledger:
    """Connections and bytes that callers hold. It raises the soft limit of open files as far as it needs and may."""

    def __init__(self, limits: Limits) -> None:
        self.connections = 0
        self.most_connections = _affordable(limits.connections)
        self.bytes = 0
        self.most_bytes = max(limits.all_body_bytes, limits.body_bytes)
        self._reason = "" if self.most_connections == limits.connections else ", by the limit of open files (ulimit -n)"
        self._has_complained = False

    @property
    def is_full(self) -> bool:
        """Return whether there are more connections than get an answer."""
        return self.connections > self.most_connections + _MARGIN

    def open(self) -> None:
        self.connections += 1

    def close(self) -> None:
        self.connections -= 1

    def complain(self) -> None:
        """Report once that connections are refused."""
        if not self._has_complained:
            self._has_complained = True
            log.warning("connections are refused: at most %s are open at once%s", self.most_connections, self._reason)

    def handle_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report that no connection can be accepted once; asyncio says so for each place in the queue."""
        if context.get("message") != _OUT_OF_DESCRIPTORS:
            loop.default_exception_handler(context)
        elif not self._has_complained:
            self._has_complained = True
            log.error("connections can't be accepted: %s", context.get("exception"))


def _affordable(wanted: int) -> int:
    """Return the number of connections that the system lets this process have."""
    try:
        import resource
    except ImportError:  # Windows
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * _OF_A_CONNECTION + _SPARE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except (OSError, ValueError):  # macOS has a further limit
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, (soft - _SPARE) // _OF_A_CONNECTION))
