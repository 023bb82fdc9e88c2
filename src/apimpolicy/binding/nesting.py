"""Room for deep expressions: the parser allows more levels than Python's usual limit of frames lets a walk follow.

Every walk over an expression is Python calling Python, which takes no C stack from Python 3.11 on; so the limit can be
raised for the time of a walk. The limit belongs to the whole process: it is raised by the first walk that needs it and
put back by the last, whatever thread they run in.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

FRAMES: Final = 12_000
"""Enough for the deepest tree that the parser makes (500 levels), with the lambdas that a query is rewritten into."""


class RoomForDeepTrees:
    """A context manager under which trees of any depth that the parser allows can be walked; may be nested."""

    _lock = threading.Lock()
    _users = 0
    _usual = 0

    def __enter__(self) -> None:
        cls = RoomForDeepTrees
        with cls._lock:
            if cls._users == 0:
                cls._usual = sys.getrecursionlimit()
                sys.setrecursionlimit(cls._usual + FRAMES)
            cls._users += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        cls = RoomForDeepTrees
        with cls._lock:
            cls._users -= 1
            if cls._users == 0:
                sys.setrecursionlimit(cls._usual)
