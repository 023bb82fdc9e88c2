"""Lists over the inputs: as many items as the run had, each with its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.symbolic import trees
from apimpolicy.symbolic.origins import HAS_ITEM, ITEM, Origin
from apimpolicy.symbolic.plain import plain
from apimpolicy.symbolic.state import Fields
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

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every run."""
        return self.lost is None and all(item.is_fixed for item in self.items)

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


class Pair:
    """The form of a name with its values."""

    __slots__ = ("name", "value")

    def __init__(self, name: Dual, value: Dual) -> None:
        self.name = name
        self.value = value


class Entries(Countable):
    """The form of a dictionary that a policy filled: its keys and values, in the order in which they came."""

    __slots__ = ("entries", "lost")

    def __init__(self, entries: list[tuple[Dual, Dual]]) -> None:
        self.entries = entries
        self.lost: Obstacle | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every run."""
        return self.lost is None and all(key.is_fixed and value.is_fixed for key, value in self.entries)

    def spoil(self, lost: Obstacle) -> None:
        """Something unknown was done to it."""
        self.lost = lost

    def items(self, walker: Walker, dual: Dual) -> list[Dual] | None:
        """Its pairs."""
        pairs = list(dual.value or ())
        if self.lost is not None or len(pairs) != len(self.entries):
            return None
        return [Dual(pair, form=Pair(*entry)) for pair, entry in zip(pairs, self.entries, strict=True)]


def items_of(walker: Walker, dual: Dual, node: nodes.Bound) -> Iterator[Dual] | list[Dual] | None:
    """The items of a list; None when it has no form."""
    form = dual.form
    if isinstance(form, Items):
        return None if form.lost is not None else list(form.items)
    if isinstance(form, Lazy):
        return form.walk()
    if isinstance(form, trees.Tree) and form.is_token and form.decide_kind(walker, dual) == trees.OBJECT:
        listed = form.pairs(walker, dual, list(dual.value.key_value_pairs()))
        return [Dual(each, form=Pair(name, child)) for each, name, child in listed]
    if isinstance(form, trees.Built) and form.lost is None:
        pairs = list(dual.value.key_value_pairs())
        return [Dual(each, form=Pair(Dual(each.key), form.fields.get(each.key, Dual()))) for each in pairs]
    if isinstance(form, (Countable, trees.Token)):
        return form.items(walker, dual)
    if isinstance(form, Fields):
        return _pairs(walker, dual, form, node)
    if dual.is_constant and hasattr(dual.value, "__iter__"):
        return [Dual(item) for item in dual.value]
    return _without_form(walker, dual, node)


def _without_form(walker: Walker, dual: Dual, node: nodes.Bound) -> Iterator[Dual] | None:
    """The items of a list that has no form: how many there are is as it was, with an obstacle. Bytes are no list."""
    values = plain(dual.value)
    if dual.lost is None or dual.origin is None or not isinstance(values, list):
        return None
    walker.path.blocked(dual.lost)
    return _walked(walker, dual, node, list(iter(dual.value)))


def _walked(walker: Walker, dual: Dual, node: nodes.Bound, values: list[Any]) -> Iterator[Dual]:
    for index in range(len(values) + 1):
        place = Dual(index)
        if index <= walker.inputs.bounds.list_length:
            more = Dual(index < len(values), lost=dual.lost, origin=Origin(HAS_ITEM, node, [dual, place]))
            walker.path.decide(more, (node, HAS_ITEM))
        if index < len(values):
            yield Dual(values[index], lost=dual.lost, origin=Origin(ITEM, node, [dual, place]))


def _pairs(walker: Walker, dual: Dual, fields: Fields, node: nodes.Bound) -> list[Dual]:
    """All headers or parameters: which there are is as it was, with an obstacle; their values have their forms."""
    lost = walker.obstacle("all names of headers or parameters", node)
    walker.path.blocked(lost)
    made: list[Dual] = []
    for pair in dual.value:
        values = [pair.value] if isinstance(pair.value, str) else list(pair.value)
        found = fields.value(pair.key) if len(values) == 1 else Dual(lost=lost)
        items = [Dual(value, found.term, lost=found.lost) for value in values]
        inner = items[0] if isinstance(pair.value, str) else Dual(pair.value, form=Items(items))
        made.append(Dual(pair, form=Pair(Dual(pair.key), inner)))
    return made
