"""`System.Span<T>`, which Azure refuses: an array converted to one, and its length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import implements_all

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type
    from apimpolicy.dotnet.values import Array


class Span:
    __slots__ = ("dotnet_type", "length")

    def __init__(self, types: tuple[Type, ...], items: Array | None) -> None:
        self.dotnet_type = named("System.Span", *types)
        self.length = 0 if items is None else len(items)


implements_all("System.Span<T>", {"static System.Span<T> op_Implicit(T[] array)": Span}, types=True)
implements_all("System.Span<T>", {"Length": lambda span: span.length})
