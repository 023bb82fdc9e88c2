"""Z3 in a process of its own, which can be killed: Z3 doesn't keep its own limits of time and memory.

One process serves all questions, one after another; it starts when it is first needed, or before, and again after it
was killed. Z3's own count of work limits a question; the clock is a backstop.
"""

from __future__ import annotations

import atexit
import itertools
import marshal
import os
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from apimpolicy.errors import ConfigurationError

MOST_LIVE = 4
"""Questions whose formulas the process keeps: each has a Z3 context of several megabytes."""
SECONDS = 60.0
"""Seconds of the clock for one check, after which the process is killed."""


class SolverFailed(Exception):
    """The process ended, or was killed: it took too long, or needed too much memory."""


class _Process:
    """The process with Z3, and the lock that keeps questions of several threads apart."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._running: subprocess.Popen[bytes] | None = None
        self.number = 0
        """The number of process starts: questions repeat to a new process what they sent to the previous one."""

    def start(self) -> subprocess.Popen[bytes]:
        """Return the running process. Raises ConfigurationError when Z3 is not installed."""
        if self._running is not None and self._running.poll() is not None:
            self.stop()
        if self._running is None:
            if find_spec("z3") is None:  # pragma: no cover - the extra is installed where tests run
                raise ConfigurationError(
                    "finding and proving needs Z3, which is not installed: pip install 'apimpolicy[prove]'"
                )
            program = Path(__file__).with_name("solver_program.py")
            self._running = subprocess.Popen(
                [sys.executable, "-P", str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self.number += 1
        return self._running

    def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.kill()
            for stream in (running.stdin, running.stdout):
                if stream is not None:
                    stream.close()
            running.wait()

    def forget(self) -> None:
        """Leave the process to the one that this one was forked from; another is started when it is needed."""
        self.lock = threading.RLock()
        self._running = None

    def ask(self, commands: list[tuple[Any, ...]], seconds: float) -> Any:
        """Return the answer to commands, of which the last one asks. Raises SolverFailed."""
        running = self.start()
        assert running.stdin is not None
        assert running.stdout is not None
        clock = threading.Timer(seconds, running.kill)
        clock.daemon = True
        clock.start()
        try:
            message = marshal.dumps(commands)
            running.stdin.write(struct.pack("<I", len(message)) + message)
            running.stdin.flush()
            size = struct.unpack("<I", running.stdout.read(4))[0]
            return marshal.loads(running.stdout.read(size))
        except (OSError, EOFError, ValueError, struct.error):
            self.stop()
            raise SolverFailed from None
        finally:
            clock.cancel()


_process = _Process()
_numbers = itertools.count(1)
atexit.register(_process.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.forget)


def prepare() -> None:
    """Start the process, so that it is ready when the first question comes."""
    with _process.lock:
        _process.start()


def stop() -> None:
    with _process.lock:
        _process.stop()


class Solver:
    """The formulas of one question, for the process with Z3."""

    def __init__(self) -> None:
        self._number = next(_numbers)
        self._said: list[tuple[Any, ...]] = []
        self._told = 0
        self._process = 0
        self._count = 0
        weakref.finalize(self, _dropped.append, self._number)

    def node(self, kind: str, *parts: Any) -> int:
        """Add a node, and return its index."""
        self._said.append(("node", self._number, kind, *parts))
        self._count += 1
        return self._count - 1

    def add(self, node: int) -> None:
        self._said.append(("add", self._number, node))

    def check(self, assumptions: list[int], work: int) -> tuple[str, list[int], list[bool | int | None]]:
        """Return "unsat" with the assumptions that it depends on, "sat" with the values of the constants in the order
        in which they were added, or "unknown".
        """
        with _process.lock:
            _process.start()
            if self._process != _process.number:
                self._process, self._told = _process.number, 0
            commands: list[tuple[Any, ...]] = [("drop", number) for number in [*_dropped, *self._longest_unused()]]
            for number in _dropped:
                _live.pop(number, None)
            _dropped.clear()
            commands += self._said[self._told :]
            self._told = len(self._said)
            commands.append(("check", self._number, assumptions, work))
            try:
                status, core, values = _process.ask(commands, SECONDS)
            except SolverFailed:
                return "unknown", [], []
        return status, core, values

    def _longest_unused(self) -> Iterator[int]:
        """Yield the questions that the process forgets to have room for this one; they are told again if needed."""
        _live.pop(self._number, None)
        _live[self._number] = weakref.ref(self)
        while len(_live) > MOST_LIVE:
            number = next(iter(_live))
            solver = _live.pop(number)()
            if solver is not None:
                solver._told = 0
            yield number


_dropped: list[int] = []
"""Questions that are no longer used."""
_live: dict[int, weakref.ref[Solver]] = {}
"""Questions whose formulas the process has, the longest unused first."""
