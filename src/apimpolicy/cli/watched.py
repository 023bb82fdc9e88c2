"""Run commands that run policies in a process of their own, whose resources the operating system limits.

The process that the user started waits for it, passes on its exit code, and says in a sentence what the system had to
stop. Without `fork` (Windows) the command runs here, and the interpreter's watchdog ends it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from apimpolicy.cli import commands

_PROCESSOR_TIME = "one call or file took more processor time than it may take"
_MEMORY = "it needed more memory than it may use"
_CRASH = "the process that ran it crashed"


def run_watched(arguments: Sequence[str]) -> int:
    """Run a command line in a process with limits; the exit code."""
    if not hasattr(os, "fork"):
        return _run_limited(arguments)
    child = os.fork()
    if child == 0:
        code = commands.INTERNAL
        try:
            code = _run_limited(arguments)
        except BaseException:  # with --debug
            import traceback

            traceback.print_exc()
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os._exit(code)
    return _outcome(_wait(child))


def _run_limited(arguments: Sequence[str]) -> int:
    from apimpolicy.cli.program import run
    from apimpolicy.csharp.dotnet.process_limits import limit_process

    limit_process()
    return run(arguments)


def _wait(child: int) -> int:
    """Return the wait status of a process. What is meant to end this one ends that one."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), lambda number, _: os.kill(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells both
    return os.waitpid(child, 0)[1]


def _outcome(status: int) -> int:
    """Return the exit code for a wait status, and the sentence about a process that was stopped."""
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    import signal

    number = signal.Signals(os.WTERMSIG(status))
    if number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        return 128 + number
    reason = {
        signal.SIGXCPU: _PROCESSOR_TIME,
        signal.SIGKILL: "the operating system killed it",
        signal.SIGABRT: _MEMORY,
    }.get(number, _CRASH)
    _say(f"apimpolicy: the command was stopped: {reason} ({number.name})")
    return commands.STOPPED


def _say(sentence: str) -> None:
    if sys.stderr is not None:
        print(sentence, file=sys.stderr)
