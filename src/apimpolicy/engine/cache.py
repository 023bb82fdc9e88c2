"""The gateway's cache: values by key, each with a time to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, environment
from apimpolicy.policies.state import StateEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_UNSWEPT = 1_000
"""Number of keys below which expired ones are not removed."""


class ValueCache:
    """Implements `apimpolicy.policies.state.Cache`. What is stored is there at once.

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
        """See `apimpolicy.policies.state.State.entries`."""
        now = environment().utc_now()
        for key, (expires, value) in list(self._values.items()):
            if expires > now:
                seconds = (expires - now) / TICKS_PER_SECOND
                yield StateEntry("cached", key, f"{type(value).__name__}, for {seconds:.0f} s more")
