"""Inverses of local variables: from what gives them values, and what changes the objects in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.reasoning.proposing.inversion.core import (
    avoid,
    constant_of,
    is_constant,
    reach,
    unconverted,
    with_another_round,
)
from apimpolicy.reasoning.proposing.inversion.recorded import Recorded, plain
from apimpolicy.reasoning.proposing.inversion.values import with_member

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.inversion.core import Inversion, Requests


_COPIES = ("Copy", "BlockCopy", "ConstrainedCopy")


def invert_local(inversion: Inversion, recorded: Recorded, node: nodes.Local, wanted: Any) -> Requests:
    current = recorded.raw(node)
    sources = recorded.sources.get(id(node.symbol), [])
    assigned = [
        assignment
        for assignment in sources
        if recorded.has(assignment) or isinstance(assignment, (nodes.Foreach, nodes.Call)) or is_constant(assignment)
    ]
    assigned.sort(key=lambda assignment: recorded.raw(assignment) is not current)
    for source in assigned:
        if isinstance(source, nodes.Foreach):
            yield from with_item(inversion, recorded, source.collection, current, wanted)
        elif (
            isinstance(source, nodes.Call)
            and isinstance(receiver(source), nodes.Local)
            and receiver(source).symbol is node.symbol
        ) or (isinstance(source, nodes.Assignment) and isinstance(source.target, nodes.IndexerAccess)):
            yield from added(inversion, recorded, source, recorded.value(node), wanted)
        elif isinstance(source, nodes.Call) and source.method.name in _COPIES:
            yield from copied(inversion, recorded, source, wanted)
        elif isinstance(source, nodes.Call) and any(holds(argument, node.symbol) for argument in source.arguments):
            yield from with_item(inversion, recorded, source.receiver or source.arguments[0], current, wanted)
        elif (isinstance(source, nodes.Call) and source.method.name.startswith("Try")) or recorded.has(source):
            yield from inversion.solve(recorded, source, wanted)
    for source in sources:
        if (is_constant(source) and constant_of(source) == wanted) or (
            not recorded.has(source) and not is_constant(source)
        ):
            yield from reach(inversion, recorded, source)


def copied(inversion: Inversion, recorded: Recorded, call: nodes.Call, wanted: Any) -> Requests:
    values = [recorded.value(each) for each in call.arguments]
    source = values[0]
    start, place, size = (0, 0, values[2]) if len(values) == 3 else (values[1], *values[3:5])
    if isinstance(source, (bytes, list)) and type(wanted) is type(source):
        part: Any = wanted[place : place + size]
        yield from inversion.solve(recorded, call.arguments[0], source[:start] + part + source[start + len(part) :])


def added(inversion: Inversion, recorded: Recorded, source: Any, current: Any, wanted: Any) -> Requests:
    if isinstance(wanted, (list, dict)) and isinstance(current, (list, dict)) and len(wanted) > len(current):
        yield from reach(inversion, recorded, source)
        yield from with_another_round(inversion, recorded, source)
    if isinstance(wanted, (list, dict)) and isinstance(current, (list, dict)) and len(wanted) < len(current):
        yield from avoid(inversion, recorded, source)
    inserted: list[tuple[Expression, Expression]] = []
    if isinstance(source, nodes.Assignment):
        target = source.target
        assert isinstance(target, nodes.IndexerAccess)
        inserted = [(target.arguments[0], source.value)]
    elif len(source.arguments) == 2:
        inserted = [(source.arguments[0], source.arguments[1])]
    elif isinstance(current, list) and isinstance(wanted, list) and wanted and len(wanted) <= len(current):
        index = next((i for i, item in enumerate(wanted) if item != current[i]), None)
        if index is not None and recorded.has(source):
            yield from inversion.solve(recorded, source.arguments[0], wanted[index])
    for key, value in inserted if isinstance(wanted, dict) and isinstance(current, dict) else ():
        name = recorded.value(key)
        if wanted.get(name) != current.get(name):
            if not recorded.has(source):
                yield from reach(inversion, recorded, source)
            yield from inversion.solve(recorded, value, wanted.get(name))
        for other in wanted.keys() - current.keys() - {name}:
            yield from inversion.solve(recorded, key, other)


def with_item(inversion: Inversion, recorded: Recorded, collection: Expression, current: Any, wanted: Any) -> Requests:
    items = recorded.value(collection)
    if isinstance(items, dict):
        return
    if isinstance(items, str) and isinstance(wanted, str):
        yield from inversion.solve(
            recorded, collection, items.replace(str(plain(current)), wanted) if items else wanted
        )
        return
    if not isinstance(items, list):
        yield from inversion.solve(recorded, collection, [wanted])
        return

    index = inversion.place
    if index is None:
        index = next((i for i, each in enumerate(items) if each == plain(current)), len(items) - 1)
    yield from inversion.solve(recorded, collection, with_member(items, [max(index, 0)], wanted))
    if items:  # beside the others
        yield from inversion.solve(recorded, collection, [*items, wanted])


def receiver(node: nodes.Call) -> Any:
    return unconverted(node.receiver)


def holds(argument: Any, symbol: object) -> bool:
    inner = unconverted(argument)
    return isinstance(inner, nodes.Lambda) and any(each is symbol for each in inner.parameters)
