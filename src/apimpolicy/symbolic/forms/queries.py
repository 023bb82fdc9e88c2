"""Queries that put items in order, count them together, or leave some out: walked as the run walked over them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.access import Function, called
from apimpolicy.symbolic.forms import form
from apimpolicy.symbolic.forms.lists import LINQ, SEQUENCE, linq
from apimpolicy.symbolic.operations import fitting
from apimpolicy.symbolic.sequences import Items, Lazy, items_of
from apimpolicy.symbolic.values import Dual, term_of
from apimpolicy.symbolic.walker import Unfollowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.symbolic.forms import Call

_ORDERED = "System.Linq.IOrderedEnumerable<TSource>"
_KEYS = "TSource, TKey"
_SELECTOR = "System.Func<TSource, TKey> keySelector"


class Ordered(Lazy):
    """The form of a query in an order: by what, and whether the largest come first; what matters most comes first."""

    __slots__ = ("levels", "source")

    def __init__(self, call: Call, source: Dual, levels: list[tuple[Dual, bool]]) -> None:
        super().__init__(lambda: _in_order(call, source, levels))
        self.source = source
        self.levels = levels


@form(LINQ, linq(_ORDERED, "OrderBy", _SELECTOR, _KEYS), linq(_ORDERED, "OrderByDescending", _SELECTOR, _KEYS))
def ordered(call: Call) -> Dual | None:
    source, selector = call.arguments
    if not isinstance(selector.form, Function) or items_of(call.walker, source, call.node) is None:
        return None
    return Dual(form=Ordered(call, source, [(selector, call.member.name.endswith("Descending"))]))


@form(
    LINQ,
    *(
        f"static {_ORDERED} {name}<TSource, TKey>(this {_ORDERED} source, {_SELECTOR})"
        for name in ("ThenBy", "ThenByDescending")
    ),
)
def ordered_further(call: Call) -> Dual | None:
    own, selector = call.arguments[0].form, call.arguments[1]
    if not isinstance(own, Ordered) or not isinstance(selector.form, Function):
        return None
    level = selector, call.member.name.endswith("Descending")
    return Dual(form=Ordered(call, own.source, [*own.levels, level]))


def _in_order(call: Call, source: Dual, levels: list[tuple[Dual, bool]]) -> Iterator[Dual]:
    """The items in the order of this run, which decides the way."""
    walker = call.walker
    items = list(items_of(walker, source, call.node) or ())
    keys = [[called(walker, selector, [item]) for item in items] for selector, _ in levels]
    if not all(isinstance(key.value, (int, float, type(None))) for level in keys for key in level):
        raise Unfollowed("an order of texts")
    places = list(range(len(items)))
    for values, (_, is_falling) in reversed(list(zip(keys, levels, strict=True))):
        known = [(each.value is not None, each.value) for each in values]  # null comes first
        places.sort(key=known.__getitem__, reverse=is_falling)
    for one, other in pairwise(places):
        _before(call, [(values[one], values[other], falls) for values, (_, falls) in zip(keys, levels, strict=True)])
    return iter([items[place] for place in places])


def _before(call: Call, keys: list[tuple[Dual, Dual, bool]]) -> None:
    """One item comes before another one: the first of their keys that differ say so."""
    for one, other, is_falling in keys:
        if one.is_constant and other.is_constant:
            if one.value != other.value:
                return
            continue
        first, second = term_of(one), term_of(other)
        if first is None or second is None or not solver.is_number(first) or not solver.is_number(second):
            call.walker.path.blocked(one.lost or other.lost or call.walker.obstacle("an order", call.node))
            return
        is_before = first > second if is_falling else first < second
        if call.walker.path.split(is_before, "order"):
            return
        call.walker.path.hold(solver.equal(first, second), True, "order")


def _numbers(name: str, kind: str) -> tuple[str, str]:
    of_items = f"static {kind} {name}(this {SEQUENCE}<{kind}> source)"
    return of_items, linq(kind, name, f"System.Func<TSource, {kind}> selector")


@form(LINQ, *(each for name in ("Sum", "Max", "Min") for kind in ("int", "long") for each in _numbers(name, kind)))
def put_together(call: Call) -> Dual | None:
    source = items_of(call.walker, call.arguments[0], call.node)
    if source is None:
        return None
    items = [called(call.walker, call.arguments[1], [each]) if call.arguments[1:] else each for each in source]
    if all(each.is_constant for each in items):
        return Dual()
    terms = [term for each in items if (term := term_of(each)) is not None]
    if len(terms) < len(items) or not terms:
        return None
    if call.member.name == "Sum":
        return fitting(call.walker, call.node, sum(terms[1:], start=terms[0]), str(call.node.type))
    found = terms[0]
    for each in terms[1:]:
        found = solver.choice(each > found if call.member.name == "Max" else each < found, each, found)
    return Dual(term=found)


_TWO = f"this {SEQUENCE}<TSource> first, {SEQUENCE}<TSource> second"


@form(LINQ, f"static {SEQUENCE}<TSource> Concat<TSource>({_TWO})")
def one_after_another(call: Call) -> Dual | None:
    parts = [items_of(call.walker, each, call.node) for each in call.arguments]
    known = [each for each in parts if each is not None]
    return Dual(form=Lazy(lambda: (item for each in known for item in each))) if len(known) == 2 else None


@form(LINQ, linq(f"{SEQUENCE}<TSource>", "Reverse"))
def backwards(call: Call) -> Dual | None:
    source = items_of(call.walker, call.arguments[0], call.node)
    return None if source is None else Dual(form=Lazy(lambda: reversed(list(source))))


@form(LINQ, f"static {SEQUENCE}<TResult> Cast<TResult>(this System.Collections.IEnumerable source)")
def as_they_are(call: Call) -> Dual | None:
    source = items_of(call.walker, call.arguments[0], call.node)
    return None if source is None else Dual(form=Items(list(source)))


@form(LINQ, linq("TSource", "ElementAt", "int index"), linq("TSource", "ElementAtOrDefault", "int index"))
def item_of_query(call: Call) -> Dual | None:
    source, index = items_of(call.walker, call.arguments[0], call.node), call.arguments[1]
    if source is None or not index.is_constant:
        return None
    items = list(source)
    if 0 <= index.value < len(items):
        found: Dual = items[index.value]
        return found
    if not call.member.name.endswith("OrDefault"):
        call.guard(solver.FALSE)
    return Dual()
