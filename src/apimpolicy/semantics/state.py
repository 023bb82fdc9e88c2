"""The gateway's state while policies run: named cells, each with a value; states of branches are merged lazily.

A cell that nothing has written is an input of the request, or unknown since a policy that may have changed all cells of
its kind. Kinds: variable, header, query, response-header (by name), and cells without a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.semantics.values import Value, as_one_number, merge
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable

    from apimpolicy.terms.term import Term

Cell = tuple[str, str]
ANSWER = ("reason", "response-header", "response-body")
"""The parts of a response besides its status."""
REACHABLE = ("variable", "matched", "header", "query", "url", "body", "response-header", "response-body")
"""The kinds of cells whose content is made of objects that expressions reach."""
KINDS = (*REACHABLE[:-2], "method", "status", *ANSWER)
"""Every kind of cell that a policy can write."""
KINDS_OF_MESSAGES = frozenset((*KINDS, "has-response", "error"))
"""The kinds of cells that objects of the gateway show."""


class Base(NamedTuple):
    """The origin of cells of a kind that were not written: a generation, or a choice between two bases."""

    generation: Hashable
    condition: Term | None = None
    then: Base | None = None
    otherwise: Base | None = None


FIRST = Base(0)


class State:
    """Cells with their values. `make` gives the value of a cell that was not written, by generation (0: the input)."""

    def __init__(self, make: Callable[[Cell, Hashable], Value]) -> None:
        self._make = make
        self._cells: dict[Cell, Value] = {}
        self._bases: dict[str, Base] = {}
        self._written: set[str] = set()

    def copy(self) -> State:
        made = State(self._make)
        made._cells = self._cells.copy()
        made._bases = self._bases.copy()
        made._written = self._written.copy()
        return made

    def first(self, kind: str, name: str = "") -> Value:
        """Return a cell's value when the request came."""
        return self._make((kind, name), 0)

    def is_first(self, *kinds: str) -> bool:
        """Return whether no cell of these kinds was written since the request came."""
        return self._written.isdisjoint(kinds)

    def get(self, kind: str, name: str = "") -> Value:
        """Return the value of a cell."""
        cell = (kind, name)
        found = self._cells.get(cell)
        if found is None:
            found = self._cells[cell] = self._first(cell, self._bases.get(kind, FIRST))
        return found

    def set(self, value: Value, kind: str, name: str = "") -> None:
        """Write a cell."""
        self._cells[kind, name] = value
        self._written.add(kind)

    def forget(self, kind: str, generation: Hashable) -> None:
        """Make all cells of a kind unknown: of a new generation."""
        for cell in [cell for cell in self._cells if cell[0] == kind]:
            del self._cells[cell]
        self._bases[kind] = Base(generation)
        self._written.add(kind)

    def changed(self, other: State) -> frozenset[Cell]:
        """Return the cells that differ from another state's; the name `*` represents all cells of a kind."""
        found = {
            cell
            for cell in {**self._cells, **other._cells}
            if self._cells.get(cell) is not other._cells.get(cell) and self.get(*cell).key != other.get(*cell).key
        }
        kinds = {**self._bases, **other._bases}
        return frozenset(found) | {
            (kind, "*") for kind in kinds if self._bases.get(kind, FIRST) != other._bases.get(kind, FIRST)
        }

    def signature(self, kinds: Container[str] | None = None) -> Hashable:
        """Return the key of a state: the cells whose values differ from the request's start, and the bases.

        `kinds` are those that count; all unless given.
        """
        cells = {
            (cell, value.key)
            for cell, value in self._cells.items()
            if (kinds is None or cell[0] in kinds) and value.key != self._make(cell, 0).key
        }
        bases = self._bases.items() if kinds is None else [each for each in self._bases.items() if each[0] in kinds]
        return frozenset(cells), frozenset(bases)

    def written(self, kind: str) -> list[str]:
        """Return the names of the cells of a kind that are known."""
        return [name for each, name in self._cells if each == kind]

    def _first(self, cell: Cell, base: Base) -> Value:
        if base.condition is None:
            return self._make(cell, base.generation)
        assert base.then is not None
        assert base.otherwise is not None
        return merge(base.condition, self._first(cell, base.then), self._first(cell, base.otherwise))

    @classmethod
    def merged(cls, condition: Term, one: State, other: State) -> State:
        """Return the state that is `one` where the condition is true, and `other` elsewhere."""
        if condition is terms.TRUE or one is other:
            return one
        if condition is terms.FALSE:
            return other
        made = State(one._make)
        made._written = one._written | other._written
        for cell in {**one._cells, **other._cells}:
            first, second = one._cells.get(cell), other._cells.get(cell)
            if first is not second:
                first, second = one.get(*cell), other.get(*cell)
            assert first is not None
            assert second is not None
            made._cells[cell] = as_one_number(merge(condition, first, second))
        for kind in {**one._bases, **other._bases}:
            base, another = one._bases.get(kind, FIRST), other._bases.get(kind, FIRST)
            made._bases[kind] = base if base == another else Base(0, condition, base, another)
        return made
