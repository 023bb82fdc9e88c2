"""The circuits of backends, in this process: which are open, and how earlier requests ended."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, environment
from apimpolicy.policies.state import StateEntry, TripRule
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

    def record(self, id_: str, failed: bool, rule: TripRule, duration: float) -> None:
        now = _now()
        with self._lock:
            circuit = self._circuits.setdefault(id_, _Circuit(0.0, []))
            circuit.seen = [entry for entry in circuit.seen if entry[0] > now - rule.interval]
            circuit.seen.append((now, failed))
            failures = sum(failure for _, failure in circuit.seen)
            if failed and trips(rule, failures, len(circuit.seen)):
                circuit.open_until = now + duration
                circuit.seen.clear()

    def entries(self) -> Iterator[StateEntry]:
        for id_, circuit in list(self._circuits.items()):
            seconds = self.seconds_open(id_)
            failures = sum(failure for _, failure in circuit.seen)
            yield StateEntry("circuit", id_, f"open for {seconds:.0f} s" if seconds else f"closed, {failures} failures")


def trips(rule: TripRule, failures: int, requests: int) -> bool:
    """Return whether so many failures among so many requests are too many.

    >>> from apimpolicy.policies.state import TripRule
    >>> trips(TripRule(3, None, 60), 3, 10), trips(TripRule(None, 50, 60), 4, 10)
    (True, False)
    """
    if rule.failures is not None:
        return failures >= rule.failures
    assert rule.percentage is not None
    return failures * 100 >= rule.percentage * requests


def _now() -> float:
    return environment().utc_now() / TICKS_PER_SECOND
