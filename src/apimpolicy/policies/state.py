"""What the requests of one gateway share: counters, caches and circuits, behind one small protocol.

    taken = exchange.services.state.counters.take([Claim(Window("orders", 60.0), limit=10)])

Whoever looks at a count and then counts does both in one call, so that an implementation can do it at once: in this
process (`apimpolicy.engine.state`), or in a Redis that many gateways share (`apimpolicy.serving.redis_state`).
Times are in seconds, on the clock of whoever holds the state.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apimpolicy.policies.language_models import SemanticCache


class Window(NamedTuple):
    """What was counted under a key within the last `period`."""

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


def whole(left: float) -> int:
    """How many calls there is room for; a bucket has parts of calls, and thousandths are rounded.

    >>> whole(2.9999), whole(2.5), whole(-1)
    (3, 2, 0)
    """
    return max(0, math.floor(round(left, 3)))


class Claim(NamedTuple):
    """A limit that a request must keep, and the amount it counts under it when it keeps all of its limits.

    `own` is the amount that this request has counted or reserved before, which doesn't count against it.
    """

    counter: Counter
    limit: int
    amount: int = 1
    own: int = 0


class Standing(NamedTuple):
    """How a counter stands: what is left of the limit (below 0 when more was counted), and how many seconds it takes
    until there is room, or until the period of a `Total` ends. The latter is 0 where nobody has to wait.
    """

    left: float
    wait: float = 0.0


class Taken(NamedTuple):
    """What became of claims: the first one that was refused, or None; and how their counters stand now."""

    refused: int | None
    standings: Sequence[Standing]


class StateEntry(NamedTuple):
    """One counter, cached value or circuit, for people."""

    kind: str
    key: str
    value: str


class Counters(Protocol):
    """Counts that requests share."""

    def take(self, claims: Sequence[Claim], *, reserved_for: object | None = None) -> Taken:
        """Count for all claims, or for none when one of them is refused.

        Room that other requests have reserved stays free for them. With `reserved_for`, a request, the first claim is a
        reservation: the request counts when it ends, see `commit`.
        """

    def commit(self, reservation: Counter, holder: object, counts: Sequence[tuple[Counter, int]]) -> None:
        """Count for a request that has ended, and release its reservation."""

    def count(self, counts: Sequence[tuple[Counter, int]]) -> None:
        """Count whatever the limits are."""

    def standing(self, counter: Counter, limit: int) -> Standing:
        """How a counter stands."""

    def enter(self, key: str, limit: int) -> int | None:
        """Be inside, if there are less than `limit`; how many there are now, or None when there is no room."""

    def leave(self, key: str) -> None:
        """Be inside no more."""

    def now(self) -> float:
        """Seconds since 0001-01-01 UTC."""


class Cache(Protocol):
    """Values by key, each with a time to live."""

    def get(self, key: str) -> tuple[bool, object]:
        """Whether there is a value under the key that has not expired, and the value."""

    def set(self, key: str, value: object, seconds: float) -> None:
        """Put a value there for so many seconds."""

    def remove(self, key: str) -> bool:
        """Take a value out; whether it was there."""


class Tripping(NamedTuple):
    """When a circuit opens: at so many failures, or at such a percentage of failures, within `interval` seconds."""

    failures: int | None
    percentage: float | None
    interval: float


class Circuits(Protocol):
    """The circuits of backends, by the ids of these."""

    def seconds_open(self, id_: str) -> float:
        """How long the circuit stays open; 0 when it is closed."""

    def record(self, id_: str, failed: bool, tripping: Tripping, duration: float) -> None:
        """Count a request; open the circuit for `duration` seconds when that was too much."""


class State(Protocol):
    """All that requests share."""

    @property
    def counters(self) -> Counters:
        """The counts of calls, bytes and tokens, and who is inside of limit-concurrency."""

    @property
    def circuits(self) -> Circuits:
        """The circuits of backends."""

    @property
    def semantic_cache(self) -> SemanticCache:
        """The cache that compares prompts by what they mean."""

    def cache(self, caching_type: str) -> Cache:
        """The cache for a `caching-type`: `internal`, `external` or `prefer-external`."""

    def entries(self) -> Iterable[StateEntry]:
        """What there is, for people."""
