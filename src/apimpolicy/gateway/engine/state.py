"""The state that requests of one gateway share, in this process: counts, cached values, and circuits of backends."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from threading import Lock, RLock
from weakref import WeakSet

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND, environment
from apimpolicy.gateway.policies import state
from apimpolicy.records import Record


class _Circuit(Record):
    open_until: float
    seen: list[tuple[float, bool]]


class LocalCircuits:
    """Implements `Circuits`: failures count in a sliding window, and from zero once a circuit has opened."""

    def __init__(self) -> None:
        self._circuits: dict[str, _Circuit] = {}
        self._lock = Lock()

    def seconds_open(self, id_: str) -> float:
        circuit = self._circuits.get(id_)
        return 0.0 if circuit is None else max(0.0, circuit.open_until - _now())

    def record(self, id_: str, failed: bool, rule: state.TripRule, duration: float) -> None:
        now = _now()
        with self._lock:
            circuit = self._circuits.setdefault(id_, _Circuit(0.0, []))
            circuit.seen = [entry for entry in circuit.seen if entry[0] > now - rule.interval]
            circuit.seen.append((now, failed))
            failures = sum(failure for _, failure in circuit.seen)
            if failed and trips(rule, failures, len(circuit.seen)):
                circuit.open_until = now + duration
                circuit.seen.clear()

    def entries(self) -> Iterator[state.StateEntry]:
        for id_, circuit in list(self._circuits.items()):
            seconds = self.seconds_open(id_)
            failures = sum(failure for _, failure in circuit.seen)
            yield state.StateEntry(
                "circuit", id_, f"open for {seconds:.0f} s" if seconds else f"closed, {failures} failures"
            )


def trips(rule: state.TripRule, failures: int, requests: int) -> bool:
    """Return whether so many failures among so many requests are too many.

    >>> from apimpolicy.gateway.policies.state import TripRule
    >>> trips(TripRule(3, None, 60), 3, 10), trips(TripRule(None, 50, 60), 4, 10)
    (True, False)
    """
    if rule.failures is not None:
        return failures >= rule.failures
    assert rule.percentage is not None
    return failures * 100 >= rule.percentage * requests


def _now() -> float:
    return environment().utc_now() / TICKS_PER_SECOND


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
    """Implements `apimpolicy.gateway.policies.state.Counters`.

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

    def take(self, claims: Sequence[state.CounterClaim], *, reserved_for: object | None = None) -> state.TakeOutcome:
        with self._lock:
            for index, claim in enumerate(claims):
                if self._is_exhausted(claim):
                    return state.TakeOutcome(index, [self.status(each.counter, each.limit) for each in claims])
            if reserved_for is not None:
                self._reserved.setdefault(claims[0].counter.key, WeakSet()).add(reserved_for)
            statuses: list[state.CounterStatus] = []
            for claim in claims:
                if claim.amount:
                    self._add(claim.counter, claim.amount)
                statuses.append(state.CounterStatus(self._left(claim.counter, claim.limit)))
            return state.TakeOutcome(None, statuses)

    def commit(self, reservation: state.Counter, holder: object, counts: Sequence[tuple[state.Counter, int]]) -> None:
        with self._lock:
            self.count(counts)
            holders = self._reserved.get(reservation.key)
            if holders is not None:
                holders.discard(holder)
                if not holders:
                    del self._reserved[reservation.key]

    def count(self, counts: Sequence[tuple[state.Counter, int]]) -> None:
        with self._lock:
            for counter, count in counts:
                self._add(counter, count)

    def status(self, counter: state.Counter, limit: int) -> state.CounterStatus:
        with self._lock:
            return state.CounterStatus(self._left(counter, limit), self._wait(counter, limit))

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

    def entries(self) -> Iterator[state.StateEntry]:
        """See `apimpolicy.gateway.policies.state.GatewayState.entries`."""
        now = self.now()
        for key, window in list(self._recent.items()):
            yield state.StateEntry("calls", key, f"{window.since(now - window.period)} in the last {window.period:g} s")
        for key, buckets in list(self._buckets.items()):
            for capacity, (_, level) in list(buckets.items()):
                yield state.StateEntry("bucket", key, f"{level:g} of {capacity} when it was last used")
        for key, (_, total) in list(self._sums.items()):
            yield state.StateEntry("sum", key, str(total))
        for key, inside in list(self._inside.items()):
            yield state.StateEntry("inside", key, str(inside))

    def _is_exhausted(self, claim: state.CounterClaim) -> bool:
        reserved = len(self._reserved.get(claim.counter.key, ())) - claim.own
        return state.whole_calls(self._left(claim.counter, claim.limit)) <= reserved

    def _left(self, counter: state.Counter, limit: int) -> float:
        if isinstance(counter, state.Window):
            window = self._recent.get(counter.key)
            return limit if window is None else limit - window.since(self.now() - counter.period)
        if isinstance(counter, state.Total):
            number, total = self._sums.get(counter.key, (0, 0))
            return limit - total if number == _number(counter, self.now()) else limit
        return self._level(counter)

    def _wait(self, counter: state.Counter, limit: int) -> float:
        now = self.now()
        if isinstance(counter, state.Total):
            return until_renewal(counter, now)
        if isinstance(counter, state.Bucket):
            return until_drop(counter, self._level(counter))
        window = self._recent.get(counter.key, _Window())
        if window.since(now - counter.period) < limit:
            return 0.0
        # The first call after which less than the limit was counted: when it leaves the window, there is room.
        index = bisect_right(window.sums, window.sums[-1] - limit) - 1
        return window.times[index] + counter.period - now if index < len(window.times) else counter.period

    def _add(self, counter: state.Counter, count: int) -> None:
        if isinstance(counter, state.Window):
            self._record(counter, count)
        elif isinstance(counter, state.Total):
            number = _number(counter, self.now())
            known, total = self._sums.get(counter.key, (number, 0))
            self._sums[counter.key] = (number, (total if known == number else 0) + count)
        else:
            self._draw(counter, count)

    def _record(self, counter: state.Window, count: int) -> None:
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

    def _level(self, counter: state.Bucket) -> float:
        key, capacity, period = counter
        moment, level = self._buckets.setdefault(key, {}).setdefault(capacity, (self.now(), float(capacity)))
        return min(float(capacity), level + (self.now() - moment) * capacity / period)

    def _draw(self, counter: state.Bucket, count: int) -> None:
        """Take calls out of the bucket of this key, and of those with other capacities that other policies use."""
        known = self._buckets.setdefault(counter.key, {})
        for capacity in {counter.capacity, *known}:
            known[capacity] = (self.now(), self._level(counter._replace(capacity=capacity)) - count)


def until_drop(counter: state.Bucket, level: float) -> float:
    """Return seconds until one call fits in."""
    if not counter.capacity:
        return counter.period
    return max(0.0, (1 - level) * counter.period / counter.capacity)


def until_renewal(counter: state.Total, now: float) -> float:
    """Return seconds until the current period ends; 0 when it never does."""
    return counter.start + (_number(counter, now) + 1) * counter.period - now if counter.period else 0.0


def _number(counter: state.Total, now: float) -> int:
    """Return the number of the current period, from 0 at `start`."""
    return int((now - counter.start) // counter.period) if counter.period else 0


class ValueCache:
    """Implements `apimpolicy.gateway.policies.state.SharedCache`. What is stored is there at once.

    Values whose time is over are looked for when their number may have doubled, so that a gateway does not grow with
    the keys it has seen.
    """

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, object]] = {}
        self._most = MOST_UNSWEPT

    def get(self, key: str) -> tuple[bool, object]:
        found = self._values.get(key)
        if found is None:
            return False, None
        expires, value = found
        if environment().utc_now() >= expires:
            self._values.pop(key, None)
            return False, None
        return True, value

    def set(self, key: str, value: object, seconds: float) -> None:
        now = environment().utc_now()
        if len(self._values) >= self._most:
            self._values = {name: held for name, held in list(self._values.items()) if held[0] > now}
            self._most = MOST_UNSWEPT + 2 * len(self._values)
        self._values[key] = (now + seconds * TICKS_PER_SECOND, value)

    def remove(self, key: str) -> bool:
        return self._values.pop(key, None) is not None

    def entries(self) -> Iterator[state.StateEntry]:
        """See `apimpolicy.gateway.policies.state.GatewayState.entries`."""
        now = environment().utc_now()
        for key, (expires, value) in list(self._values.items()):
            if expires > now:
                seconds = (expires - now) / TICKS_PER_SECOND
                yield state.StateEntry("cached", key, f"{type(value).__name__}, for {seconds:.0f} s more")


# The semantic cache: answers by the embeddings of their prompts

_ROUNDING = 1e-9
_MOST_PROMPTS = 10_000
"""In one partition; the oldest ones go, so that a search stays short."""


class VectorCache:
    """Implements `apimpolicy.gateway.policies.language_models.SemanticCache`; distances are 1 − cosine similarity."""

    def __init__(self) -> None:
        self._partitions: dict[str, list[tuple[float, tuple[float, ...], object]]] = {}

    def find(self, partition: str, vector: Sequence[float], threshold: float) -> tuple[float | None, object]:
        now = environment().utc_now()
        kept = self._partitions[partition] = [entry for entry in self._partitions.get(partition, ()) if entry[0] > now]
        if not kept:
            return None, None
        nearest, answer = min(((distance(vector, stored), answer) for _, stored, answer in kept), key=lambda it: it[0])
        return nearest, answer if nearest <= threshold + _ROUNDING else None

    def store(self, partition: str, vector: Sequence[float], answer: object, seconds: float) -> None:
        entries = self._partitions.setdefault(partition, [])
        entries.append((environment().utc_now() + seconds * TICKS_PER_SECOND, tuple(vector), answer))
        del entries[:-_MOST_PROMPTS]


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the cosine distance of vectors: 0 in one direction, 1 at right angles; 1 with a vector of length 0.

    >>> distance([1, 0], [2, 0]), distance([1, 0], [0, 1])
    (0.0, 1.0)
    """
    lengths = math.hypot(*first) * math.hypot(*second)
    if not lengths:
        return 1.0
    product = sum(one * other for one, other in zip(first, second, strict=False))
    return max(0.0, 1.0 - product / lengths)


class LocalState:
    """Implements `apimpolicy.gateway.policies.state.GatewayState`; times are those of the gateway whose request runs.

    A gateway has one cache, whatever `caching-type` is.
    """

    def __init__(self) -> None:
        self.counters = CallCounters()
        self.circuits = LocalCircuits()
        self.semantic_cache = VectorCache()
        self._cache = ValueCache()

    def cache(self, caching_type: str) -> state.SharedCache:
        return self._cache

    def entries(self) -> Iterator[state.StateEntry]:
        yield from self.counters.entries()
        yield from self.circuits.entries()
        yield from self._cache.entries()
