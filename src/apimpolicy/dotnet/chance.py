"""Random values, written down beforehand: the numbers of `new Random()`, `Guid.NewGuid()`, ids of requests.

A test that needs a certain number lists it; after the last listed value, the environment's source takes over.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.dotnet.system.guids import Guid


class Script:
    """Numbers, GUIDs and ids of requests, each in the order of use.

    Raises ConfigurationError for a text that is not a GUID.
    """

    __slots__ = ("_guids", "_numbers", "_request_ids")

    def __init__(self, numbers: Iterable[float], guids: Iterable[str], request_ids: Iterable[str]) -> None:
        self._numbers = deque(numbers)
        self._guids = deque(_guid(text, "guids") for text in guids)
        self._request_ids = deque(_guid(text, "request_ids") for text in request_ids)

    def number(self, low: float, high: float, *, is_whole: bool = True) -> float | None:
        """Return the next number, of those from `low` up to, not including, `high`; None when there is none.

        Raises ConfigurationError for a number that cannot come there.
        """
        if not self._numbers:
            return None
        number = self._numbers.popleft()
        if not low <= number < high or (is_whole and number != int(number)):
            kind = "a whole number" if is_whole else "a number"
            raise ConfigurationError(
                f"random_numbers has {number} next, where the policy asks for {kind} from {low} up to, not including, "
                f"{high}"
            )
        return int(number) if is_whole else float(number)

    def guid(self) -> Guid | None:
        """Return the next `Guid.NewGuid()`; None when there is none."""
        return self._guids.popleft() if self._guids else None

    def request_id(self) -> Guid | None:
        """Return the next id of a request; None when there is none."""
        return self._request_ids.popleft() if self._request_ids else None


def _guid(text: str, name: str) -> Guid:
    from apimpolicy.dotnet.exceptions import FormatException
    from apimpolicy.dotnet.system.guids import parse

    try:
        return parse(str(text))
    except FormatException:
        raise ConfigurationError(f"{name} has '{text}', which is not a GUID") from None
