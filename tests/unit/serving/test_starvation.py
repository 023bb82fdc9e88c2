"""Requests that use all of their time, each of another kind, don't keep the others waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from apimpolicy import Gateway, Request
from apimpolicy.serving import dispatcher as dispatching
from apimpolicy.serving.dispatcher import HELD_IN_A_MINUTE, Dispatcher, Served

if TYPE_CHECKING:
    import pytest

POLICY = "<policies><inbound><return-response /></inbound></policies>"


class Work:
    """A dispatcher whose requests hold the thread that they run in for a stated time, at a stated time of day."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.held = 0.0
        self.in_threads: list[bool] = []
        self.dispatcher = Dispatcher(Served(Gateway(), {"api": POLICY}))
        monkeypatch.setattr(dispatching.engine_loop, "longest_hold", lambda: self.held)
        monkeypatch.setattr(dispatching.time, "monotonic", lambda: self.now)
        started = dispatching.engine_loop.start_in_thread
        monkeypatch.setattr(
            dispatching.engine_loop,
            "start_in_thread",
            lambda *given: (self.in_threads.append(True), started(*given))[1],
        )

    def send(self, path: str, held: float = 0.0) -> bool:
        """Return whether the request ran in a thread."""
        self.held = held
        self.in_threads.clear()
        asyncio.run(self.dispatcher.handle(Request.get(f"http://a{path}")))
        return bool(self.in_threads)


def test_kinds_that_a_caller_invents_hold_the_loop_for_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    on_loop = sum(not work.send(f"/spin/{number}", held=1.0) for number in range(40))
    assert on_loop == HELD_IN_A_MINUTE + 1
    assert work.send("/other/1")
    work.now += 61
    assert not work.send("/other/1")


def test_the_next_pause_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    for pause in (60, 120, 240):
        for number in range(3):
            work.send(f"/spin/{pause}{number}", held=1.0)
        work.now += pause - 1
        assert work.send("/other/1")
        work.now += 2
        assert not work.send("/other/1")


def test_a_few_long_requests_change_nothing_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    for number in range(20):
        work.send(f"/report/{number}", held=0.2)
        work.now += 10
        assert not work.send("/other/1")
