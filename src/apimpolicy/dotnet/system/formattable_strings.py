"""`FormattableString`, which Azure refuses: an interpolated string that keeps its format and its arguments apart."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.registry import dotnet_class, member
from apimpolicy.dotnet.system.strings import format_composite


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
