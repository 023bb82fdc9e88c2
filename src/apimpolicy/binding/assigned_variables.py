"""State of definite assignment: the bits of variables, and the outer variables that a local function reads and sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Local, TupleElement
from apimpolicy.dotnet.types import TupleType, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Expression
    from apimpolicy.binding.symbols import LocalSymbol


class Variables:
    """Hands out bits: one to a variable, one to each element of a tuple variable (section 9.2.1), nested ones too.

    The first bit belongs to none: only a state that control cannot reach has it.
    """

    def __init__(self) -> None:
        self._first_bits: dict[LocalSymbol, tuple[int, int]] = {}
        self._owners: list[LocalSymbol | None] = [None]

    def mask(self, symbol: LocalSymbol) -> int:
        """Return all bits of a variable."""
        first, width = self._place(symbol)
        return ((1 << width) - 1) << first

    def part(self, symbol: LocalSymbol, path: tuple[int, ...]) -> int:
        """Return the bits of an element: `path` holds the indexes that lead to it."""
        first, _ = self._place(symbol)
        type_: Type = symbol.type
        for index in path:
            if not isinstance(type_, TupleType):
                break
            first += sum(map(_width, type_.arguments[:index]))
            type_ = type_.arguments[index]
        return ((1 << _width(type_)) - 1) << first

    def _place(self, symbol: LocalSymbol) -> tuple[int, int]:
        place = self._first_bits.get(symbol)
        if place is None:
            width = _width(symbol.type)
            place = self._first_bits[symbol] = (len(self._owners), width)
            self._owners.extend([symbol] * width)
        return place

    def symbols(self, mask: int) -> Iterator[LocalSymbol]:
        """Yield the variables that have a bit in the mask, in the order in which they were met."""
        last: LocalSymbol | None = None
        while mask:
            lowest = mask & -mask
            mask ^= lowest
            owner = self._owners[lowest.bit_length() - 1]
            if owner is not None and owner is not last:
                last = owner
                yield owner

    @staticmethod
    def is_tracked(symbol: LocalSymbol) -> bool:
        """Parameters have a value from the start, except `out` ones."""
        return symbol.kind in ("local", "pattern", "foreach", "using") or symbol.mode == "out"


class Frame:
    """A local function under analysis, and afterwards what a call of it means.

    `own` are the variables declared inside; `reads` are outer ones that must be set before a call; `writes` are set
    after it.
    """

    __slots__ = ("is_finished", "own", "reads", "writes")

    def __init__(self) -> None:
        self.own = 0
        self.reads = 0
        self.writes = 0
        self.is_finished = False


def tuple_path(node: TupleElement) -> tuple[LocalSymbol, tuple[int, ...]] | None:
    """Return variable and indexes of `variable.Item1.Item2`; None if the dots follow another expression."""
    path: list[int] = []
    current: Expression = node
    while isinstance(current, TupleElement):
        path.append(current.index)
        current = current.receiver
    return (current.symbol, tuple(reversed(path))) if isinstance(current, Local) else None


def _width(type_: Type) -> int:
    return sum(map(_width, type_.arguments)) if isinstance(type_, TupleType) else 1
