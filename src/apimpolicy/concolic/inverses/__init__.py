"""How members and operators are turned around: of what an operand would have to be, so that they give a certain value.

    @inverse("System.Convert.FromBase64String")
    def base64_decoded(asked: Asked) -> Preimages: ...

An inverse gets the operands of a run and the value that is wanted, and yields wishes: values by the number of the
operand (a receiver is the first), the likeliest first. It may be wrong, since what a search finds with it is run; and a
proof never rests on it. What is one way, as a hash, has none: then the other side of a comparison has to give way.

Values are plain here: bytes for arrays of bytes, lists for others, dictionaries and lists for JSON.
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
    """What is asked of an inverse: `wanted` is the value that its result should have."""

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
        """What it was evaluated of."""
        return self.origin.operands

    def was(self, index: int) -> Any:
        """An operand as it was in the run; None where there are fewer."""
        return to_python(self.operands[index].value) if index < len(self.operands) else None

    def now(self, index: int) -> Any:
        """An operand as it is wanted by now, so that a part of it can be changed."""
        known = self.operands[index].origin
        return self._now[id(known)] if known is not None and id(known) in self._now else self.was(index)


def inverse(*names: str) -> Callable[[_Inverse], _Inverse]:
    """Declare how members (`System.Convert.FromBase64String`), operators (`==`) or nodes are turned around."""

    def register(function: _Inverse) -> _Inverse:
        for name in names:
            INVERSES[name] = function
        return function

    return register


def one_of(operand: int, values: Iterable[Any]) -> Preimages:
    """The wishes that an operand is one of these values."""
    for value in values:
        yield {operand: value}


def known() -> list[str]:
    """All names for which an inverse was declared."""
    global _loaded
    if not _loaded:
        import importlib

        _loaded = True
        for module in _MODULES:
            importlib.import_module(f"{__name__}.{module}")
    return list(INVERSES)


def inverse_of(name: str) -> Callable[[InverseQuery], Preimages] | None:
    """The inverse that was declared for a name; for whether something throws at least that of null."""
    if not _loaded:
        known()
    found = INVERSES.get(name)
    return _not_null if found is None and name.startswith(THROWS) else found


def _not_null(query: InverseQuery) -> Preimages:
    """What is null and must not be is something: a text, an object, or a list of one."""
    if query.wanted or not query.operands or query.was(0) is not None:
        return
    samples: list[Any] = ["x", {}, [{}]]
    is_query = query.origin.name.startswith(f"{THROWS}System.Linq.")
    yield from one_of(0, samples[::-1] if is_query else samples)
