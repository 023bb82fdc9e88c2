"""A running gateway: what is served now, the listeners of requests, and reloading when files change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.memory import collect
from apimpolicy.serving.backends import close_connections
from apimpolicy.serving.dispatcher import Dispatcher, Handled, Served
from apimpolicy.serving.loading import ServeTarget, files_below, programs
from apimpolicy.serving.server import GatewayServer, Listener

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.policies.state import GatewayState
    from apimpolicy.project.serve_settings import Limits
    from apimpolicy.serving.callers import Callers
    from apimpolicy.serving.protocol import Answer
    from apimpolicy.serving.workers import Peers

_LOOK = 0.5
"""Seconds between two looks at the files."""

log = logging.getLogger("apimpolicy.serve")


class Runtime:
    """Serves what was loaded; with a `target` it loads it again when files change.

    Requests that are under way end with what they began with. Counters and caches stay. If loading
    fails, that is reported and the last valid version stays active. With a token there is an inspector.
    """

    def __init__(
        self,
        served: Served,
        target: ServeTarget | None = None,
        *,
        inspector_token: str | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.dispatcher = Dispatcher(served)
        self.target = target
        self.state: GatewayState = served.gateway.services.state
        self.inspector: Any = None
        self.callers: Callers | None = None
        self.broken: set[str] = set()
        """The files of policies that can't be used."""
        if inspector_token is not None:
            from apimpolicy.serving.inspector import Inspector

            self.inspector = Inspector(self.dispatcher, inspector_token, peers)
            self.dispatcher.listeners.append(self.inspector.add)

    def server(
        self,
        listeners: Sequence[Listener],
        *,
        limits: Limits | None = None,
        trusts_proxy: Callable[[str], bool] | None = None,
        callers: Callers | None = None,
        arrives: Callable[[Request], None] | None = None,
    ) -> GatewayServer:
        """Return the server for these sockets; its `run` serves until it is told to end. `arrives` is called for each
        request before its answer.
        """
        self.callers = callers
        answer = self.dispatcher.answer if self.inspector is None else self.inspector.answer
        if arrives is not None:
            answer = _first(arrives, answer)
        return GatewayServer(
            answer,
            listeners,
            limits=limits,
            trusts_proxy=trusts_proxy,
            callers=callers,
            beside=[self._tell_watchers, self._compile, *([] if self.target is None else [self.watch])],
            at_end=[self._close],
        )

    async def watch(self) -> None:
        assert self.target is not None
        paths = self.target.watched()
        seen = self.dispatcher.served.files
        while True:
            await asyncio.sleep(_LOOK)
            now = await asyncio.to_thread(files_below, paths)
            if now != seen:
                seen = now
                await self.reload()

    async def reload(self) -> bool:
        """Load again now; return whether that was possible."""
        assert self.target is not None
        try:
            served = await asyncio.to_thread(self._loaded)
        except DiagnosticError as error:
            log.error("not loaded; the last valid version stays active: %s", first_error_line(error))
            return False
        except ApimPolicyError as error:
            log.error("not loaded; the last valid version stays active: %s", error)
            return False
        self.dispatcher.served = served
        if self.callers is not None:
            self.callers.forget()
        collect()  # what was loaded before is a tangle that only the collector frees, and it would come too late
        log.info("loaded again")
        return True

    def _loaded(self) -> Served:
        """Load again. Raises DiagnosticError for a policy that was usable before."""
        assert self.target is not None
        served = self.target.load(self.state)
        found = [*served.broken, *filter(None, programs(served))]
        paths = {error_path(error) for error in found}
        if new := [error for error in found if error_path(error) not in self.broken]:
            raise new[0]
        self.broken = paths
        return served

    async def _compile(self) -> None:
        """Compile all that is served, in pauses, and report its errors."""
        served = self.dispatcher.served
        for error in served.broken:
            self._report(error)
        for found in programs(served):
            if found is not None:
                self._report(found)
            await asyncio.sleep(0)

    def _report(self, error: DiagnosticError) -> None:
        self.broken.add(error_path(error))
        log.error("%s: requests that need this policy get 500", first_error_line(error))

    async def _tell_watchers(self) -> None:
        """Close the inspector's event streams, which would keep the server from ending."""
        try:
            await asyncio.Event().wait()
        finally:
            if self.inspector is not None:
                self.inspector.close()

    async def _close(self) -> None:
        self.dispatcher.close()
        await close_connections()
        connection = getattr(self.state, "connection", None)
        if connection is not None:
            with contextlib.suppress(Exception):  # it may be away
                await connection.aclose()


def first_error_line(error: DiagnosticError) -> str:
    """Return the first finding: `orders.xml:12:4: CS0103 …`."""
    first = error.diagnostics[0]
    line, column = first.source.position(first.start)
    return f"{error_path(error)}:{line}:{column}: {first.code} {first.message}"


def error_path(error: DiagnosticError) -> str:
    return error.diagnostics[0].source.path


def _first(arrives: Callable[[Request], None], answer: Answer) -> Answer:
    def both(request: Request, done: Callable[[Handled], None], loop: asyncio.AbstractEventLoop) -> None:
        arrives(request)
        answer(request, done, loop)

    return both
