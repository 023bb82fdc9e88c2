"""Doing something again whenever files change."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from apimpolicy.cli import exit_codes
from apimpolicy.errors import ApimPolicyError
from apimpolicy.report.style import is_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

INTERVAL_SECONDS = 0.5


def watch(paths: Sequence[str], action: Callable[[], int], rounds: int | None = None) -> int:
    """Do it now, and again after each change below `paths`, until Ctrl-C (or so many times)."""
    known: object = None
    done = 0
    try:
        while rounds is None or done < rounds:
            seen = fingerprint(paths)
            if seen != known:
                known = seen
                done += 1
                if is_a_terminal(sys.stdout):
                    print("\x1b[2J\x1b[H", end="")
                try:
                    action()
                except ApimPolicyError as error:
                    print(error, file=sys.stderr)
                sys.stdout.flush()
            else:
                time.sleep(INTERVAL_SECONDS)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    return exit_codes.CLEAN


def fingerprint(paths: Iterable[str]) -> list[tuple[str, int, int]]:
    """Every file below the paths, with its time of change and its size."""
    found: list[tuple[str, int, int]] = []
    for path in paths:
        if os.path.isdir(path):
            for directory, folders, files in os.walk(path):
                folders[:] = [name for name in folders if not name.startswith(".")]
                found += (entry for name in files if (entry := _entry(os.path.join(directory, name))) is not None)
        elif (entry := _entry(path)) is not None:
            found.append(entry)
    return sorted(found)


def _entry(path: str) -> tuple[str, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_mtime_ns, status.st_size
