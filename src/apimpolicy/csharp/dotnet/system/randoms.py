"""`System.Guid`, and `System.Random`: .NET's subtractive generator, so that a seed produces the same numbers.

Source: .NET Core 3.1, `Random`, after Knuth, The Art of Computer Programming, volume 2.
"""

from __future__ import annotations

import re
import struct
from collections import deque
from collections.abc import Iterable
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    FormatException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.values import Array, Equatable, byte_array, wrap_int32
from apimpolicy.errors import ConfigurationError

_BIG = 0x7FFFFFFF
_SEED = 161_803_398


@dotnet_class("System.Random")
class Random:
    """A stream of pseudo-random numbers."""

    __slots__ = ("_next", "_next_p", "_state")
    dotnet_type_name = "System.Random"

    def __init__(self, seed: int) -> None:
        """Start the sequence of numbers that a seed has in .NET; every `int` is a seed.

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
    from apimpolicy.csharp.dotnet.exceptions import FormatException

    try:
        return parse(str(text))
    except FormatException:
        raise ConfigurationError(f"{name} has '{text}', which is not a GUID") from None


@dotnet_class("System.Guid")
class Guid(Equatable):
    """A GUID; immutable. `hex` is its 32 hexadecimal digits as people write them."""

    __slots__ = ("hex",)

    def __init__(self, digits: str) -> None:
        self.hex = digits

    def to_byte_array(self) -> Array:
        return byte_array(struct.pack("<IHH", *self._words()) + bytes.fromhex(self.hex[16:]))

    def _words(self) -> tuple[int, int, int]:
        return int(self.hex[:8], 16), int(self.hex[8:12], 16), int(self.hex[12:16], 16)

    @member("ToString()")
    def to_string(self) -> str:
        digits = self.hex
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    @member("ToString(string)", "ToString(string, IFormatProvider)")
    def format(self, format_: str | None, _provider: Any = None) -> str:
        """D (default), N, B, P or X in either case; raises FormatException."""
        kind = (format_ or "D").upper()
        if kind == "D":
            return self.to_string()
        if kind == "N":
            return self.hex
        if kind == "B":
            return f"{{{self.to_string()}}}"
        if kind == "P":
            return f"({self.to_string()})"
        if kind == "X":
            digits = self.hex
            rest = ",".join(f"0x{digits[start : start + 2]}" for start in range(16, 32, 2))
            return f"{{0x{digits[:8]},0x{digits[8:12]},0x{digits[12:16]},{{{rest}}}}}"
        raise FormatException('Format string can be only "D", "d", "N", "n", "P", "p", "B", "b", "X" or "x".')

    formatted = format

    @property
    def identity(self) -> Any:
        return self.hex

    @member("CompareTo(Guid)")
    def compare_to(self, other: Guid) -> int:
        return (self.hex > other.hex) - (self.hex < other.hex)

    @member("CompareTo(object)")
    def compare_to_object(self, other: Any) -> int:
        if other is None:
            return 1
        if not isinstance(other, Guid):
            raise ArgumentException("Object must be of type GUID.", "value")
        return self.compare_to(other)

    def get_hash_code(self) -> int:
        first, second, third, fourth = struct.unpack("<4i", bytes(self.to_byte_array()))
        return wrap_int32(first ^ second ^ third ^ fourth)

    def __lt__(self, other: Guid) -> bool:
        return self.hex < other.hex

    def __repr__(self) -> str:
        return f"Guid({self.to_string()!r})"


EMPTY = Guid("0" * 32)
_HEX = "[0-9a-fA-F]"
_D = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_X_BYTE = f"0[xX]({_HEX}{{1,2}})"
_FORMS = {
    "D": re.compile(_D),
    "N": re.compile(f"{_HEX}{{32}}"),
    "B": re.compile(rf"\{{{_D}\}}"),
    "P": re.compile(rf"\({_D}\)"),
    "X": re.compile(
        rf"\{{0[xX]({_HEX}{{1,8}}),0[xX]({_HEX}{{1,4}}),0[xX]({_HEX}{{1,4}}),\{{{','.join([_X_BYTE] * 8)}\}}\}}"
    ),
}
_UNRECOGNIZED = "Unrecognized Guid format."
_BY_FORM = {
    "D": "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
    "N": "Guid should contain only hexadecimal characters 0-9, a-f, A-F.",
}
_WHITE = "\t\n\v\f\r \x85\xa0"


def _read(text: str, form: str) -> Guid | None:
    match = _FORMS[form].fullmatch(text)
    if match is None:
        return None
    if form == "X":
        widths = (8, 4, 4, *[2] * 8)
        return Guid("".join(part.zfill(width) for part, width in zip(match.groups(), widths, strict=True)).lower())
    return Guid(text.strip("{}()").replace("-", "").lower())


def _guess(text: str) -> str:
    """Return the form that a text can only have, by its first character and dashes."""
    if text.startswith("{"):
        return "B" if "-" in text else "X"
    if text.startswith("("):
        return "P"
    return "D" if "-" in text or len(text) != 32 else "N"


@implements("System.Guid", "Parse")
def parse(text: str | None) -> Guid:
    """Any of the forms D, N, B, P and X; raises ArgumentNullException, FormatException."""
    return _parse(require(text, "input"))


@implements("System.Guid", "new(string)")
def _new(text: str | None) -> Guid:
    return _parse(require(text, "g"))


def _parse(text: str) -> Guid:
    trimmed = text.strip(_WHITE)
    if not trimmed:
        raise FormatException(_UNRECOGNIZED)
    form = _guess(trimmed)
    found = _read("".join(trimmed.split()) if form == "X" else trimmed, form)
    if found is None:
        raise FormatException(_BY_FORM.get(form, _BY_FORM["D"]))
    return found


@implements("System.Guid", "TryParse")
def _try_parse(text: str | None) -> tuple[bool, Guid]:
    try:
        return True, parse(text)
    except (FormatException, ArgumentNullException):
        return False, EMPTY


@implements("System.Guid", "ParseExact")
def _parse_exact(text: str | None, format_: str | None) -> Guid:
    if text is None or format_ is None:
        raise ArgumentNullException("input" if text is None else "format")
    form = format_.upper()
    if form not in _FORMS:
        raise FormatException('Format string can be only "D", "d", "N", "n", "P", "p", "B", "b", "X" or "x".')
    found = _read(text.strip(_WHITE), form)
    if found is None:
        raise FormatException(_BY_FORM.get(form, _UNRECOGNIZED))
    return found


@implements("System.Guid", "TryParseExact")
def _try_parse_exact(text: str | None, format_: str | None) -> tuple[bool, Guid]:
    try:
        return True, _parse_exact(text, format_)
    except (FormatException, ArgumentNullException):
        return False, EMPTY


@implements("System.Guid", "NewGuid")
def new_guid() -> Guid:
    """Version 4, from the environment's source of randomness; or what is written down for a test."""
    script = environment().script
    if script is not None and (guid := script.guid()) is not None:
        return guid
    bits = environment().random.getrandbits(128)
    bits = bits & ~(0xF << 76) | 0x4 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return Guid(f"{bits:032x}")


@implements("System.Guid", "new(byte[])")
def from_bytes(data: Array | None) -> Guid:
    """Make a GUID from bytes; the first three groups are little-endian, as `ToByteArray` writes them."""
    data = require(data, "b")
    if len(data) != 16:
        raise ArgumentException("Byte array for GUID must be exactly 16 bytes long.", "b")
    first, second, third = struct.unpack("<IHH", bytes(data[:8]))
    return Guid(f"{first:08x}{second:04x}{third:04x}{bytes(data[8:]).hex()}")


@implements("System.Guid", "new(int, short, short, byte[])")
def _from_words(a: int, b: int, c: int, d: Array | None) -> Guid:
    d = require(d, "d")
    if len(d) != 8:
        raise ArgumentException("Byte array for GUID must be exactly 8 bytes long.", "d")
    return _from_parts(a, b, c, *d)


@implements("System.Guid", "new")
def _from_parts(a: int, b: int, c: int, *rest: int) -> Guid:
    return Guid(f"{a & 0xFFFFFFFF:08x}{b & 0xFFFF:04x}{c & 0xFFFF:04x}{bytes(rest).hex()}")


implements_all(
    "System.Guid",
    {"Empty": lambda: EMPTY, "op_Equality": lambda a, b: a.hex == b.hex, "op_Inequality": lambda a, b: a.hex != b.hex},
)
