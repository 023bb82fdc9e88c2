"""Processes to share work with; none imports anything from the folder in which it is started."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import BaseContext, SpawnContext, SpawnProcess
from typing import Any

from apimpolicy.project.environments import select, select_service, selected, service_name
from apimpolicy.project.service.leniency import Leniency, allow, leniency

if sys.platform != "win32":
    from multiprocessing.context import ForkServerContext, ForkServerProcess


def python_command(*arguments: str) -> list[str]:
    """Return a command line for this Python that imports nothing from the folder in which it is started."""
    return [sys.executable, "-I" if sys.flags.isolated else "-P", *arguments]


def process_pool(jobs: int, initializer: Callable[..., object] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """Make a pool of `jobs` processes; each first calls `initializer` with the arguments."""
    with _safe_path():  # it starts the process that looks after semaphores
        found = leniency()
        is_strict = None if found is None else found.is_strict
        given = (selected(), service_name(), is_strict, initializer, arguments)
        return ProcessPoolExecutor(jobs, _context(), _start, given)


def _start(
    environment: str | None,
    service: str | None,
    is_strict: bool | None,
    initializer: Callable[..., object] | None,
    arguments: tuple[Any, ...],
) -> None:
    """Begin a new process with what was selected in the one that started it, and its stand-ins."""
    select(environment)
    select_service(service)
    if is_strict is not None:
        allow(Leniency(is_strict=is_strict))
    if initializer is not None:
        initializer(*arguments)


def _context() -> BaseContext:
    """Return the start method: copies of this process, which is fastest, if it has one thread.

    What another thread holds at that moment, a copy would wait for without end. Windows has no copies.
    """
    methods = multiprocessing.get_all_start_methods()
    if "fork" in methods and len(sys._current_frames()) == 1:
        return multiprocessing.get_context("fork")
    return _ForkServer() if "forkserver" in methods else _Spawn()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Let `python -c …`, which `multiprocessing` starts, import nothing from the current folder."""
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


class _SpawnProcess(SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the name that multiprocessing calls
        with _safe_path():
            return SpawnProcess._Popen(process_obj)


class _Spawn(SpawnContext):
    Process = _SpawnProcess


if sys.platform != "win32":

    class _ForkServerProcess(ForkServerProcess):
        @staticmethod
        def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the name that multiprocessing calls
            with _safe_path():
                return ForkServerProcess._Popen(process_obj)

    class _ForkServer(ForkServerContext):
        Process = _ForkServerProcess
