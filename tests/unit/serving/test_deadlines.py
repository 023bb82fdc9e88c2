"""Deadlines of many tasks with one timer."""

from __future__ import annotations

import asyncio

import pytest

from apimpolicy.serving import ledger
from apimpolicy.serving.ledger import Deadlines


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_LOOK", 0.01)


def test_a_block_that_takes_too_long_is_a_timeout() -> None:
    async def work() -> None:
        limits = Deadlines(asyncio.get_running_loop())
        with pytest.raises(TimeoutError), limits.within(0.02):
            await asyncio.sleep(30)
        await asyncio.sleep(0)  # the task goes on: it is not cancelled any more
        assert not limits.open

    asyncio.run(asyncio.wait_for(work(), 10))


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    async def work() -> None:
        limits = Deadlines(asyncio.get_running_loop())
        with limits.within(0.02):
            pass
        await asyncio.sleep(0.1)
        assert not limits.open

    asyncio.run(asyncio.wait_for(work(), 10))


def test_only_those_end_whose_time_is_over() -> None:
    async def take(limits: Deadlines, seconds: float) -> str:
        try:
            with limits.within(seconds):
                await asyncio.sleep(0.2)
        except TimeoutError:
            return "too late"
        return "in time"

    async def work() -> list[str]:
        limits = Deadlines(asyncio.get_running_loop())
        return [*await asyncio.gather(take(limits, 0.02), take(limits, 30), take(limits, 0.05))]

    assert asyncio.run(asyncio.wait_for(work(), 10)) == ["too late", "in time", "too late"]


def test_who_cancels_the_task_is_not_taken_for_the_time() -> None:
    async def take(limits: Deadlines) -> None:
        with limits.within(30):
            await asyncio.sleep(30)

    async def work() -> None:
        limits = Deadlines(asyncio.get_running_loop())
        task = asyncio.ensure_future(take(limits))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        limits.close()

    asyncio.run(asyncio.wait_for(work(), 10))
