"""`System.Version`."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    require,
)
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all, member
from apimpolicy.dotnet.system.number_parsing import parse_int
from apimpolicy.dotnet.system.numeric_types import attempt


@dotnet_class("System.Version")
class Version:
    """Two to four numbers; those that are missing are -1."""

    __slots__ = ("build", "major", "minor", "revision")

    def __init__(self, major: int, minor: int, build: int = -1, revision: int = -1) -> None:
        self.major, self.minor, self.build, self.revision = major, minor, build, revision

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        return self.major, self.minor, self.build, self.revision

    @member("ToString()")
    def to_string(self) -> str:
        return ".".join(str(number) for number in self.numbers if number >= 0)

    @member("CompareTo(Version)")
    def compare_to(self, other: Version | None) -> int:
        return 1 if other is None else (self.numbers > other.numbers) - (self.numbers < other.numbers)

    @member("CompareTo(object)")
    def compare_to_object(self, other: Any) -> int:
        if other is not None and not isinstance(other, Version):
            raise ArgumentException("Object must be of type Version.")
        return self.compare_to(other)

    def equals(self, other: Any) -> bool:
        return isinstance(other, Version) and other.numbers == self.numbers

    def get_hash_code(self) -> int:
        major, minor, build, revision = self.numbers
        return (major & 0xF) << 28 | (minor & 0xFF) << 20 | (build & 0xFF) << 12 | (revision & 0xFFF)

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self.numbers)


_NAMES = ("major", "minor", "build", "revision")


@implements("System.Version", "new")
def _new(*numbers: int) -> Version:
    for name, number in zip(_NAMES, numbers, strict=False):
        if number < 0:
            raise ArgumentOutOfRangeException(name, "Version's parameters must be greater than or equal to zero.")
    return Version(*numbers)


@implements("System.Version", "Parse")
def parse(text: str | None) -> Version:
    """Raise ArgumentNullException, ArgumentException, FormatException, OverflowException."""
    text = require(text, "input")
    return _parse(text)


@implements("System.Version", "new(string)")
def _new_text(text: str | None) -> Version:
    text = require(text, "version")
    return _parse(text)


def _parse(text: str) -> Version:
    parts = text.split(".")
    if not 2 <= len(parts) <= 4:
        raise ArgumentException("Version string portion was too short or too long.", "input")
    numbers = [parse_int("int", part) for part in parts]
    for name, number in zip(_NAMES, numbers, strict=False):
        if number < 0:
            raise ArgumentOutOfRangeException(name, "Version's parameters must be greater than or equal to zero.")
    return Version(*numbers)


@implements("System.Version", "TryParse")
def _try_parse(text: str | None) -> tuple[bool, Version | None]:
    try:
        return attempt(parse, None, text)
    except ArgumentException:
        return False, None


def _compare(a: Version | None, b: Version | None) -> int:
    if a is None:
        return 0 if b is None else -1
    return a.compare_to(b)


for _operator, _test in (
    ("op_Equality", lambda order: order == 0),
    ("op_Inequality", lambda order: order != 0),
    ("op_LessThan", lambda order: order < 0),
    ("op_LessThanOrEqual", lambda order: order <= 0),
    ("op_GreaterThan", lambda order: order > 0),
    ("op_GreaterThanOrEqual", lambda order: order >= 0),
):
    implements("System.Version", f"static bool {_operator}(System.Version v1, System.Version v2)")(
        lambda a, b, test=_test: test(_compare(a, b))
    )

implements_all("System.Version", {"new()": lambda: Version(0, 0)})
