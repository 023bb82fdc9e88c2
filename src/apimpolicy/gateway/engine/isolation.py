"""A call in a process of its own, which the operating system holds to limits: `Gateway(isolated=True)`.

What a library does without end, what fills the memory and what breaks down ends there, and the caller gets a
LimitExceededError. What comes back is a copy: nothing that happens in that process changes anything in this one.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import Limits
from apimpolicy.csharp.dotnet.process_limits import GRACE, MEMORY, PATIENCE, limit_process
from apimpolicy.errors import ApimPolicyError, ConfigurationError, InternalError, LimitExceededError
from apimpolicy.gateway.engine.result import Result

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome

_BLOCK = 1 << 16
_LARGEST_ANSWER = 256 << 20


class IsolatedResult(Result):
    """The result of a request in a process of its own: see `apimpolicy.gateway.engine.result.Result`.

    Of the trace `messages` are here, what policies wrote there; the trace itself and the `exchange` stay behind, so
    that it cannot be explained. Values of variables that cannot be sent are texts.
    """

    def __init__(self, result: Result) -> None:
        self.response = result.response
        self.backend_requests = result.backend_requests
        self.sent_requests = result.sent_requests
        self.metrics = ()
        self.error = result.error
        self._variables = {name: _portable(value) for name, value in result.variables.items()}
        self.messages = tuple(result.trace.messages)
        self._mcp = outcome = result.mcp
        if outcome is not None and outcome.inner is not None:
            import attrs

            self._mcp = attrs.evolve(outcome, inner=IsolatedResult(outcome.inner))

    @property
    def mcp(self) -> McpOutcome | None:
        return self._mcp


def run_isolated(gateway: Gateway, run: Callable[[Gateway], Result]) -> IsolatedResult:
    """Run a request through a copy of the gateway in a process of its own.

    Raises what `run` raises, and LimitExceededError.
    """
    alone = copy(gateway)
    alone.isolated, alone._service_requests = False, None
    return isolated_result(lambda: run(alone), (gateway.limits or Limits()).seconds)


def isolated_result(run: Callable[[], Result], seconds: float) -> IsolatedResult:
    """Run in a process of its own. Raises what the run raises, and LimitExceededError."""
    found: IsolatedResult = call_isolated(lambda: IsolatedResult(run()), seconds)
    return found


def call_isolated(function: Callable[[], Any], seconds: float, memory: int = MEMORY) -> Any:
    """Return the pickled result of a function in a copy of this process, or raise its exception.

    `memory` is in bytes; `seconds` are those of one evaluation.

    Raises LimitExceededError when the system stopped it, ConfigurationError where processes cannot be copied (Windows).
    """
    if not hasattr(os, "fork"):
        raise ConfigurationError("isolated=True needs a system that can copy a process; Windows cannot")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            faulthandler.disable()
            limit_process(memory)
            with open(writing, "wb") as pipe:
                pipe.write(_answer(function))
        finally:
            os._exit(0)
    os.close(writing)
    try:
        data = _read(reading, (seconds + GRACE) * PATIENCE)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if not data:
        by_time = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        raise LimitExceededError("seconds", seconds) if by_time else LimitExceededError("memory", memory)
    error, value = pickle.loads(data)
    if error is not None:
        raise error
    return value


def _answer(function: Callable[[], Any]) -> bytes:
    try:
        return pickle.dumps((None, function()))
    except ApimPolicyError as error:
        return pickle.dumps((_without_places(error), None))
    except MemoryError:
        return pickle.dumps((LimitExceededError("memory", MEMORY), None))
    except Exception as error:
        return pickle.dumps((InternalError(f"{type(error).__name__}: {error}"), None))


def _without_places(error: ApimPolicyError) -> ApimPolicyError:
    """Return the error if it can be sent, else one with the same message."""
    error.__cause__ = error.__context__ = None
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return ApimPolicyError(str(error))
    return error


def _portable(value: Any) -> Any:
    """Return a value that can be sent, or its text."""
    try:
        pickle.dumps(value)
    except Exception:
        return str(value)
    return value


def _read(pipe: int, seconds: float) -> bytes:
    """Read a pipe to its end; return nothing when the time is over before."""
    ends = time.monotonic() + seconds
    parts: list[bytes] = []
    size = 0
    while select.select([pipe], [], [], max(ends - time.monotonic(), 0))[0]:
        part = os.read(pipe, _BLOCK)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > _LARGEST_ANSWER:
            break
    return b""
