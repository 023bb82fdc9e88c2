"""Dispatch requests from a server to the engine: one request in, one response out, whatever happens.

dispatcher = Dispatcher(Served(gateway, policy))
dispatcher.answer(request, done)          # on the event loop: `done(handled)` is called there, at once if nothing waits
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import (
    ApimPolicyError,
    ConfigurationError,
    DiagnosticError,
    LimitExceededError,
    NotSimulatedError,
)
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.serving import engine_loop
from apimpolicy.serving.http_messages import internal_error, own_answer

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result

log = logging.getLogger("apimpolicy.serve")
LONG = 0.1
"""Seconds of the processor for which one request may hold the loop; the next ones of its kind run in threads."""
LARGE = 1 << 18
"""Bytes of a request's body from which on it runs in a thread: reading it as JSON or XML takes long."""
HELD_IN_A_MINUTE = 2.0
"""Seconds for which long requests of any kinds may hold the loop in a minute; then all run in threads for a while."""
_MINUTE, _HOUR = 60.0, 3_600.0
_THREADS = 32
_MOST_KINDS = 1_000


class Served(NamedTuple):
    """A gateway, and the policies by scope that requests run through; without them its service is served.

    `files` are those that it was made of, as they were before they were read: with time of change and size. `broken`
    are documents that can't be read.
    """

    gateway: Gateway
    policies: Mapping[str, AnyPolicy] | None = None
    files: Sequence[tuple[str, int, int]] = ()
    broken: Sequence[DiagnosticError] = ()

    def run(self, request: Request) -> Result:
        """Raises as `Gateway.run` does."""
        if self.policies is None:
            return self.gateway.send(request)
        return self.gateway.run(self.policies, request)


class Handled:
    """A request that has been answered. If the engine gave up, `result` is None and `problem` has the reason.

    `began` is in seconds since 1970, `seconds` is how long it took. `number` counts the requests of this process.
    """

    __slots__ = ("began", "number", "problem", "request", "response", "result", "seconds")

    def __init__(self, number: int, request: Request) -> None:
        self.number = number
        self.request = request
        self.result: Result | None = None
        self.problem = ""
        self.response: Response = _NOTHING
        self.began = time.time()
        self.seconds = 0.0


_NOTHING = Response(500)


class Dispatcher:
    """Answers requests with what is served at the moment. `listeners` are told of each request when it is answered."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.listeners: list[Callable[[Handled], None]] = []
        self.count = 0
        self.under_way = 0
        self._long_kinds: set[str] = set()
        self._holds = _Holds()
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def answer(
        self, request: Request, done: Callable[[Handled], None], loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Answer a request in a callback of the loop; never raises for what a policy or a backend does."""
        self.count += 1
        self.under_way += 1
        in_thread = self.is_long(request) or (request.body is not None and len(request.body) >= LARGE)
        task = RequestTask(self, request, done, in_thread=in_thread)
        loop = loop or asyncio.get_running_loop()
        if in_thread:
            engine_loop.start_in_thread(loop, self._threads(), task.run, task.end)
        else:
            engine_loop.start(loop, task.run, task.end)

    async def handle(self, request: Request) -> Handled:
        """Answer a request, in asynchronous code."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Handled] = loop.create_future()

        def done(handled: Handled) -> None:
            if not future.done():
                future.set_result(handled)

        self.answer(request, done, loop)
        return await future

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def is_long(self, request: Request) -> bool:
        """Return whether requests of this kind take long, or those of too many kinds have."""
        return self._holds.are_too_many() or (bool(self._long_kinds) and _kind(request) in self._long_kinds)

    def note(self, request: Request, held: float, *, in_thread: bool) -> None:
        """Remember how long a request of this kind took, and for how long it held the loop."""
        if held > LONG and not in_thread:
            self._holds.add(held)
        if held <= LONG:
            self._long_kinds.discard(_kind(request))
        elif len(self._long_kinds) < _MOST_KINDS:
            self._long_kinds.add(_kind(request))

    def _threads(self) -> ThreadPoolExecutor:
        if self._executor is None:
            with self._lock:
                if self._executor is None:
                    self._executor = ThreadPoolExecutor(_THREADS, "apimpolicy")
        return self._executor


class _Holds:
    """For how long requests held the loop in this minute; a caller may invent a kind for each of them.

    Beyond `HELD_IN_A_MINUTE` all requests run in threads: for a minute, then for two, up to an hour.
    """

    __slots__ = ("_began", "_held", "_pause", "_until")

    def __init__(self) -> None:
        self._began = self._held = self._until = 0.0
        self._pause = _MINUTE

    def are_too_many(self) -> bool:
        return self._until > 0 and time.monotonic() < self._until

    def add(self, held: float) -> None:
        now = time.monotonic()
        if now - self._began > _MINUTE:
            self._began, self._held = now, 0.0
        self._held += held
        if self._held > HELD_IN_A_MINUTE:
            self._until, self._held = now + self._pause, 0.0
            self._pause = min(2 * self._pause, _HOUR)


class RequestTask:
    """One request, from its arrival to the end of its answer."""

    __slots__ = ("dispatcher", "done", "handled", "in_thread", "served", "started")

    def __init__(
        self, dispatcher: Dispatcher, request: Request, done: Callable[[Handled], None], *, in_thread: bool
    ) -> None:
        self.dispatcher = dispatcher
        self.served = dispatcher.served
        self.done = done
        self.handled = Handled(dispatcher.count, request)
        self.in_thread = in_thread
        self.started = time.perf_counter()

    def run(self) -> None:
        """Run the policies, on the event loop or in a thread."""
        _handle(self.served, self.handled)
        if (held := engine_loop.longest_hold()) > LONG or self.in_thread:
            self.dispatcher.note(self.handled.request, held, in_thread=self.in_thread)

    def end(self, _: object, error: BaseException | None) -> None:
        """Pass the answer on to the connection, then to the listeners."""
        dispatcher, handled = self.dispatcher, self.handled
        dispatcher.under_way -= 1
        if error is not None:
            handled.problem = f"{type(error).__name__}: {error}"
            handled.response = internal_error()
        handled.seconds = time.perf_counter() - self.started
        self.done(handled)
        for listener in dispatcher.listeners:
            try:
                listener(handled)
            except Exception:  # a listener must not stop the next request
                log.exception("a listener failed")


def _kind(request: Request) -> str:
    """Return the kind of a request, by method and the first two segments of the path: one kind probably
    takes one path.
    """
    path = request.url.partition("?")[0].split("/", 5)
    return f"{request.method} {'/'.join(path[3:5])}"


def _handle(served: Served, handled: Handled) -> None:
    try:
        handled.result = result = served.run(handled.request)
        handled.response = result.response
    except LimitExceededError as error:
        handled.problem = str(error)
        handled.response = internal_error()
    except NotSimulatedError as error:
        handled.problem = str(error)
        handled.response = own_answer(501, f"apimpolicy does not simulate this: {error}")
    except DiagnosticError as error:
        handled.problem = "; ".join(str(each.message) for each in error.diagnostics[:3])
        handled.response = own_answer(500, f"apimpolicy can't use this policy: {error.diagnostics[0]}")
    except ConfigurationError as error:
        handled.problem = str(error)
        handled.response = own_answer(500, f"apimpolicy can't answer: {error}")
    except ApimPolicyError as error:
        handled.problem = str(error)
        handled.response = internal_error()
