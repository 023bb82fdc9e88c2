"""`FormattableString`: an interpolated string that keeps its format and its arguments apart.

Without a provider the current culture formats them, the invariant one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import IndexOutOfRangeException, require
from apimpolicy.dotnet.registry import dotnet_class, member
from apimpolicy.dotnet.system.strings import format_composite
from apimpolicy.dotnet.values import OBJECT, Array

if TYPE_CHECKING:
    from collections.abc import Sequence


@dotnet_class(
    "System.FormattableString", members="Format=pattern ArgumentCount=count GetArguments=arguments GetArgument=argument"
)
class FormattableString:
    """A composite format string with its boxed arguments."""

    __slots__ = ("_arguments", "pattern")

    def __init__(self, pattern: str, *arguments: Any) -> None:
        self.pattern = pattern
        self._arguments: Sequence[Any] = arguments

    @property
    def count(self) -> int:
        return len(self._arguments)

    def arguments(self) -> Array:
        return Array(OBJECT, self._arguments)

    def argument(self, index: int) -> Any:
        if not 0 <= index < len(self._arguments):
            raise IndexOutOfRangeException
        return self._arguments[index]

    @member("ToString()")
    def to_string(self) -> str:
        """
        >>> FormattableString("{0,3}|{1:F1}", 7, 2.5).to_string()
        '  7|2.5'
        """
        return format_composite(self.pattern, self._arguments)

    @member("ToString(IFormatProvider)")
    def to_string_for(self, provider: Any) -> str:
        return format_composite(self.pattern, self._arguments, provider)

    def formatted(self, _format: str | None, provider: Any = None) -> str:
        """`IFormattable.ToString`, which ignores the format."""
        return self.to_string_for(provider)

    @staticmethod
    @member("Invariant", "CurrentCulture")
    def text_of(formattable: FormattableString | None) -> str:
        formattable = require(formattable, "formattable")
        return formattable.to_string()
