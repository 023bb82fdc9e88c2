"""Counts that the requests of one gateway share: of recent calls, and sums by period."""

from __future__ import annotations

from collections import deque

from apimpolicy.dotnet.environment import environment

_TICKS_PER_SECOND = 10_000_000


class CallCounters:
    """Implements `apimpolicy.policies.surroundings.Counters`.

    Recent calls are kept one by one, each with its time, so that the window slides exactly.
    """

    def __init__(self) -> None:
        self._recent: dict[str, deque[tuple[float, int]]] = {}
        self._sums: dict[str, tuple[int, int]] = {}

    def now(self) -> float:
        return environment().utc_now() / _TICKS_PER_SECOND

    def recent(self, key: str, period: float) -> int:
        since = self.now() - period
        return sum(count for time, count in self._recent.get(key, ()) if time > since)

    def until_below(self, key: str, period: float, limit: int) -> float:
        now = self.now()
        left = self.recent(key, period)
        for time, count in self._recent.get(key, ()):
            if left < limit:
                break
            if time > now - period:
                left -= count
                if left < limit:
                    return time + period - now
        return 0.0 if left < limit else period

    def record(self, key: str, count: int, period: float) -> None:
        now = self.now()
        calls = self._recent.setdefault(key, deque())
        while calls and calls[0][0] <= now - period:
            calls.popleft()
        calls.append((now, count))

    def total(self, key: str, start: float, period: float) -> int:
        number, total = self._sums.get(key, (0, 0))
        return total if number == self._number(start, period) else 0

    def until_renewal(self, start: float, period: float) -> float:
        if not period:
            return 0.0
        return start + (self._number(start, period) + 1) * period - self.now()

    def add(self, key: str, count: int, start: float, period: float) -> None:
        self._sums[key] = (self._number(start, period), self.total(key, start, period) + count)

    def _number(self, start: float, period: float) -> int:
        """Which of the periods runs, counted from 0 at `start`."""
        return int((self.now() - start) // period) if period else 0
