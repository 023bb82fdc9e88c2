"""The state that requests of one gateway share: counters, caches and circuits, behind one small protocol.

    taken = exchange.services.state.counters.take([Claim(Window("orders", 60.0), limit=10)])

Reading a count and counting are one call, so that an implementation can do it at once: in this
process (`apimpolicy.gateway.engine.state`), or in a Redis that many gateways share (`apimpolicy.serving.redis_state`).
Times are in seconds, on the clock of the state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.outside_services import SemanticCache


class Window(NamedTuple):
    """The calls under a key within the last `period`, in seconds."""

    key: str
    period: float


class Bucket(NamedTuple):
    """A token bucket: full at `capacity`, it fills evenly within `period`; below 0 when more was drawn."""

    key: str
    capacity: int
    period: float


class Total(NamedTuple):
    """The sum under a key in the current one of the periods that follow each other from `start`, in seconds since
    0001-01-01 UTC; a period of 0 never ends.
    """

    key: str
    start: float
    period: float


Counter: TypeAlias = Window | Bucket | Total


def whole_calls(left: float) -> int:
    """Return the number of calls left; a bucket has parts of calls, and thousandths are rounded.

    >>> whole_calls(2.9999), whole_calls(2.5), whole_calls(-1)
    (3, 2, 0)
    """
    return max(0, math.floor(round(left, 3)))


class CounterClaim(NamedTuple):
    """A limit that a request must keep, and the amount it counts under it when it keeps all of its limits.

    `own` is the amount that this request has counted or reserved before, which doesn't count against it.
    """

    counter: Counter
    limit: int
    amount: int = 1
    own: int = 0


class CounterStatus(NamedTuple):
    """The state of a counter: what is left of the limit (below 0 when more was counted), and how many seconds it takes
    until there is room, or until the period of a `Total` ends. The latter is 0 when no wait is needed.
    """

    left: float
    wait: float = 0.0


class TakeOutcome(NamedTuple):
    """The outcome of claims: the first one that was refused, or None; and the state of their counters."""

    refused: int | None
    statuses: Sequence[CounterStatus]


class StateEntry(NamedTuple):
    """A counter, cached value or circuit, for people."""

    kind: str
    key: str
    value: str


class Counters(Protocol):
    """Counts that requests share."""

    def take(self, claims: Sequence[CounterClaim], *, reserved_for: object | None = None) -> TakeOutcome:
        """Count for all claims, or for none when one of them is refused.

        Room that other requests have reserved stays free for them. With `reserved_for`, a request, the first claim is a
        reservation: the request counts when it ends, see `commit`.
        """

    def commit(self, reservation: Counter, holder: object, counts: Sequence[tuple[Counter, int]]) -> None:
        """Count for a request that has ended, and release its reservation."""

    def count(self, counts: Sequence[tuple[Counter, int]]) -> None:
        """Count whatever the limits are."""

    def status(self, counter: Counter, limit: int) -> CounterStatus:
        """Return the state of a counter."""

    def enter(self, key: str, limit: int) -> int | None:
        """Enter, if fewer than `limit` are inside; return how many are inside now, or None when there is no room."""

    def leave(self, key: str) -> None:
        """Leave; see `enter`."""

    def now(self) -> float:
        """Return seconds since 0001-01-01 UTC."""


class SharedCache(Protocol):
    """Values by key, each with a time to live."""

    def get(self, key: str) -> tuple[bool, object]:
        """Return whether there is a value under the key that has not expired, and the value."""

    def set(self, key: str, value: object, seconds: float) -> None:
        """Store a value for so many seconds."""

    def remove(self, key: str) -> bool:
        """Remove a value; return whether it existed."""


class TripRule(NamedTuple):
    """The rule that opens a circuit: a number or a percentage of failures within `interval` seconds."""

    failures: int | None
    percentage: float | None
    interval: float


class Circuits(Protocol):
    """The circuits of backends, by the ids of these."""

    def seconds_open(self, id_: str) -> float:
        """Return seconds until the circuit closes; 0 when closed."""

    def record(self, id_: str, failed: bool, rule: TripRule, duration: float) -> None:
        """Count a request; open the circuit for `duration` seconds when the rule is met."""


class GatewayState(Protocol):
    """The state that requests share."""

    @property
    def counters(self) -> Counters:
        """Return the counts of calls, bytes and tokens, and how many requests are inside limit-concurrency."""

    @property
    def circuits(self) -> Circuits:
        """Return the circuits of backends."""

    @property
    def semantic_cache(self) -> SemanticCache:
        """Return the cache that compares prompts by what they mean."""

    def cache(self, caching_type: str) -> SharedCache:
        """Return the cache for a `caching-type`: `internal`, `external` or `prefer-external`."""

    def entries(self) -> Iterable[StateEntry]:
        """Return all counters, values and circuits, for people."""
