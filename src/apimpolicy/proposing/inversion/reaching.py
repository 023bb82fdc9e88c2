"""Requests with which a part of an expression is evaluated, isn't, or doesn't throw."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing.inversion.core import call_parts, is_constant, one_item, usual
from apimpolicy.proposing.inversion.recorded import UNKNOWN
from apimpolicy.proposing.inversion.values import resized

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.proposing.inversion.core import Inversion, Requests
    from apimpolicy.proposing.inversion.recorded import Recorded


class _NotNull:
    pass


_VALID = ("1", "eA==", "{}", "2026-01-01T00:00:00Z", "https://contoso.example/x", "x" * 24)
"""Texts of which one can mostly be parsed."""
_USABLE = ("https://contoso.example/x", "1", "{}")
"""Texts of which one can mostly be used by a policy."""
_SHORT, _LONG = 12, 64


class _Nonempty:
    pass


def returned(inversion: Inversion, of: Recorded, wanted: Any) -> Requests:
    body = of.body
    if body is None:
        return
    if isinstance(body, nodes.Expression):
        yield from inversion.solve(of, body, wanted)
        return
    returns = [each for each in body.walk() if isinstance(each, nodes.Return) and each.value is not None]
    done = [each for each in returns if each.value is not None and of.has(each.value)]
    for each in done[-1:]:
        assert each.value is not None
        yield from inversion.solve(of, each.value, wanted)
    others = [each for each in returns if each not in done[-1:] and each.value is not None]
    for each in sorted(others, key=lambda each: not (is_constant(each.value) and each.value.constant == wanted)):  # type: ignore[union-attr]
        if not is_constant(each.value) or each.value.constant == wanted:  # type: ignore[union-attr]
            yield from reach(inversion, of, each)


def reach(inversion: Inversion, of: Recorded, node: Bound) -> Requests:
    """Yield requests with which a part of an expression is evaluated."""
    path = of.around(node)
    if of.error is not None:
        yield from repair(inversion, of)
    for outer, inner in pairwise(path):
        if isinstance(outer, nodes.Try) and inner is outer.body:
            yield from repair(inversion, of, inner)
        need = need_of(of, outer, inner)
        if need is None:
            continue
        part, wanted = need
        if isinstance(wanted, _Nonempty):
            if of.has_any(inner):
                continue
            items = one_item(inversion, of, outer) if isinstance(outer, (nodes.Lambda, nodes.Foreach)) else ["x"]
            yield from inversion.solve(of, part, items)
        elif isinstance(wanted, _NotNull):
            yield from inversion.solve(of, part, usual(inversion, of, part))
        elif of.raw(part) is not UNKNOWN and of.value(part) != wanted:
            yield from inversion.solve(of, part, wanted)
            return
    ended = of.last_return()
    if ended is not None and ended not in path:
        for outer, inner in reversed(list(pairwise(of.around(ended)))):
            if outer in path and inner in path:
                break
            if isinstance(outer, nodes.If) and inner is not outer.condition:
                yield from inversion.solve(of, outer.condition, inner is not outer.then)
            elif isinstance(outer, nodes.Switch):
                for label in (each for section in outer.sections if section is not inner for each in section.constants):
                    yield from inversion.solve(of, outer.value, label)


def avoid(inversion: Inversion, of: Recorded, node: Bound) -> Requests:
    """Yield requests with which a part of an expression is not evaluated."""
    path = of.around(node)
    for outer, inner in reversed(list(pairwise(path))):
        if isinstance(outer, nodes.If) and inner is not outer.condition and of.has_any(inner):
            yield from inversion.solve(of, outer.condition, inner is not outer.then)


def repair(inversion: Inversion, of: Recorded, within: Bound | None = None) -> Requests:
    """Yield requests with which an expression, or a block of one, does not throw where it did."""
    failed = of.failed(within)
    if failed is None:
        return
    receiver, _ = call_parts(failed)
    if isinstance(failed, nodes.PropertyAccess):
        receiver = failed.receiver
    if isinstance(failed, nodes.ArrayAccess):
        receiver = failed.array
    if receiver is not None and of.raw(receiver) is None and not isinstance(failed, nodes.IndexerAccess):
        yield from inversion.solve(of, receiver, usual(inversion, of, receiver))
    yield from inversion.solve(of, failed, usual(inversion, of, failed))
    for child in failed.children():
        value = of.value(child)
        if isinstance(value, str) and len(value) < _SHORT:
            for sample in _VALID:
                yield from inversion.solve(of, child, sample)
        elif isinstance(value, (bytes, list)) and len(value) < _LONG:
            yield from inversion.solve(of, child, resized(value, _LONG))


def spoiled(inversion: Inversion, of: Recorded) -> Requests:
    """Yield requests with which an expression throws: what it reads is null, or no text of the kind that it parses."""
    for node in of.body.walk() if of.body is not None else ():
        receiver, arguments = call_parts(node)
        if isinstance(node, nodes.PropertyAccess):
            receiver = node.receiver
        operands = [each for each in (receiver, *arguments) if each is not None and of.has(each)]
        if isinstance(node, nodes.Call):
            for each in operands:
                if isinstance(of.value(each), str):
                    yield from inversion.solve(of, each, "!")
        if receiver is not None and of.has(receiver):
            yield from inversion.solve(of, receiver, None)


def usable(inversion: Inversion, of: Recorded) -> Requests:
    """Yield requests with which an expression has a value that its policy may be able to use."""
    for sample in _USABLE:
        yield from returned(inversion, of, sample)


def truth(inversion: Inversion, of: Recorded, node: Bound, *, wanted: Any) -> Requests:
    """Yield requests with which a condition has an outcome; one about null is to be None or not."""
    if not of.has(node):
        yield from reach(inversion, of, node)
    yield from inversion.solve(of, node, wanted)
    yield from once_more(inversion, of, node)


def once_more(inversion: Inversion, of: Recorded, node: Bound) -> Requests:
    """Yield requests with which the loops and queries around a part have one more round, like the last one."""
    for outer, inner in reversed(list(pairwise(of.around(node)))):
        if isinstance(outer, nodes.Loop) and outer.condition is not None and inner is outer.body:
            yield from inversion.solve(of, outer.condition, True)
            continue
        source: Bound | None = None
        if isinstance(outer, nodes.Foreach) and inner is outer.body:
            source = outer.collection
        elif isinstance(outer, nodes.Lambda) and (need := need_of(of, outer, inner)) is not None:
            source = need[0]
        items = None if source is None else of.value(source)
        if source is not None and isinstance(items, list) and items:
            yield from inversion.solve(of, source, [*items, items[-1]])


def need_of(of: Recorded, outer: Bound, inner: Bound) -> tuple[Bound, Any] | None:
    """Return what is to be so that a part inside another is evaluated."""
    match outer:
        case nodes.Logical() if inner is outer.right:
            return outer.left, outer.operator == "&&"
        case nodes.Conditional() if inner is not outer.condition:
            return outer.condition, inner is outer.when_true
        case nodes.If() if inner is not outer.condition:
            return outer.condition, inner is outer.then
        case nodes.Switch() if isinstance(inner, nodes.SwitchSection):
            labels = inner.constants
            return (outer.value, labels[0]) if labels else None
        case nodes.Loop() if outer.condition is not None and inner is outer.body and not of.has_any(inner):
            return outer.condition, True
        case nodes.Coalesce() if inner is outer.right:
            return outer.left, None
        case nodes.ConditionalAccess() if inner is outer.access and of.raw(outer.receiver) is None:
            return outer.receiver, _NotNull()
        case nodes.Foreach() if inner is outer.body:
            return outer.collection, _Nonempty()
        case nodes.Lambda():
            call = next((each for each in reversed(of.around(outer)) if isinstance(each, nodes.Call)), None)
            if call is not None:
                source = call.receiver or call.arguments[0]
                return source, _Nonempty()
    return None
