"""`System.Version`, which Azure refuses: its two numbers and their text."""

from __future__ import annotations

from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException
from apimpolicy.dotnet.registry import dotnet_class, implements, member


@dotnet_class("System.Version")
class Version:
    __slots__ = ("major", "minor")

    def __init__(self, major: int, minor: int) -> None:
        self.major, self.minor = major, minor

    @member("ToString()")
    def to_string(self) -> str:
        return f"{self.major}.{self.minor}"


@implements("System.Version", "new(int, int)")
def _new(major: int, minor: int) -> Version:
    for name, number in (("major", major), ("minor", minor)):
        if number < 0:
            raise ArgumentOutOfRangeException(name, "Version's parameters must be greater than or equal to zero.")
    return Version(major, minor)
