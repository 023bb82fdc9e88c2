"""Queries that order, aggregate or skip items, enumerated as in the run."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.access import Function, called
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.forms.lists import LINQ, SEQUENCE, linq
from apimpolicy.concolic.operations import fitting
from apimpolicy.concolic.replayer import UnsupportedStatement
from apimpolicy.concolic.sequences import Items, LazyItems, items_of
from apimpolicy.concolic.values import ConcolicValue, term_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.concolic.forms import Call

_ORDERED = "System.Linq.IOrderedEnumerable<TSource>"
_KEYS = "TSource, TKey"
_SELECTOR = "System.Func<TSource, TKey> keySelector"


class Ordered(LazyItems):
    """The form of a query in an order: by what, and whether the largest come first; what matters most comes first."""

    source: ConcolicValue
    levels: list[tuple[ConcolicValue, bool]]


@form(LINQ, linq(_ORDERED, "OrderBy", _SELECTOR, _KEYS), linq(_ORDERED, "OrderByDescending", _SELECTOR, _KEYS))
def order_by(call: Call) -> ConcolicValue | None:
    source, selector = call.arguments
    if not isinstance(selector.form, Function) or items_of(call.replayer, source, call.node) is None:
        return None
    return _ordered(call, source, [(selector, call.member.name.endswith("Descending"))])


@form(
    LINQ,
    *(
        f"static {_ORDERED} {name}<TSource, TKey>(this {_ORDERED} source, {_SELECTOR})"
        for name in ("ThenBy", "ThenByDescending")
    ),
)
def then_by(call: Call) -> ConcolicValue | None:
    own, selector = call.arguments[0].form, call.arguments[1]
    if not isinstance(own, Ordered) or not isinstance(selector.form, Function):
        return None
    level = selector, call.member.name.endswith("Descending")
    return _ordered(call, own.source, [*own.levels, level])


def _ordered(call: Call, source: ConcolicValue, levels: list[tuple[ConcolicValue, bool]]) -> ConcolicValue:
    return ConcolicValue(form=Ordered(lambda: _sort(call, source, levels), source, levels))


def _sort(call: Call, source: ConcolicValue, levels: list[tuple[ConcolicValue, bool]]) -> Iterator[ConcolicValue]:
    """Return the items in the order of this run, and branch on that order."""
    replayer = call.replayer
    items = list(items_of(replayer, source, call.node) or ())
    keys = [[called(replayer, selector, [item]) for item in items] for selector, _ in levels]
    if not all(isinstance(key.value, (int, float, type(None))) for level in keys for key in level):
        raise UnsupportedStatement("an order of texts")
    places = list(range(len(items)))
    for values, (_, is_falling) in reversed(list(zip(keys, levels, strict=True))):
        known = [(each.value is not None, each.value) for each in values]  # null comes first
        places.sort(key=known.__getitem__, reverse=is_falling)
    for one, other in pairwise(places):
        _branch_on_order(
            call, [(values[one], values[other], falls) for values, (_, falls) in zip(keys, levels, strict=True)]
        )
    return iter([items[place] for place in places])


def _branch_on_order(call: Call, keys: list[tuple[ConcolicValue, ConcolicValue, bool]]) -> None:
    """Branch on one item coming before another: the first differing key decides."""
    for one, other, is_falling in keys:
        if one.is_constant and other.is_constant:
            if one.value != other.value:
                return
            continue
        first, second = term_of(one), term_of(other)
        if first is None or second is None or not solver.is_numeric(first) or not solver.is_numeric(second):
            call.replayer.path.mark_inexact(
                one.unsupported or other.unsupported or call.replayer.unsupported_at("an order", call.node)
            )
            return
        is_before = first > second if is_falling else first < second
        if call.replayer.path.branch_on(is_before, "order"):
            return
        call.replayer.path.add_branch(solver.equal(first, second), True, "order")


def _numbers(name: str, kind: str) -> tuple[str, str]:
    of_items = f"static {kind} {name}(this {SEQUENCE}<{kind}> source)"
    return of_items, linq(kind, name, f"System.Func<TSource, {kind}> selector")


@form(LINQ, *(each for name in ("Sum", "Max", "Min") for kind in ("int", "long") for each in _numbers(name, kind)))
def aggregate(call: Call) -> ConcolicValue | None:
    source = items_of(call.replayer, call.arguments[0], call.node)
    if source is None:
        return None
    items = [called(call.replayer, call.arguments[1], [each]) if call.arguments[1:] else each for each in source]
    if all(each.is_constant for each in items):
        return ConcolicValue()
    terms = [term for each in items if (term := term_of(each)) is not None]
    if len(terms) < len(items) or not terms:
        return None
    if call.member.name == "Sum":
        return fitting(call.replayer, call.node, sum(terms[1:], start=terms[0]), str(call.node.type))
    found = terms[0]
    for each in terms[1:]:
        found = solver.if_else(each > found if call.member.name == "Max" else each < found, each, found)
    return ConcolicValue(term=found)


_TWO = f"this {SEQUENCE}<TSource> first, {SEQUENCE}<TSource> second"


@form(LINQ, f"static {SEQUENCE}<TSource> Concat<TSource>({_TWO})")
def concat(call: Call) -> ConcolicValue | None:
    parts = [items_of(call.replayer, each, call.node) for each in call.arguments]
    known = [each for each in parts if each is not None]
    return ConcolicValue(form=LazyItems(lambda: (item for each in known for item in each))) if len(known) == 2 else None


@form(LINQ, linq(f"{SEQUENCE}<TSource>", "Reverse"))
def reverse(call: Call) -> ConcolicValue | None:
    source = items_of(call.replayer, call.arguments[0], call.node)
    return None if source is None else ConcolicValue(form=LazyItems(lambda: reversed(list(source))))


@form(LINQ, f"static {SEQUENCE}<TResult> Cast<TResult>(this System.Collections.IEnumerable source)")
def cast(call: Call) -> ConcolicValue | None:
    source = items_of(call.replayer, call.arguments[0], call.node)
    return None if source is None else ConcolicValue(form=Items(list(source)))


@form(LINQ, linq("TSource", "ElementAt", "int index"), linq("TSource", "ElementAtOrDefault", "int index"))
def element_at(call: Call) -> ConcolicValue | None:
    source, index = items_of(call.replayer, call.arguments[0], call.node), call.arguments[1]
    if source is None or not index.is_constant:
        return None
    items = list(source)
    if 0 <= index.value < len(items):
        found: ConcolicValue = items[index.value]
        return found
    if not call.member.name.endswith("OrDefault"):
        call.guard(solver.FALSE)
    return ConcolicValue()
