"""The gateway's cache: values by key, each with a time to live."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, environment
from apimpolicy.policies.state import StateEntry

MOST_UNSWEPT = 1_000
"""Number of keys below which expired ones are not removed."""


class ValueCache:
    """Implements `apimpolicy.policies.state.ValueCache`. What is stored is there at once.

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

    def entries(self) -> Iterator[StateEntry]:
        """See `apimpolicy.policies.state.GatewayState.entries`."""
        now = environment().utc_now()
        for key, (expires, value) in list(self._values.items()):
            if expires > now:
                seconds = (expires - now) / TICKS_PER_SECOND
                yield StateEntry("cached", key, f"{type(value).__name__}, for {seconds:.0f} s more")


# The semantic cache: answers by the embeddings of their prompts

_ROUNDING = 1e-9
_MOST_PROMPTS = 10_000
"""In one partition; the oldest ones go, so that a search stays short."""


class VectorCache:
    """Implements `apimpolicy.policies.outside_services.SemanticCache`; distances are 1 − cosine similarity."""

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
