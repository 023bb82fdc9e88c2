"""Types that Azure refuses and that little is needed of: `FormattableString`, `Version`."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException
from apimpolicy.dotnet.registry import dotnet_class, implements, member
from apimpolicy.dotnet.system.strings import format_composite

# `FormattableString`, which Azure refuses: an interpolated string that keeps its format and its arguments apart


@dotnet_class("System.FormattableString", members="Format=pattern")
class FormattableString:
    """A composite format string with its boxed arguments."""

    __slots__ = ("_arguments", "pattern")

    def __init__(self, pattern: str, *arguments: Any) -> None:
        self.pattern = pattern
        self._arguments = arguments

    @member("ToString()")
    def to_string(self) -> str:
        """
        >>> FormattableString("{0,3}|{1:F1}", 7, 2.5).to_string()
        '  7|2.5'
        """
        return format_composite(self.pattern, self._arguments)

    def formatted(self, _format: str | None, provider: Any = None) -> str:
        """`IFormattable.ToString`, which ignores the format."""
        return format_composite(self.pattern, self._arguments, provider)


# `System.Version`, which Azure refuses: its two numbers and their text


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
