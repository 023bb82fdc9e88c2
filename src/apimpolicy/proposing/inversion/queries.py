"""Inverses of queries over collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing.inversion.core import unconverted
from apimpolicy.proposing.inversion.inverses import inverse
from apimpolicy.proposing.inversion.recorded import UNKNOWN
from apimpolicy.proposing.inversion.samples import one_item
from apimpolicy.proposing.inversion.values import resized, with_member

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.proposing.inversion.core import Inversion, Requests
    from apimpolicy.proposing.inversion.recorded import Recorded


_LINQ = {"Exists": "Any", "TrueForAll": "All", "Find": "FirstOrDefault", "FindAll": "Where"}
"""Members of arrays and lists that are queries by another name."""


def query(
    inversion: Inversion, of: Recorded, node: nodes.Call, operands: list[Expression], test: nodes.Lambda, wanted: Any
) -> Requests:
    """Yield requests with which a query over a collection has another result."""
    name, source = _LINQ.get(node.method.name, node.method.name), operands[0]
    items, body = of.value(source), test.body
    has_run = first_evaluated(of, body)
    if not has_run:
        first = one_item(inversion, of, test)
        if not (name in ("All", "Any", "Count") and wanted in (False, 0) and name != "All"):
            yield from inversion.solve(of, source, first)
        return
    if not isinstance(body, nodes.Expression):
        return
    match name:
        case "Any" | "All":
            yield from inversion.solve(of, body, wanted)
            if isinstance(items, list):
                if bool(wanted) == (name == "Any"):
                    yield from inversion.solve(of, source, [*items, *items[-1:]])
                else:
                    yield from inversion.solve(of, source, [])
        case "First" | "FirstOrDefault" | "Single" | "SingleOrDefault" | "Last" | "LastOrDefault":
            current = of.value(node)
            if wanted is None:
                yield from inversion.solve(of, body, False)
            elif current is None or current is UNKNOWN:
                yield from inversion.solve(of, body, True)
            elif isinstance(items, list) and current in items:
                yield from inversion.solve(of, source, with_member(items, [items.index(current)], wanted))
            else:
                if not isinstance(items, list):
                    yield from inversion.solve(of, source, [wanted])
                yield from inversion.solve(of, body, False)
                yield from inversion.solve(of, body, True)
        case "Select" | "Sum" | "Max" | "Min" | "Average":
            outer = of.parents.get(id(node))
            current = of.value(outer) if isinstance(outer, nodes.Call) else of.value(node)
            if isinstance(wanted, list) and isinstance(current, list) and len(wanted) == len(current):
                inversion.place = next((i for i, each in enumerate(wanted) if each != current[i]), None)
                try:
                    yield from inversion.solve(of, body, wanted[inversion.place or 0] if wanted else None)
                finally:
                    inversion.place = None
                return
            yield from inversion.solve(of, body, wanted[-1] if isinstance(wanted, list) and wanted else wanted)
            if isinstance(wanted, list) and isinstance(items, list) and len(wanted) != len(items):
                yield from inversion.solve(of, source, resized(items, len(wanted)))
        case "Where" | "Count" | "TakeWhile" | "SkipWhile":
            size = len(wanted) if isinstance(wanted, list) else int(wanted) if isinstance(wanted, (int, float)) else 1
            if size:
                yield from inversion.solve(of, body, True)
                if isinstance(wanted, list):
                    yield from inversion.solve(of, source, wanted)
                if size > 1 and isinstance(items, list):
                    yield from inversion.solve(of, source, [*items[-1:]] * size)
            else:
                yield from inversion.solve(of, body, False)
        case "ToDictionary" if isinstance(wanted, dict):
            yield from to_dictionary(inversion, of, node, operands, wanted)
        case "GroupBy" if isinstance(wanted, list):
            groups = (each if isinstance(each, list) else [each] for each in wanted)
            yield from inversion.solve(of, source, [each for group in groups for each in group])
        case "OrderBy" | "OrderByDescending" | "ThenBy":
            yield from inversion.solve(of, source, wanted)


def to_dictionary(
    inversion: Inversion, of: Recorded, node: nodes.Call, operands: list[Expression], wanted: dict[Any, Any]
) -> Requests:
    """Yield requests with which a dictionary of items has another value for a key, or another key."""
    current = of.value(node)
    known = list(current) if isinstance(current, dict) else []
    of_key, *of_value = [inner.body for each in operands if isinstance(inner := unconverted(each), nodes.Lambda)]
    for key, value in wanted.items():
        if key not in known:
            yield from inversion.solve(of, of_key, key)
        elif current[key] != value and of_value:
            inversion.place = known.index(key)
            try:
                yield from inversion.solve(of, of_value[0], value)
            finally:
                inversion.place = None


def key_of_group(inversion: Inversion, of: Recorded, group: Bound, wanted: Any) -> Requests:
    """Yield requests with another key of a group of items."""
    node = unconverted(group)
    sources = of.sources.get(id(node.symbol), []) if isinstance(node, nodes.Local) else [node]
    for source in sources:
        for each in source.walk():
            if isinstance(each, nodes.Call) and each.method.name == "GroupBy":
                selector = unconverted(each.arguments[0 if each.receiver is not None else 1])
                if isinstance(selector, nodes.Lambda):
                    yield from inversion.solve(of, selector.body, wanted)


def tested_by_method(
    inversion: Inversion, of: Recorded, source: Expression, name: str, is_all: bool, wanted: Any
) -> Requests:
    """Yield requests with which a method is true of all items, or of any; or isn't."""
    given = of.value(source)
    items = list(given) if isinstance(given, (str, list)) and given else ["x"]
    for place in range(len(items)) if bool(wanted) == is_all else [len(items) - 1]:
        items[place] = next((value for _, value in inverse(name, [items[place]], bool(wanted))), items[place])
    yield from inversion.solve(of, source, "".join(map(str, items)) if isinstance(given, str) else items)


def first_evaluated(of: Recorded, body: Bound) -> bool:
    return any(of.has(each) for each in body.walk())
