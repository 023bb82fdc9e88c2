"""The semantic cache: answers by the embeddings of their prompts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDING = 1e-9
_MOST_PROMPTS = 10_000
"""In one partition; the oldest ones go, so that a search stays short."""


class VectorCache:
    """Implements `apimpolicy.policies.language_models.SemanticCache`; distances are 1 − cosine similarity."""

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
