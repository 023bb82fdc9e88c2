"""Processes to share work with."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import BaseContext


def python_command(*arguments: str) -> list[str]:
    """Return a command line for this Python that imports nothing from the folder in which it is started."""
    return [sys.executable, "-I" if sys.flags.isolated else "-P", *arguments]


def process_pool(jobs: int, initializer: Callable[..., object] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """A pool of so many processes; each calls `initializer` with the arguments, which can be pickled, first."""
    return ProcessPoolExecutor(jobs, _context(), initializer, arguments)


def _context() -> BaseContext:
    """How they are started: as copies of this process, the quickest way, where it has one thread.

    What another thread holds at that moment, a copy would wait for without end. Windows has no copies.
    """
    methods = multiprocessing.get_all_start_methods()
    if "fork" in methods and len(sys._current_frames()) == 1:
        return multiprocessing.get_context("fork")
    # `multiprocessing` starts `python -c …`, which would import from the current folder first.
    os.environ["PYTHONSAFEPATH"] = "1"
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
