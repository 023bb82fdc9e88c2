"""A deadline for the work on one file, in processor time: the operating system interrupts Python code that is late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

SECONDS = 60.0
"""Far more than the largest file takes that is read at all."""


class DeadlineError(BaseException):
    """The time is over. No `except Exception` on the way takes it for something else."""


@contextmanager
def deadline(seconds: float = SECONDS) -> Iterator[None]:
    """Raise DeadlineError inside after so many seconds of processor time.

    Holds in the main thread of a process, and not on Windows, which has no such timer.
    """
    import signal
    import threading

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, usual)


def _ring(number: int, frame: FrameType | None) -> None:
    raise DeadlineError
