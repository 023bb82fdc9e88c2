"""Counts that the requests of one gateway share: of recent calls, buckets, and sums by period."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from threading import RLock
from weakref import WeakSet

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, environment
from apimpolicy.policies.state import (
    Bucket,
    Counter,
    CounterClaim,
    CounterStatus,
    StateEntry,
    TakeOutcome,
    Total,
    Window,
    whole_calls,
)

MOST_UNSWEPT = 1_000
"""Number of keys below which expired ones are not removed."""


class _Window:
    """Calls in the order of their times, each with the sum of all counts up to it: any window's sum is a difference.

    `period` is for how long a call matters, in seconds.
    """

    __slots__ = ("period", "sums", "times")

    def __init__(self) -> None:
        self.period = 0.0
        self.times: list[float] = []
        self.sums: list[int] = [0]

    def add(self, time: float, count: int) -> None:
        """Count at a moment; one before the last call's counts as that."""
        self.times.append(max(time, self.times[-1]) if self.times else time)
        self.sums.append(self.sums[-1] + count)

    def since(self, time: float) -> int:
        """Return the sum of what was counted after a moment."""
        return self.sums[-1] - self.sums[bisect_right(self.times, time)]

    def forget(self, time: float) -> None:
        """Drop calls that are not after a moment, when they are most of what is kept."""
        old = bisect_right(self.times, time)
        if old * 2 > len(self.times):
            del self.times[:old]
            del self.sums[:old]


class CallCounters:
    """Implements `apimpolicy.policies.state.Counters`.

    Recent calls are kept one by one, each with its time, so that the window slides exactly. Keys without a call that
    still matters are looked for when their number may have doubled: a gateway does not grow with the callers it has
    seen. Requests in several threads count exactly.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._reserved: dict[str, WeakSet[object]] = {}
        self._recent: dict[str, _Window] = {}
        self._most = MOST_UNSWEPT
        self._sums: dict[str, tuple[int, int]] = {}
        self._buckets: dict[str, dict[int, tuple[float, float]]] = {}
        self._inside: dict[str, int] = {}

    def now(self) -> float:
        return environment().utc_now() / TICKS_PER_SECOND

    def take(self, claims: Sequence[CounterClaim], *, reserved_for: object | None = None) -> TakeOutcome:
        with self._lock:
            for index, claim in enumerate(claims):
                if self._is_exhausted(claim):
                    return TakeOutcome(index, [self.status(each.counter, each.limit) for each in claims])
            if reserved_for is not None:
                self._reserved.setdefault(claims[0].counter.key, WeakSet()).add(reserved_for)
            statuses: list[CounterStatus] = []
            for claim in claims:
                if claim.amount:
                    self._add(claim.counter, claim.amount)
                statuses.append(CounterStatus(self._left(claim.counter, claim.limit)))
            return TakeOutcome(None, statuses)

    def commit(self, reservation: Counter, holder: object, counts: Sequence[tuple[Counter, int]]) -> None:
        with self._lock:
            self.count(counts)
            holders = self._reserved.get(reservation.key)
            if holders is not None:
                holders.discard(holder)
                if not holders:
                    del self._reserved[reservation.key]

    def count(self, counts: Sequence[tuple[Counter, int]]) -> None:
        with self._lock:
            for counter, count in counts:
                self._add(counter, count)

    def status(self, counter: Counter, limit: int) -> CounterStatus:
        with self._lock:
            return CounterStatus(self._left(counter, limit), self._wait(counter, limit))

    def enter(self, key: str, limit: int) -> int | None:
        with self._lock:
            inside = self._inside.get(key, 0)
            if inside >= limit:
                return None
            self._inside[key] = inside + 1
            return inside + 1

    def leave(self, key: str) -> None:
        with self._lock:
            self._inside[key] -= 1
            if not self._inside[key]:
                del self._inside[key]

    def entries(self) -> Iterator[StateEntry]:
        """See `apimpolicy.policies.state.GatewayState.entries`."""
        now = self.now()
        for key, window in list(self._recent.items()):
            yield StateEntry("calls", key, f"{window.since(now - window.period)} in the last {window.period:g} s")
        for key, buckets in list(self._buckets.items()):
            for capacity, (_, level) in list(buckets.items()):
                yield StateEntry("bucket", key, f"{level:g} of {capacity} when it was last used")
        for key, (_, total) in list(self._sums.items()):
            yield StateEntry("sum", key, str(total))
        for key, inside in list(self._inside.items()):
            yield StateEntry("inside", key, str(inside))

    def _is_exhausted(self, claim: CounterClaim) -> bool:
        reserved = len(self._reserved.get(claim.counter.key, ())) - claim.own
        return whole_calls(self._left(claim.counter, claim.limit)) <= reserved

    def _left(self, counter: Counter, limit: int) -> float:
        if isinstance(counter, Window):
            window = self._recent.get(counter.key)
            return limit if window is None else limit - window.since(self.now() - counter.period)
        if isinstance(counter, Total):
            number, total = self._sums.get(counter.key, (0, 0))
            return limit - total if number == _number(counter, self.now()) else limit
        return self._level(counter)

    def _wait(self, counter: Counter, limit: int) -> float:
        now = self.now()
        if isinstance(counter, Total):
            return until_renewal(counter, now)
        if isinstance(counter, Bucket):
            return until_drop(counter, self._level(counter))
        window = self._recent.get(counter.key, _Window())
        if window.since(now - counter.period) < limit:
            return 0.0
        # The first call after which less than the limit was counted: when it leaves the window, there is room.
        index = bisect_right(window.sums, window.sums[-1] - limit) - 1
        return window.times[index] + counter.period - now if index < len(window.times) else counter.period

    def _add(self, counter: Counter, count: int) -> None:
        if isinstance(counter, Window):
            self._record(counter, count)
        elif isinstance(counter, Total):
            number = _number(counter, self.now())
            known, total = self._sums.get(counter.key, (number, 0))
            self._sums[counter.key] = (number, (total if known == number else 0) + count)
        else:
            self._draw(counter, count)

    def _record(self, counter: Window, count: int) -> None:
        now = self.now()
        window = self._recent.get(counter.key)
        if window is None:
            if len(self._recent) >= self._most:
                self._recent = {name: one for name, one in self._recent.items() if one.times[-1] + one.period > now}
                self._most = MOST_UNSWEPT + 2 * len(self._recent)
            window = self._recent[counter.key] = _Window()
        window.period = max(window.period, counter.period)
        window.forget(now - window.period)
        window.add(now, count)

    def _level(self, counter: Bucket) -> float:
        key, capacity, period = counter
        moment, level = self._buckets.setdefault(key, {}).setdefault(capacity, (self.now(), float(capacity)))
        return min(float(capacity), level + (self.now() - moment) * capacity / period)

    def _draw(self, counter: Bucket, count: int) -> None:
        """Take calls out of the bucket of this key, and of those with other capacities that other policies use."""
        known = self._buckets.setdefault(counter.key, {})
        for capacity in {counter.capacity, *known}:
            known[capacity] = (self.now(), self._level(counter._replace(capacity=capacity)) - count)


def until_drop(counter: Bucket, level: float) -> float:
    """Return seconds until one call fits in."""
    if not counter.capacity:
        return counter.period
    return max(0.0, (1 - level) * counter.period / counter.capacity)


def until_renewal(counter: Total, now: float) -> float:
    """Return seconds until the current period ends; 0 when it never does."""
    return counter.start + (_number(counter, now) + 1) * counter.period - now if counter.period else 0.0


def _number(counter: Total, now: float) -> int:
    """Return the number of the current period, from 0 at `start`."""
    return int((now - counter.start) // counter.period) if counter.period else 0
