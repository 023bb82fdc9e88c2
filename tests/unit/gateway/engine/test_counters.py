"""Sliding windows of calls, against counting them one by one; and that a window's size costs nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.gateway.engine.state import CallCounters
from apimpolicy.gateway.policies.state import Window

PERIOD = 20.0
WINDOW = Window("key", PERIOD)
CALLS = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 7.0, 25.0]), st.integers(0, 4)), max_size=40)


class Counters(CallCounters):
    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def now(self) -> float:
        return self.time


@settings(derandomize=True, max_examples=examples(200))
@given(CALLS, st.integers(0, 12))
def test_windows_are_those_of_counting_one_by_one(calls: list[tuple[float, int]], limit: int) -> None:
    counters, seen = Counters(), list[tuple[float, int]]()
    for waited, count in calls:
        counters.time += waited
        inside = [(time, number) for time, number in seen if time > counters.time - PERIOD]
        left = sum(number for _, number in inside)
        assert counters.status(WINDOW, 0).left == -left
        wait = 0.0 if left < limit else PERIOD
        for time, number in inside if left >= limit else ():
            left -= number
            if left < limit:
                wait = time + PERIOD - counters.time
                break
        assert counters.status(WINDOW, limit).wait == wait
        counters.count([(WINDOW, count)])
        seen.append((counters.time, count))


def test_what_has_left_the_window_is_forgotten() -> None:
    counters = Counters()
    for _ in range(10_000):
        counters.time += 1.0
        counters.count([(WINDOW, 1)])
    assert counters.status(WINDOW, 0).left == -20
    assert len(counters._recent["key"].times) <= 2 * PERIOD + 2


def test_a_short_window_forgets_nothing_that_a_longer_one_of_its_key_needs() -> None:
    counters, short, long = Counters(), Window("key", 1.0), Window("key", 100.0)
    counters.count([(long, 1)])
    for _ in range(20):
        counters.time += 2.0
        counters.count([(short, 1)])
    assert counters.status(long, 0).left == -21
