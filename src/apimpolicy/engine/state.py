"""The state that requests of one gateway share, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.engine.cache import ValueCache, VectorCache
from apimpolicy.engine.circuits import LocalCircuits
from apimpolicy.engine.counters import CallCounters

if TYPE_CHECKING:
    from apimpolicy.policies.state import SharedCache, StateEntry


class LocalState:
    """Implements `apimpolicy.policies.state.GatewayState`; times are those of the gateway whose request runs.

    A gateway has one cache, whatever `caching-type` is.
    """

    def __init__(self) -> None:
        self.counters = CallCounters()
        self.circuits = LocalCircuits()
        self.semantic_cache = VectorCache()
        self._cache = ValueCache()

    def cache(self, caching_type: str) -> SharedCache:
        return self._cache

    def entries(self) -> Iterator[StateEntry]:
        yield from self.counters.entries()
        yield from self.circuits.entries()
        yield from self._cache.entries()
