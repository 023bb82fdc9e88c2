"""Counts that the requests of one gateway share: of recent calls, and sums by period."""

from __future__ import annotations

from bisect import bisect_right
from threading import RLock
from weakref import WeakSet

from apimpolicy.dotnet.environment import environment

_TICKS_PER_SECOND = 10_000_000
MOST_UNSWEPT = 1_000
"""Keys among which nobody looks for those that do not matter any more."""


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
        """The sum of what was counted after a moment."""
        return self.sums[-1] - self.sums[bisect_right(self.times, time)]

    def forget(self, time: float) -> None:
        """Drop calls that are not after a moment, when they are most of what is kept."""
        old = bisect_right(self.times, time)
        if old * 2 > len(self.times):
            del self.times[:old]
            del self.sums[:old]


class CallCounters:
    """Implements `apimpolicy.policies.surroundings.Counters`.

    Recent calls are kept one by one, each with its time, so that the window slides exactly. Keys without a call that
    still matters are looked for when their number may have doubled: a gateway does not grow with the callers it has
    seen. Requests in several threads count exactly: whoever looks and then counts does both under `lock`.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self._promised: dict[str, WeakSet[object]] = {}
        self._recent: dict[str, _Window] = {}
        self._most = MOST_UNSWEPT
        self._sums: dict[str, tuple[int, int]] = {}
        self._buckets: dict[str, dict[int, tuple[float, float]]] = {}

    def now(self) -> float:
        return environment().utc_now() / _TICKS_PER_SECOND

    def promise(self, key: str, holder: object) -> None:
        with self.lock:
            self._promised.setdefault(key, WeakSet()).add(holder)

    def keep(self, key: str, holder: object) -> None:
        with self.lock:
            holders = self._promised.get(key)
            if holders is not None:
                holders.discard(holder)
                if not holders:
                    del self._promised[key]

    def promised(self, key: str) -> int:
        return len(self._promised.get(key, ()))

    def recent(self, key: str, period: float) -> int:
        with self.lock:
            window = self._recent.get(key)
            return 0 if window is None else window.since(self.now() - period)

    def until_below(self, key: str, period: float, limit: int) -> float:
        with self.lock:
            now, window = self.now(), self._recent.get(key, _Window())
            if window.since(now - period) < limit:
                return 0.0
            # The first call after which less than the limit was counted: when it leaves the window, there is room.
            index = bisect_right(window.sums, window.sums[-1] - limit) - 1
            return window.times[index] + period - now if index < len(window.times) else period

    def record(self, key: str, count: int, period: float) -> None:
        with self.lock:
            now = self.now()
            window = self._recent.get(key)
            if window is None:
                if len(self._recent) >= self._most:
                    self._recent = {name: one for name, one in self._recent.items() if one.times[-1] + one.period > now}
                    self._most = MOST_UNSWEPT + 2 * len(self._recent)
                window = self._recent[key] = _Window()
            window.period = max(window.period, period)
            window.forget(now - period)
            window.add(now, count)

    def level(self, key: str, capacity: int, period: float) -> float:
        with self.lock:
            buckets = self._buckets.setdefault(key, {})
            moment, level = buckets.setdefault(capacity, (self.now(), float(capacity)))
            return min(float(capacity), level + (self.now() - moment) * capacity / period)

    def draw(self, key: str, count: int, capacity: int, period: float) -> None:
        """Take out of the bucket of this key, and of those of other capacities that other policies have for it."""
        with self.lock:
            for known in {capacity, *self._buckets.get(key, {})}:
                self._buckets[key][known] = (self.now(), self.level(key, known, period) - count)

    def total(self, key: str, start: float, period: float) -> int:
        number, total = self._sums.get(key, (0, 0))
        return total if number == self._number(start, period) else 0

    def until_renewal(self, start: float, period: float) -> float:
        if not period:
            return 0.0
        return start + (self._number(start, period) + 1) * period - self.now()

    def add(self, key: str, count: int, start: float, period: float) -> None:
        with self.lock:
            self._sums[key] = (self._number(start, period), self.total(key, start, period) + count)

    def _number(self, start: float, period: float) -> int:
        """Which of the periods runs, counted from 0 at `start`."""
        return int((self.now() - start) // period) if period else 0
