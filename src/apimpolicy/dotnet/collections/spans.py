"""`System.Span<T>` and `System.ReadOnlySpan<T>`: a window on a part of an array.

No policy on a real gateway may use them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arrays import default_value
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, IndexOutOfRangeException
from apimpolicy.dotnet.metadata import named, runtime_name
from apimpolicy.dotnet.registry import implements, implements_all, implements_setter, interface_members
from apimpolicy.dotnet.values import CHAR, Array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.types import Type

_SPAN, _READ_ONLY = "System.Span<T>", "System.ReadOnlySpan<T>"


class Span:
    """Elements `start` to `start + length` of an array that others may change."""

    __slots__ = ("element", "items", "length", "start")

    def __init__(self, element: Type, items: list[Any], start: int, length: int) -> None:
        self.element = element
        self.items = items
        self.start = start
        self.length = length

    @property
    def dotnet_type(self) -> Type:
        return named("System.Span", self.element)

    @property
    def is_empty(self) -> bool:
        return self.length == 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    def __len__(self) -> int:
        return self.length

    def values(self) -> list[Any]:
        environment().step(self.length >> 4)
        return self.items[self.start : self.start + self.length]

    def place(self, index: int) -> int:
        if not 0 <= index < self.length:
            raise IndexOutOfRangeException
        return self.start + index

    def slice(self, start: int, length: int | None = None) -> Span:
        """Return a window in this window."""
        size = self.length - start if length is None else length
        if start < 0 or size < 0 or start + size > self.length:
            raise ArgumentOutOfRangeException
        return Span(self.element, self.items, self.start + start, size)

    def to_array(self) -> Array:
        return Array(self.element, self.values())

    def fill(self, value: Any) -> None:
        environment().step(self.length >> 4)
        self.items[self.start : self.start + self.length] = [value] * self.length

    def clear(self) -> None:
        self.fill(default_value(self.element))

    def copy_to(self, destination: Span) -> None:
        if not self.try_copy_to(destination):
            raise ArgumentException("Destination is too short.", "destination")

    def try_copy_to(self, destination: Span) -> bool:
        if destination.length < self.length:
            return False
        destination.items[destination.start : destination.start + self.length] = self.values()
        return True

    def to_string(self) -> str:
        """Return the characters of a span of characters, else the name of the type and the length."""
        if self.element is CHAR:
            return "".join(self.values())
        return f"System.Span<{named_of(self.element)!s}>[{self.length}]"


def named_of(element: Type) -> str:
    """Return how `Span<T>.ToString()` names its element: without the namespace."""
    return runtime_name(element).rpartition(".")[2]


def _over(element: Type, items: Array | str | None, start: int = 0, length: int | None = None) -> Span:
    size = 0 if items is None else len(items)
    count = size - start if length is None else length
    if start < 0 or count < 0 or start + count > size:
        raise ArgumentOutOfRangeException
    return Span(element, items if isinstance(items, list) else list(items or ()), start, count)


for _type in (_SPAN, _READ_ONLY):
    _bare = _type.removesuffix("<T>")

    @implements(_type, "new(T[] array)", types=True)
    @implements(_type, "new(T[] array, int start, int length)", types=True)
    def _create(types: tuple[Type, ...], array: Array | None, start: int = 0, length: int | None = None) -> Span:
        return _over(types[0], array, start, length)

    @implements(_type, f"static {_bare}<T> op_Implicit(T[] array)", types=True)
    def _of_array(types: tuple[Type, ...], array: Array | None) -> Span:
        return _over(types[0], array)

    @implements(_type, f"static {_bare}<T> Empty {{ get; }}", types=True)
    def _empty(types: tuple[Type, ...]) -> Span:
        return Span(types[0], [], 0, 0)

    @implements(_type, f"static bool op_Equality({_bare}<T> left, {_bare}<T> right)")
    def _same(left: Span, right: Span) -> bool:
        return left.length == right.length and left.items is right.items and left.start == right.start

    @implements(_type, f"static bool op_Inequality({_bare}<T> left, {_bare}<T> right)")
    def _different(left: Span, right: Span) -> bool:
        return not _same(left, right)

    interface_members(
        _type,
        {
            "Length": "length",
            "IsEmpty": "is_empty",
            f"{_bare}<T> Slice(int start)": "slice",
            f"{_bare}<T> Slice(int start, int length)": "slice",
            "T[] ToArray()": "to_array",
            "string ToString()": "to_string",
            "void CopyTo(System.Span<T> destination)": "copy_to",
            "bool TryCopyTo(System.Span<T> destination)": "try_copy_to",
        },
    )

interface_members(_SPAN, {"void Clear()": "clear", "void Fill(T value)": "fill"})


@implements_setter(_SPAN, "Item")
def span_set(span: Span, index: int, value: Any) -> None:
    span.items[span.place(index)] = value


implements_all(_SPAN, {"static System.ReadOnlySpan<T> op_Implicit(System.Span<T> span)": lambda span: span})

implements_all(_SPAN, {"Item": lambda span, index: span.items[span.place(index)]})
implements_all(_READ_ONLY, {"Item": lambda span, index: span.items[span.place(index)]})
