"""Limits of the operating system on the processor time and the memory of this process.

One call of a library that never returns, or that asks for memory without end, burns no step and looks at no clock. The
system ends the process then (`RLIMIT_CPU`, `RLIMIT_AS`), without the interpreter having a say; whoever started it sees
how it ended. Processor time is counted for each evaluation anew.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from apimpolicy.csharp.dotnet import environment

MEMORY = 2 << 30
"""Bytes of address space that a process that runs policies may use; held by Linux."""
GRACE = 3
"""Seconds of processor time that an evaluation may take beyond its own limit of seconds."""
BETWEEN = 120
"""Seconds of processor time between two evaluations: reading, compiling, writing reports."""
_is_limited = False
PATIENCE = 6
"""Limit of clock time, in multiples of a process's processor time, where only the clock can be watched."""


def limit_process(memory: int = MEMORY) -> None:
    """From now on, hold this process to so many bytes, and each evaluation in it to its seconds.

    Where the system knows no such limits (Windows), a thread of the interpreter that needs no lock watches the clock.
    """
    if not limit_memory(memory):
        environment.watch_evaluations(_watch_clock)
        return
    environment.watch_evaluations(_watch_processor)
    global _is_limited
    _is_limited = True
    _watch_processor(None)


def reason_to_stop(action: Callable[[], object]) -> int:
    """Do something in a process of its own first, held to limits; return the signal that ended it, 0 for none.

    What it raises is for whoever does it here afterwards. Without `fork` (Windows) nothing is tried. Threads must not
    run yet.
    """
    if not hasattr(os, "fork"):
        return 0
    child = os.fork()
    if child == 0:
        os.closerange(1, 3)  # what it says is said by whoever does it here
        limit_process(MEMORY)
        with suppress(Exception):
            action()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def renew() -> None:
    """Begin with the next file: it gets the processor time between two evaluations, if this process is limited."""
    if _is_limited:
        _watch_processor(None)


def limit_memory(memory: int = MEMORY) -> bool:
    """From now on, hold this process to so many bytes; return whether the system knows limits."""
    try:
        import resource
    except ImportError:
        return False
    for what, bound in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0)):
        _lower(what, bound)
    return True


def _lower(what: int, bound: int) -> None:
    import resource

    try:
        _, hard = resource.getrlimit(what)
        if hard == resource.RLIM_INFINITY or bound < hard:
            resource.setrlimit(what, (bound, hard))
    except (OSError, ValueError):  # not held by this system
        return


def _watch_processor(seconds: float | None) -> None:
    """An evaluation of at most so many seconds begins; with None, one has ended."""
    import resource

    allowed = BETWEEN if seconds is None else _finite(seconds) + GRACE
    bound = math.ceil(time.process_time()) + math.ceil(allowed)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        bound = min(bound, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (bound, hard))


def _watch_clock(seconds: float | None) -> None:
    import faulthandler

    if sys.stderr is None:
        return
    allowed = BETWEEN if seconds is None else _finite(seconds) + GRACE
    faulthandler.dump_traceback_later(allowed * PATIENCE, exit=True)


def _finite(seconds: float) -> float:
    return min(seconds, 24 * 3600.0)
