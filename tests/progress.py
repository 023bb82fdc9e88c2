"""A plugin of pytest for `python -m tests`: every few seconds a line with the number of tests and the time left.

1,520 of 15,189 tests (10 %), 1 failed, about 5 min left

A test that fails is named at once. What is collected stays until the end: Python's collector doesn't visit it again.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY = 10.0
"""Seconds between two lines."""


WHILE_COLLECTING = 100_000, 50, 100
AFTER_COLLECTION = 20_000, 20, 20
"""New objects, and collections of each generation, after which Python collects."""


class Progress:
    """Counts finished tests on the process that starts the workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.total = 0
        self.finished = 0
        self.failed = 0
        self.began = self.shown = time.monotonic()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._begin(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        self._begin(len(ids))

    def _begin(self, total: int) -> None:
        if total > self.total:
            self.total = total
            self.began = time.monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Leave out the dots of tests that pass."""
        return ("passed", "", "") if report.when == "call" and report.passed else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed += 1
            print(f"   FAILED {report.nodeid}", flush=True)
        if report.when == "call" or (report.when == "setup" and not report.passed):
            self.finished += 1
        if time.monotonic() - self.shown >= EVERY and self.total:
            self.shown = time.monotonic()
            self._show()

    def _show(self) -> None:
        failed = f", {self.failed} failed" if self.failed else ""
        left = (self.shown - self.began) / max(self.finished, 1) * (self.total - self.finished)
        print(
            f"   {self.finished:,} of {self.total:,} tests ({self.finished * 100 // self.total} %){failed}, "
            f"about {time_left(left)} left",
            flush=True,
        )


def time_left(seconds: float) -> str:
    """Return a rounded time.

    >>> time_left(42), time_left(150)
    ('50 s', '3 min')
    """
    return f"{-int(-seconds // 60)} min" if seconds > 90 else f"{-int(-seconds // 10) * 10} s"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*AFTER_COLLECTION)


def pytest_configure(config: Any) -> None:
    gc.set_threshold(*WHILE_COLLECTING)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(config), "apimpolicy-progress")
