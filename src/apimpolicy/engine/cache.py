"""The gateway's cache: values by key, each until its time is over."""

from __future__ import annotations

from apimpolicy.dotnet.environment import environment

_TICKS_PER_SECOND = 10_000_000


class ValueCache:
    """Implements `apimpolicy.policies.surroundings.Cache`. What is stored is there at once."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, object]] = {}

    def get(self, key: str) -> tuple[bool, object]:
        found = self._values.get(key)
        if found is None:
            return False, None
        expires, value = found
        if environment().utc_now() >= expires:
            del self._values[key]
            return False, None
        return True, value

    def set(self, key: str, value: object, seconds: float) -> None:
        self._values[key] = (environment().utc_now() + seconds * _TICKS_PER_SECOND, value)

    def remove(self, key: str) -> bool:
        return self._values.pop(key, None) is not None
