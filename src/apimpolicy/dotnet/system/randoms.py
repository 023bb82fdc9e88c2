"""`System.Random`: .NET's subtractive generator, so that a seed produces the same numbers.

Source: .NET Core 3.1, `Random`, after Knuth, The Art of Computer Programming, volume 2.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import check_range, require
from apimpolicy.dotnet.registry import counts_itself, dotnet_class, implements_all, member
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.guids import Guid
    from apimpolicy.dotnet.values import Array


_BIG = 0x7FFFFFFF
_SEED = 161_803_398


@dotnet_class("System.Random")
class Random:
    """A stream of pseudo-random numbers."""

    __slots__ = ("_next", "_next_p", "_state")
    dotnet_type_name = "System.Random"

    def __init__(self, seed: int) -> None:
        """Raise nothing: every `int` is a seed.

        >>> Random(42).next(), Random(42).next_double()
        (1434747710, 0.6681064659115423)
        """
        step = _SEED - (_BIG if seed == -0x80000000 else abs(seed))
        state = [0] * 56
        state[55] = step
        other = 1
        for index in range(1, 55):
            place = 21 * index % 55
            state[place] = other
            other = step - other
            if other < 0:
                other += _BIG
            step = state[place]
        for _ in range(4):
            for index in range(1, 56):
                value = state[index] - state[1 + (index + 30) % 55]
                # .NET subtracts in 32 bits here, and only then makes the difference positive.
                value = (value + 0x80000000) % 0x100000000 - 0x80000000
                state[index] = value + _BIG if value < 0 else value
        self._state = state
        self._next, self._next_p = 0, 21

    @staticmethod
    @member("new()")
    def create() -> Random:
        surroundings = environment()
        seed = surroundings.random.getrandbits(31)
        return Random(seed) if surroundings.script is None else _ScriptedRandom(seed, surroundings.script)

    def _sample(self) -> int:
        self._next = 1 if self._next >= 55 else self._next + 1
        self._next_p = 1 if self._next_p >= 55 else self._next_p + 1
        value = self._state[self._next] - self._state[self._next_p]
        if value == _BIG:
            value -= 1
        if value < 0:
            value += _BIG
        self._state[self._next] = value
        return value

    def next_double(self) -> float:
        return self._sample() * (1.0 / _BIG)

    @member("Next()")
    def next(self) -> int:
        return self._sample()

    @member("Next(int)")
    def next_below(self, maximum: int) -> int:
        check_range(maximum >= 0, "maxValue", "'maxValue' must be greater than zero.")
        return int(self.next_double() * maximum)

    @member("Next(int, int)")
    def next_between(self, minimum: int, maximum: int) -> int:
        check_range(minimum <= maximum, "minValue", "'minValue' cannot be greater than maxValue.")
        width = maximum - minimum
        if width <= _BIG:
            return int(self.next_double() * width) + minimum
        sample = self._sample()
        if self._sample() % 2 == 0:
            sample = -sample
        return int((float(sample) + (_BIG - 1)) / (2 * _BIG - 1) * width) + minimum

    @counts_itself
    def next_bytes(self, buffer: Array | None) -> None:
        buffer = require(buffer, "buffer")
        environment().step(len(buffer) // 16)
        for index in range(len(buffer)):
            buffer[index] = self._sample() & 0xFF


class _ScriptedRandom(Random):
    """A stream whose next numbers are written down. One with a seed of its own has none: it is the same every time."""

    __slots__ = ("_script",)

    def __init__(self, seed: int, script: Script) -> None:
        super().__init__(seed)
        self._script = script

    def next_double(self) -> float:
        number = self._script.number(0, 1, is_whole=False)
        return super().next_double() if number is None else number

    def next(self) -> int:
        number = self._script.number(0, _BIG)
        return super().next() if number is None else int(number)

    def next_below(self, maximum: int) -> int:
        number = self._script.number(0, max(maximum, 1)) if maximum >= 0 else None
        return super().next_below(maximum) if number is None else int(number)

    def next_between(self, minimum: int, maximum: int) -> int:
        number = self._script.number(minimum, max(maximum, minimum + 1)) if minimum <= maximum else None
        return super().next_between(minimum, maximum) if number is None else int(number)


implements_all("System.Random", {"new(int)": Random})


# Random values, written down beforehand: the numbers of `new Random()`, `Guid.NewGuid()`, ids of requests.


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
