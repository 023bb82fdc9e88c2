"""Processes to share work with."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from apimpolicy.project.environments import select, selected

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import BaseContext


def process_pool(jobs: int, initializer: Callable[..., object] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """A pool of so many processes; each calls `initializer` with the arguments, which can be pickled, first."""
    return ProcessPoolExecutor(jobs, _context(), _start, (selected(), initializer, arguments))


def _start(environment: str | None, initializer: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    """In a new process: the environment that was selected in the one that started it."""
    select(environment)
    if initializer is not None:
        initializer(*arguments)


def _context() -> BaseContext:
    """How they are started: as copies of this process, the quickest way, where it has one thread.

    What another thread holds at that moment, a copy would wait for without end. Windows has no copies.
    """
    methods = multiprocessing.get_all_start_methods()
    if "fork" in methods and len(sys._current_frames()) == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
