"""Progress of long work, and `--watch`, which repeats a command whenever files change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

from apimpolicy.cli import commands
from apimpolicy.errors import ApimPolicyError
from apimpolicy.memory import collect
from apimpolicy.project.files import fingerprint
from apimpolicy.report.columns import is_a_terminal

_SILENT_SECONDS = 2.0
_INTERVAL_SECONDS = 0.1


class Progress:
    """`with Progress("checked", total) as progress: progress.advance()`; nothing is left on the terminal."""

    def __init__(self, verb: str, total: int, what: str = "files") -> None:
        self._verb = verb
        self._what = what
        self._total = total
        self._done = 0
        self._next = time.monotonic() + _SILENT_SECONDS
        self._is_shown = False
        self._is_watched = is_a_terminal(sys.stderr)

    def __enter__(self) -> Progress:
        return self

    def expect(self, more: int) -> None:
        """Count more as still to be done."""
        self._total += more

    def advance(self) -> None:
        """Count one more as done."""
        self._done += 1
        self.show()

    def clear(self) -> None:
        """Take the line away, before something else is printed."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._is_shown = False

    def show(self) -> None:
        """Show the progress on a terminal."""
        if self._is_watched and (now := time.monotonic()) >= self._next:
            self._next = now + _INTERVAL_SECONDS
            self._is_shown = True
            print(
                f"\r\x1b[K{self._verb} {self._done} of {self._total} {self._what} …",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show a line while something without countable steps runs, on a terminal only; then remove it."""
    is_watched = is_a_terminal(sys.stderr)
    if is_watched:
        print(f"{what} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if is_watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


INTERVAL_SECONDS = 0.5


def watch(paths: Sequence[str], action: Callable[[], int], rounds: int | None = None) -> int:
    """Do it now, and again after each change below `paths`, until Ctrl-C (or so many times)."""
    last: object = None
    done = 0
    try:
        while rounds is None or done < rounds:
            seen = fingerprint(paths)
            if seen != last:
                last = seen
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
