"""Lists over the inputs: as many items as the run had, each with its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.symbolic import trees
from apimpolicy.symbolic.values import Dual, Obstacle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.binding import nodes
    from apimpolicy.symbolic.walker import Walker


class Items:
    """The form of a list whose items are known."""

    __slots__ = ("items", "lost")

    def __init__(self, items: list[Dual]) -> None:
        self.items = items
        self.lost: Obstacle | None = None

    def spoil(self, lost: Obstacle) -> None:
        """Something unknown was done to it."""
        self.lost = lost


class Lazy:
    """The form of a query: its items come when somebody walks over it."""

    __slots__ = ("walk",)

    def __init__(self, walk: Callable[[], Iterator[Dual]]) -> None:
        self.walk = walk


class Countable:
    """A form that makes its items when somebody asks, as the parts of a text."""

    __slots__ = ()

    def items(self, walker: Walker, dual: Dual) -> list[Dual] | None:
        """The items in this run."""
        raise NotImplementedError


def items_of(walker: Walker, dual: Dual, node: nodes.Bound) -> Iterator[Dual] | list[Dual] | None:
    """The items of a list; None when it has no form."""
    form = dual.form
    if isinstance(form, Items):
        return None if form.lost is not None else list(form.items)
    if isinstance(form, Lazy):
        return form.walk()
    if isinstance(form, (Countable, trees.Token)):
        return form.items(walker, dual)
    if dual.is_constant and dual.value is not None:
        value = dual.value
        if isinstance(value, (list, tuple)) or hasattr(value, "__len__"):
            return [Dual(item) for item in value]
    return None
