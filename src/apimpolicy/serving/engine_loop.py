"""Run synchronous work on an event loop: the engine runs in a greenlet, and waits without blocking other requests.

    start(loop, lambda: gateway.run(policy, request), done)     # in a callback of the loop; calls `done(value, error)`
    response = wait_for(session.request(…))                     # somewhere below, in a transport that the engine calls

Work that never waits is done when `start` returns, at the cost of a function call. Work that takes long runs in a
thread (`start_in_thread`), where `wait_for` hands what is to be awaited to the loop.
"""

from __future__ import annotations

import asyncio
import datetime
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from functools import partial
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from greenlet import getcurrent, greenlet

from apimpolicy.csharp.dotnet.environment import UNIX_EPOCH_TICKS, environment, has_environment, processor_time

if TYPE_CHECKING:
    from concurrent.futures import Executor

if TYPE_CHECKING:
    Done: TypeAlias = Callable[[Any, BaseException | None], None]

T = TypeVar("T")

_thread = threading.local()
_MOST_IDLE = 1_000
_SHORT = 0.01
"""Seconds for which the loop may be blocked."""
_going_on: set[asyncio.Future[Any]] = set()
"""An event loop does not keep its tasks alive."""


class _Work(greenlet):
    """A greenlet that does one piece of work after another: making one takes longer than many a request.

    `longest` is the longest time in seconds for which the work held the loop before it waited. It went on at `resumed`,
    when the thread had used `used` seconds of the processor, or some milliseconds more. `value` and `raised` are the
    outcome of the work.
    """

    longest = 0.0
    resumed = 0.0
    used = 0.0
    value: Any = None
    raised: BaseException | None = None

    def held(self) -> float:
        """Return seconds of the processor for which it has held the loop now, 0 when that is not long; on a busy
        machine everything takes long.
        """
        return thread_time() - self.used if perf_counter() - self.resumed > _SHORT else 0.0

    def run(self) -> Any:
        hub = self.parent
        assert hub is not None
        while True:
            work = hub.switch(_END)
            try:
                self.value = work()
            except BaseException as error:
                self.raised = error
            del work  # while it is idle it keeps nothing of what it has done


_waiting: dict[_Work, asyncio.Task[None]] = {}
"""The tasks of work that waits, kept as `keep` does, without a callback at the end of each."""
_END = object()
"""Value that work passes to its hub in place of an awaited one, and a worker passes when idle."""


def _new_worker() -> _Work:
    made = _Work()
    made.switch()
    return made


class Interrupted(OSError):
    """The awaited result will not arrive: the server is shutting down."""


def keep(task: asyncio.Task[T]) -> asyncio.Task[T]:
    """Keep a task until it has ended: the loop alone does not, and the collector may free it while it runs."""
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    return task


def start(loop: asyncio.AbstractEventLoop, work: Callable[[], Any], done: Done) -> None:
    """Do the work now, in the thread of the loop, as far as it goes without waiting; `done` is called at its end."""
    idle: list[_Work] | None = getattr(_thread, "idle", None)
    if idle is None:
        idle = _thread.idle = []
    worker = idle.pop() if idle else _new_worker()
    worker.longest = 0.0
    awaited = _advance(worker, work)
    if awaited is _END:
        _end(worker, done)
    else:
        _waiting[worker] = loop.create_task(_go_on(worker, awaited, done))


def start_in_thread(loop: asyncio.AbstractEventLoop, executor: Executor, work: Callable[[], Any], done: Done) -> None:
    """Do the work in a thread; `done` is called in the thread of the loop."""

    def ended(future: asyncio.Future[Any]) -> None:
        error = future.exception()
        done(None if error is not None else future.result(), error)

    loop.run_in_executor(executor, _in_thread, loop, work).add_done_callback(ended)


async def run(work: Callable[[], T]) -> T:
    """Do the work; for code that is asynchronous itself."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def done(value: Any, error: BaseException | None) -> None:
        if not future.done():
            future.set_result(value) if error is None else future.set_exception(error)

    start(loop, work, done)
    return await future


def gather(works: Sequence[Callable[[], None]], *, first_only: bool) -> None:
    """Do several pieces of work, none of which raises, at the same time: until all have ended, or the first one has.
    Each has the context variables of the caller; those that have not ended continue.
    """
    wait_for(_all([partial(copy_context().run, work) for work in works], first_only))


async def _all(works: Sequence[Callable[[], None]], first_only: bool) -> None:
    running = [keep(asyncio.ensure_future(run(work))) for work in works]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED if first_only else asyncio.ALL_COMPLETED)


def can_wait() -> bool:
    """Return whether the code that asks runs as such work."""
    return isinstance(getcurrent(), _Work) or getattr(_thread, "loop", None) is not None


def wait_for(awaited: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine, run on the loop. Raises its error; RuntimeError outside of such work."""
    current = getcurrent()
    if isinstance(current, _Work):
        assert current.parent is not None
        try:
            found: T = current.parent.switch(awaited)
        finally:
            if has_environment():
                environment().change_thread()  # the processor's time while it waited was that of others
        return found
    loop: asyncio.AbstractEventLoop | None = getattr(_thread, "loop", None)
    if loop is None:
        awaited.close()
        raise RuntimeError("wait_for needs an event loop that started the work")
    return asyncio.run_coroutine_threadsafe(awaited, loop).result()


def longest_hold() -> float:
    """Return the longest time in seconds of the processor for which the work that asks has held the loop at once, or
    used a thread; 0 when none was long.
    """
    current = getcurrent()
    if isinstance(current, _Work):
        return max(current.longest, current.held())
    began: float = getattr(_thread, "began", 0.0)
    return thread_time() - began


def _advance(work: _Work, value: Any = None, error: BaseException | None = None) -> Any:
    """Continue the work until it waits or ends; return what it waits for, or `_END`. `value` is what it waited for, or
    the work itself.
    """
    work.resumed = now = perf_counter()
    work.used = processor_time(now)
    given = work.switch(value) if error is None else work.throw(error)
    if given is not _END:
        work.longest = max(work.longest, work.held())
    return given


async def _go_on(work: _Work, awaited: Any, done: Done) -> None:
    """Wait for what the work waits for, until it has ended."""
    while awaited is not _END:
        try:
            value = await awaited
        except asyncio.CancelledError:
            awaited = _advance(work, error=Interrupted("the gateway is shutting down"))
        except BaseException as error:
            awaited = _advance(work, error=error)
        else:
            awaited = _advance(work, value)
    _waiting.pop(work, None)
    _end(work, done)


def _end(work: _Work, done: Done) -> None:
    """Report the value or the error of ended work, after its greenlet is free for other work."""
    value, error = work.value, work.raised
    work.value = work.raised = None
    idle: list[_Work] = _thread.idle
    if len(idle) < _MOST_IDLE:
        idle.append(work)
    done(value, error)


def _in_thread(loop: asyncio.AbstractEventLoop, work: Callable[[], T]) -> T:
    _thread.loop = loop
    _thread.began = thread_time()
    try:
        return work()
    finally:
        _thread.loop = None


class RunningClock:
    """A clock that runs as the machine's does; it showed `start` when it was made, or the machine's time."""

    waits = True

    def __init__(self, start: datetime.datetime | None = None) -> None:
        self._ahead = datetime.timedelta()
        if start is not None:
            self._ahead = start.astimezone(datetime.UTC) - datetime.datetime.now(datetime.UTC)
        self._ticks_at_epoch = UNIX_EPOCH_TICKS + self._ahead // datetime.timedelta(microseconds=1) * 10

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC) + self._ahead

    def ticks(self) -> int:
        """Return the time in ticks of 100 ns since 0001-01-01 UTC."""
        return self._ticks_at_epoch + time.time_ns() // 100

    def advance(self, seconds: float) -> None:
        """Wait, while other requests continue."""
        if seconds <= 0:
            return
        if can_wait():
            wait_for(asyncio.sleep(seconds))
        else:
            time.sleep(seconds)

    def gather(self, works: Sequence[Callable[[], None]], first_only: bool) -> None:
        """Run functions at the same time until all have ended, or the first; the others continue by themselves."""
        if can_wait():
            gather(works, first_only=first_only)
        else:
            for work in works:
                work()
