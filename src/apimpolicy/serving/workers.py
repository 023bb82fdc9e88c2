"""Several processes that share sockets: each serves, and one that dies is replaced.

Nothing of a request that is answered depends on a single worker: what they share is in Redis, or it is each one's own.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from apimpolicy.errors import ConfigurationError

_SHORT_LIFE = 1.0
_MOST_SHORT_LIVES = 5


def run_workers(count: int, work: Callable[[int], int], say: Callable[[str], None]) -> int:
    """Run `work` (with the worker's number) in so many processes until SIGTERM or SIGINT; the exit code.

    Raises ConfigurationError where processes cannot be copied (Windows).
    """
    if not hasattr(os, "fork"):
        raise ConfigurationError("--workers needs a system that can copy a process; Windows cannot")
    return _Workers(count, work, say).run()


class _Workers:
    def __init__(self, count: int, work: Callable[[int], int], say: Callable[[str], None]) -> None:
        self.count = count
        self.work = work
        self.say = say
        self.running: dict[int, tuple[int, float]] = {}
        self.is_ending = False
        self.short_lives = 0

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        for worker in range(self.count):
            self._start(worker)
        while self.running:
            try:
                process, status = os.wait()
            except InterruptedError:
                continue
            except ChildProcessError:
                break
            self._ended(process, os.waitstatus_to_exitcode(status))
        return 1 if self.short_lives >= _MOST_SHORT_LIVES else 0

    def _start(self, worker: int) -> None:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                code = self.work(worker)
            finally:
                os._exit(code)
        self.running[process] = worker, time.monotonic()

    def _ended(self, process: int, code: int) -> None:
        worker, since = self.running.pop(process, (-1, 0.0))
        if worker < 0 or self.is_ending:
            return
        lived_short = time.monotonic() - since < _SHORT_LIFE
        self.short_lives = self.short_lives + 1 if lived_short else 0
        why = f"by signal {-code}" if code < 0 else f"with {code}"
        if self.short_lives >= _MOST_SHORT_LIVES:
            self.say("the workers end right after their start; see their messages above")
            self._end()
            return
        self.say(f"worker {worker + 1} ended {why}; a new one takes its place")
        self._start(worker)

    def _end(self, *_: Any) -> None:
        self.is_ending = True
        for process in list(self.running):
            os.kill(process, signal.SIGTERM)
