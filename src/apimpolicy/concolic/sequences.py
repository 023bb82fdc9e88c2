"""Lists over the inputs: as many items as in the run, each with its term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import symbolic_json
from apimpolicy.concolic.origins import HAS_ITEM, ITEM, Origin
from apimpolicy.concolic.python_values import to_python
from apimpolicy.concolic.state import Fields
from apimpolicy.concolic.values import Changeable, ConcolicValue
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.binding import nodes
    from apimpolicy.concolic.replayer import Replayer


class Items(Changeable):
    """The form of a list whose items are known."""

    __slots__ = ("items",)

    def __init__(self, items: list[ConcolicValue]) -> None:
        super().__init__()
        self.items = items

    def content(self) -> list[ConcolicValue]:
        return self.items


class LazyItems(Record):
    """The form of a query, which is evaluated when it is enumerated."""

    walk: Callable[[], Iterator[ConcolicValue]]


class ItemSource:
    """A form that makes its items on demand, such as the parts of a split string."""

    __slots__ = ()

    def items(self, replayer: Replayer, concolic: ConcolicValue) -> list[ConcolicValue] | None:
        """Return the items in this run."""
        raise NotImplementedError


class Pair(Record):
    """The form of a name with its values."""

    name: ConcolicValue
    value: ConcolicValue


class Entries(ItemSource, Changeable):
    """The form of a dictionary that a policy filled: its keys and values, in the order in which they came."""

    __slots__ = ("entries",)

    def __init__(self, entries: list[tuple[ConcolicValue, ConcolicValue]]) -> None:
        super().__init__()
        self.entries = entries

    def content(self) -> Iterator[ConcolicValue]:
        return (each for entry in self.entries for each in entry)

    def items(self, replayer: Replayer, concolic: ConcolicValue) -> list[ConcolicValue] | None:
        """Return its pairs."""
        pairs = list(concolic.value or ())
        if self.unsupported is not None or len(pairs) != len(self.entries):
            return None
        return [ConcolicValue(pair, form=Pair(*entry)) for pair, entry in zip(pairs, self.entries, strict=True)]


def items_of(
    replayer: Replayer, concolic: ConcolicValue, node: nodes.Bound
) -> Iterator[ConcolicValue] | list[ConcolicValue] | None:
    """Return the items of a list; None when it has no form."""
    form = concolic.form
    if isinstance(form, Items):
        return None if form.unsupported is not None else list(form.items)
    if isinstance(form, LazyItems):
        return form.walk()
    if (
        isinstance(form, symbolic_json.SymbolicJson)
        and form.is_token
        and form.decide_kind(replayer, concolic) == symbolic_json.OBJECT
    ):
        listed = form.pairs(replayer, concolic, list(concolic.value.key_value_pairs()))
        return [ConcolicValue(each, form=Pair(name, child)) for each, name, child in listed]
    if isinstance(form, symbolic_json.BuiltJson) and form.unsupported is None:
        pairs = list(concolic.value.key_value_pairs())
        return [
            ConcolicValue(each, form=Pair(ConcolicValue(each.key), form.fields.get(each.key, ConcolicValue())))
            for each in pairs
        ]
    if isinstance(form, (ItemSource, symbolic_json.Token)):
        return form.items(replayer, concolic)
    if isinstance(form, Fields):
        return _pairs(replayer, concolic, form, node)
    if concolic.is_constant and hasattr(concolic.value, "__iter__"):
        return [ConcolicValue(item) for item in concolic.value]
    return _without_form(replayer, concolic, node)


def _without_form(replayer: Replayer, concolic: ConcolicValue, node: nodes.Bound) -> Iterator[ConcolicValue] | None:
    """Return the items of a list without a form, as many as in the run, marked as unsupported. Bytes are no list."""
    values = to_python(concolic.value)
    if concolic.unsupported is None or concolic.origin is None or not isinstance(values, list):
        return None
    replayer.path.mark_inexact(concolic.unsupported)
    return _walked(replayer, concolic, node, list(iter(concolic.value)))


def _walked(
    replayer: Replayer, concolic: ConcolicValue, node: nodes.Bound, values: list[Any]
) -> Iterator[ConcolicValue]:
    for index in range(len(values) + 1):
        place = ConcolicValue(index)
        if index <= replayer.inputs.bounds.list_length:
            more = ConcolicValue(
                index < len(values), unsupported=concolic.unsupported, origin=Origin(HAS_ITEM, node, [concolic, place])
            )
            replayer.path.decide(more, (node, HAS_ITEM))
        if index < len(values):
            yield ConcolicValue(
                values[index], unsupported=concolic.unsupported, origin=Origin(ITEM, node, [concolic, place])
            )


def _pairs(replayer: Replayer, concolic: ConcolicValue, fields: Fields, node: nodes.Bound) -> list[ConcolicValue]:
    """Return all headers or parameters: names are those of the run, marked as unsupported; values have terms."""
    unsupported = replayer.unsupported_at("all names of headers or parameters", node)
    replayer.path.mark_inexact(unsupported)
    made: list[ConcolicValue] = []
    for pair in concolic.value:
        values = [pair.value] if isinstance(pair.value, str) else list(pair.value)
        found = fields.value(pair.key) if len(values) == 1 else ConcolicValue(unsupported=unsupported)
        items = [ConcolicValue(value, found.term, unsupported=found.unsupported) for value in values]
        inner = items[0] if isinstance(pair.value, str) else ConcolicValue(pair.value, form=Items(items))
        made.append(ConcolicValue(pair, form=Pair(ConcolicValue(pair.key), inner)))
    return made
