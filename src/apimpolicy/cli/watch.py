"""Doing something again whenever files change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from apimpolicy.cli import commands
from apimpolicy.errors import ApimPolicyError
from apimpolicy.memory import collect
from apimpolicy.project.files import fingerprint
from apimpolicy.report.columns import is_a_terminal

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
                print(f"waiting for changes in {', '.join(paths)}; Ctrl-C ends it", file=sys.stderr)
                collect()
            else:
                time.sleep(INTERVAL_SECONDS)
    except KeyboardInterrupt:
        return commands.INTERRUPTED
    return commands.CLEAN
