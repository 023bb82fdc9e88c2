"""State in Redis, shared by all gateways that use the same one: exact counts, external cache, circuits.

    Gateway(state=RedisState("redis://localhost:6379"))

Every operation looks and counts at once, in a script that Redis runs at its own time, so that clocks of machines do not
matter. As in Azure the external cache misses while Redis is away. What limits do then is stated nowhere; our choice:
every process counts for itself, from zero, until Redis is back. `caching-type="internal"` stays in the process.

What a worker holds (calls inside of limit-concurrency, and those that count only at their end) is given up ten seconds
after its last sign of life, so that a worker that was killed holds nothing for ever.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from apimpolicy.gateway.engine.state import CallCounters, LocalCircuits, ValueCache, distance
from apimpolicy.gateway.policies.state import (
    Bucket,
    Counter,
    CounterClaim,
    CounterStatus,
    SharedCache,
    StateEntry,
    TakeOutcome,
    TripRule,
    Window,
)
from apimpolicy.serving.redis_connection import UNREADABLE, RedisConnection, from_bytes, to_bytes

_BEAT = 2.0
_LONGEST_KEY = 200
_MOST_ENTRIES = 500
_MOST_SCANS = 20
_MOST_PROMPTS = 1_000
_ROUNDING = 1e-9
_EXTERNAL = ("external", "prefer-external")


class RedisState:
    """The `gateway.policies.state.GatewayState` of the Redis at a URL. Raises ConfigurationError for a wrong URL.

    `prefix` is what all keys begin with: gateways with different ones share nothing. Its name becomes a hash tag,
    `{apimpolicy}:`, unless it has one.
    """

    def __init__(self, url: str, prefix: str = "apimpolicy:") -> None:
        self.connection = RedisConnection(url, prefix)
        self.counters = RedisCounters(self.connection)
        self.circuits = RedisCircuits(self.connection)
        self.semantic_cache = RedisPrompts(self.connection)
        self._internal = ValueCache()
        self._external = RedisCache(self.connection)

    def cache(self, caching_type: str) -> SharedCache:
        return self._external if caching_type in _EXTERNAL else self._internal

    def entries(self) -> Iterator[StateEntry]:
        yield from self._internal.entries()
        prefix = self.connection.prefix
        for key in sorted(self._keys())[:_MOST_ENTRIES]:
            kind, _, name = key.decode("utf-8", "replace").removeprefix(prefix).partition(":")
            yield StateEntry(kind, name, "in Redis")

    def _keys(self) -> set[bytes]:
        """Return keys of these gateways. Others may have so many that not all of Redis is looked through."""
        pattern = re.sub(r"([*?\[\]\\^])", r"\\\1", self.connection.prefix) + "*"
        keys: set[bytes] = set()
        cursor: Any = 0
        for _ in range(_MOST_SCANS):
            found = self.connection.command("SCAN", cursor, "MATCH", pattern, "COUNT", 10 * _MOST_ENTRIES)
            if found is None:
                break
            cursor, some = found[0]
            keys.update(some)
            if int(cursor) == 0 or len(keys) >= _MOST_ENTRIES:
                break
        return keys

    def close(self) -> None:
        """End what runs beside the requests."""
        self.counters.close()
        self.connection.close()


class RedisCounters:
    """Implements `apimpolicy.gateway.policies.state.Counters`."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._local = CallCounters()
        self._worker = f"{os.getpid()}-{os.urandom(6).hex()}"
        self._given_up: deque[str] = deque()
        self._reservations: dict[tuple[str, int], weakref.finalize[Any, Any]] = {}
        self._local_inside: dict[str, int] = {}
        self._heart: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def now(self) -> float:
        found = self._connection.operation("now", {})
        return self._local.now() if found is None else float(found[0])

    def take(self, claims: Sequence[CounterClaim], *, reserved_for: object | None = None) -> TakeOutcome:
        given: dict[str, Any] = {"claims": [_claim(claim) for claim in claims]}
        if reserved_for is not None:
            given["worker"] = self._living_worker()
        found = self._connection.operation("take", given)
        if found is None:
            return self._local.take(claims, reserved_for=reserved_for)
        numbers = [float(each) for each in found]
        statuses = [CounterStatus(*numbers[place : place + 2]) for place in range(1, len(numbers), 2)]
        refused = int(numbers[0])
        if refused:
            return TakeOutcome(refused - 1, statuses)
        if reserved_for is not None:
            key = claims[0].counter.key
            self._reservations[key, id(reserved_for)] = weakref.finalize(
                reserved_for, self._give_up, key, id(reserved_for)
            )
        return TakeOutcome(None, statuses)

    def commit(self, reservation: Counter, holder: object, counts: Sequence[tuple[Counter, int]]) -> None:
        reserved = self._reservations.pop((reservation.key, id(holder)), None)
        if reserved is None:
            self._local.commit(reservation, holder, counts)
            return
        reserved.detach()
        self._count(counts, [_portable(reservation.key)])

    def count(self, counts: Sequence[tuple[Counter, int]]) -> None:
        self._count(counts, [])

    def status(self, counter: Counter, limit: int) -> CounterStatus:
        found = self._connection.operation("standing", {"counter": _counter(counter), "limit": limit})
        return self._local.status(counter, limit) if found is None else CounterStatus(float(found[0]), float(found[1]))

    def enter(self, key: str, limit: int) -> int | None:
        given = {"key": _portable(key), "limit": limit, "worker": self._living_worker()}
        found = self._connection.operation("enter", given)
        if found is not None:
            return int(found[0]) or None
        inside = self._local.enter(key, limit)
        if inside is not None:
            with self._lock:
                self._local_inside[key] = self._local_inside.get(key, 0) + 1
        return inside

    def leave(self, key: str) -> None:
        with self._lock:
            is_local = self._local_inside.get(key, 0) > 0
            if is_local:
                self._local_inside[key] -= 1
        if is_local:
            self._local.leave(key)
        else:
            self._connection.operation("leave", {"key": _portable(key), "worker": self._worker})

    def close(self) -> None:
        """End the signs of life."""
        self._stop.set()

    def _count(self, counts: Sequence[tuple[Counter, int]], committed: list[str]) -> None:
        while self._given_up:
            committed.append(_portable(self._given_up.popleft()))
        written = [{"counter": _counter(counter), "amount": amount} for counter, amount in counts]
        given = {"counts": written, "committed": committed, "worker": self._worker}
        if self._connection.operation("count", given) is None:
            self._local.count(counts)

    def _give_up(self, key: str, holder: int) -> None:
        """Release the reservation of a request that ended with an error, with the next operation."""
        self._reservations.pop((key, holder), None)
        self._given_up.append(key)

    def _living_worker(self) -> str:
        if self._heart is None:
            with self._lock:
                if self._heart is None:
                    self._heart = threading.Thread(target=self._beat, name="apimpolicy-redis", daemon=True)
                    self._heart.start()
        return self._worker

    def _beat(self) -> None:
        while not self._stop.wait(_BEAT):
            self._connection.operation("beat", {"worker": self._worker})
            if self._given_up:
                self._count([], [])


class RedisCache:
    """Implements `apimpolicy.gateway.policies.state.SharedCache`; while Redis is not available, every lookup misses."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    def get(self, key: str) -> tuple[bool, object]:
        found = self._connection.command("GET", self._name(key))
        if found is None or found[0] is None:
            return False, None
        try:
            return True, from_bytes(found[0])
        except ValueError:  # written by another program
            return False, None

    def set(self, key: str, value: object, seconds: float) -> None:
        if seconds == math.inf:
            self._connection.command("SET", self._name(key), to_bytes(value))
        elif (milliseconds := int(seconds * 1000)) > 0:
            self._connection.command("SET", self._name(key), to_bytes(value), "PX", milliseconds)
        else:
            self.remove(key)

    def remove(self, key: str) -> bool:
        found = self._connection.command("DEL", self._name(key))
        return found is not None and bool(found[0])

    def _name(self, key: str) -> str:
        return f"{self._connection.prefix}cached:{_portable(key)}"


class RedisCircuits:
    """Implements `apimpolicy.gateway.policies.state.Circuits`."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._local = LocalCircuits()

    def seconds_open(self, id_: str) -> float:
        found = self._connection.operation("circuit", {"id": _portable(id_)})
        return self._local.seconds_open(id_) if found is None else float(found[0])

    def record(self, id_: str, failed: bool, rule: TripRule, duration: float) -> None:
        given = {**rule._asdict(), "id": _portable(id_), "failed": failed, "duration": duration}
        if self._connection.operation("record", given) is None:
            self._local.record(id_, failed, rule, duration)


class RedisPrompts:
    """Implements `gateway.policies.outside_services.SemanticCache`: a list for each partition, compared here."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    def find(self, partition: str, vector: Sequence[float], threshold: float) -> tuple[float | None, object]:
        found = self._connection.command("LRANGE", self._name(partition), 0, -1)
        time = self._connection.command("TIME")
        if found is None or time is None:
            return None, None
        now = int(time[0][0]) if isinstance(time[0], (list, tuple)) else 0
        near = [each for each in (_prompt(data, vector, now) for data in found[0]) if each is not None]
        for nearest, answer in sorted(near):
            if nearest > threshold + _ROUNDING:
                return nearest, None
            try:
                return nearest, from_bytes(answer.encode())
            except ValueError:
                continue
        return None, None

    def store(self, partition: str, vector: Sequence[float], answer: object, seconds: float) -> None:
        time = self._connection.command("TIME")
        if time is None:
            return
        entry = json.dumps([int(time[0][0]) + seconds, list(vector), to_bytes(answer).decode()])
        self._connection.command("RPUSH", self._name(partition), entry)
        self._connection.command("LTRIM", self._name(partition), -_MOST_PROMPTS, -1)
        self._connection.command("EXPIRE", self._name(partition), int(seconds) + 1, "GT")
        self._connection.command("EXPIRE", self._name(partition), int(seconds) + 1, "NX")

    def _name(self, partition: str) -> str:
        return f"{self._connection.prefix}prompts:{_portable(partition)}"


def _prompt(data: bytes, vector: Sequence[float], now: int) -> tuple[float, str] | None:
    """Return distance and response of a stored prompt; None if it is expired or unreadable."""
    try:
        ends, stored, answer = json.loads(data)
        return (distance(vector, stored), str(answer)) if ends > now else None
    except UNREADABLE:
        return None


def _claim(claim: CounterClaim) -> dict[str, Any]:
    return {"counter": _counter(claim.counter), "limit": claim.limit, "amount": claim.amount, "own": claim.own}


def _counter(counter: Counter) -> dict[str, Any]:
    kind = "window" if isinstance(counter, Window) else "bucket" if isinstance(counter, Bucket) else "total"
    return {**counter._asdict(), "key": _portable(counter.key), "kind": kind}


def _portable(key: str) -> str:
    """Return a key as Redis shows it well; one that is long, or not plain text, as its digest."""
    if len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable():
        return key
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
