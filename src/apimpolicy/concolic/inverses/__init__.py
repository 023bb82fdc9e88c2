"""Inverses of members and operators: the operands that would give a certain result.

    @inverse("System.Convert.FromBase64String")
    def base64_decoded(query: InverseQuery) -> Preimages: ...

An inverse gets the operands of a run and the wanted result, and yields preimages: values by the number of the operand
(the receiver is the first), the likeliest first. It may be wrong, since the search runs what it finds; no proof rests
on it. One-way functions, such as hashes, have none: the other side of a comparison has to change then.

Values are Python's: bytes for arrays of bytes, lists for others, dictionaries and lists for JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.concolic.origins import THROWS
from apimpolicy.concolic.python_values import to_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from apimpolicy.binding import nodes
    from apimpolicy.concolic.origins import Origin
    from apimpolicy.concolic.values import ConcolicValue

    Preimage = dict[int | ConcolicValue, Any]
    Preimages = Iterable[Preimage]

_Inverse = TypeVar("_Inverse", bound="Callable[[InverseQuery], Preimages]")

INVERSES: dict[str, Callable[[InverseQuery], Preimages]] = {}
_MODULES = (
    *("comparisons", "numbers", "strings", "coding", "arrays", "ciphers", "json_values", "dates", "patterns", "uris"),
    *("xml", "addresses"),
)
_loaded = False


class InverseQuery:
    """A query to an inverse: `wanted` is the value that its result should have."""

    __slots__ = ("_now", "origin", "wanted")

    def __init__(self, origin: Origin, wanted: Any, now: Mapping[int, Any]) -> None:
        self.origin = origin
        self.wanted = wanted
        self._now = now

    @property
    def node(self) -> nodes.Bound:
        """The node that was evaluated."""
        return self.origin.node

    @property
    def operands(self) -> tuple[ConcolicValue, ...]:
        """The operands of the node."""
        return self.origin.operands

    def was(self, index: int) -> Any:
        """Return the value of an operand in the run; None where there are fewer."""
        return to_python(self.operands[index].value) if index < len(self.operands) else None

    def now(self, index: int) -> Any:
        """Return the value that an operand should have by now, so that a part of it can be changed."""
        known = self.operands[index].origin
        return self._now[id(known)] if known is not None and id(known) in self._now else self.was(index)


def inverse(*names: str) -> Callable[[_Inverse], _Inverse]:
    """Declare the inverse of members (`System.Convert.FromBase64String`), operators (`==`) or nodes."""

    def register(function: _Inverse) -> _Inverse:
        for name in names:
            INVERSES[name] = function
        return function

    return register


def one_of(operand: int, values: Iterable[Any]) -> Preimages:
    """Yield the preimages in which an operand is one of these values."""
    for value in values:
        yield {operand: value}


def known() -> list[str]:
    """Return all names for which an inverse is declared."""
    global _loaded
    if not _loaded:
        import importlib

        _loaded = True
        for module in _MODULES:
            importlib.import_module(f"{__name__}.{module}")
    return list(INVERSES)


def inverse_of(name: str) -> Callable[[InverseQuery], Preimages] | None:
    """Return the inverse for a name; for whether a node throws, at least that of null."""
    if not _loaded:
        known()
    found = INVERSES.get(name)
    return _not_null if found is None and name.startswith(THROWS) else found


def _not_null(query: InverseQuery) -> Preimages:
    """Yield a value instead of null: a string, an object, or a list of one."""
    if query.wanted or not query.operands or query.was(0) is not None:
        return
    samples: list[Any] = ["x", {}, [{}]]
    is_query = query.origin.name.startswith(f"{THROWS}System.Linq.")
    yield from one_of(0, samples[::-1] if is_query else samples)
