"""Questions about the ends of two runs of one request: terms that must be true for equal results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of
from apimpolicy.policies.registry import has_trait
from apimpolicy.records import Record
from apimpolicy.testing.comparing.canonical import common, of_element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.concolic.state import Fields, Message
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.result import Result


class End(Record):
    """The state at the end of one version's run."""

    tracer: Tracer
    result: Result


def questions(old: End, new: End) -> Iterator[solver.Term | Unsupported]:
    """Yield the terms that must be true, or why one is unknown."""
    yield from _of_messages(_answer(old), _answer(new), old, new)
    one, other = old.tracer.state.forwarded, new.tracer.state.forwarded
    for first, second in zip(one, other, strict=False):
        yield from _of_sent(first, second)
    if old.result.reached_backend:
        yield from _of_urls(old, new)


def _answer(end: End) -> Message:
    return end.tracer.state.response(end.result.exchange.response)


def _of_messages(one: Message, other: Message, old: End, new: End) -> Iterator[solver.Term | Unsupported]:
    if one.key != other.key:
        yield Unsupported("responses from different sources", "")
        return
    if one.status is not None or other.status is not None:
        status = one.headers.inputs.int_var(*one.key, "status", default=200, least=200, most=599)
        given = ConcolicValue(term=status) if one.key != ("own",) else ConcolicValue(old.result.response.status_code)
        yield _equal(one.status or given, other.status or given)
    if (one.reason is not None or other.reason is not None) and one.reason is not other.reason:
        yield _equal(_reason(one, old), _reason(other, new))
    yield from _of_headers(one.headers, other.headers)
    yield from _of_bodies(one, other)


def _reason(message: Message, end: End) -> ConcolicValue:
    if message.reason is not None:
        return message.reason
    if message.key == ("own",):
        return ConcolicValue(end.result.response.reason)
    return ConcolicValue(unsupported=Unsupported("the reason phrase of a response", ""))


def _of_sent(one: Message, other: Message) -> Iterator[solver.Term | Unsupported]:
    if one.method is not None or other.method is not None:
        if one.method is None or other.method is None:
            yield Unsupported("the method of a request", "")
        else:
            yield _equal(one.method, other.method)
    yield from _of_headers(one.headers, other.headers)
    yield from _of_bodies(one, other)


def _of_urls(old: End, new: End) -> Iterator[Unsupported]:
    """Yield policies that set the backend's URL differently, or with expressions that may differ."""
    shared = common(old.result.trace, new.result.trace)
    one, other = ([entry for entry in end.result.trace if has_trait(entry.name, "routes")] for end in (old, new))
    is_same = [of_element(entry.element) for entry in one] == [of_element(entry.element) for entry in other]
    common_entries = old.result.trace[:shared]
    for entry in one:
        attributes = [attribute.value.expression for attribute in entry.element.attributes]
        inner = [each.expression for each in entry.element.elements()]
        is_fixed = all(each is None for each in (*attributes, *inner))
        if entry not in common_entries and not (is_same and is_fixed):
            line, column = entry.position
            yield Unsupported("the URL of the backend", f"{entry.file}:{line}:{column}")
    if not one and other:
        yield Unsupported("the URL of the backend", "")


def _of_headers(one: Fields, other: Fields) -> Iterator[solver.Term | Unsupported]:
    for fields in (one, other):
        if fields.unsupported is not None:
            yield fields.unsupported
    for name in sorted({*one.set, *other.set}):
        first, second = one.there(name), other.there(name)
        yield solver.equal(first, second)
        if not any(solver.truth_value(solver.simplify(there)) is False for there in (first, second)):
            found = _equal(one.value(name), other.value(name))
            yield found if isinstance(found, Unsupported) else solver.any_of(solver.not_(first), found)


def _of_bodies(one: Message, other: Message) -> Iterator[solver.Term | Unsupported]:
    for message in (one, other):
        if message.body.unsupported is not None:
            yield message.body.unsupported
    first, second = one.body.set, other.body.set
    if first is None and second is None:
        return
    if first is None or second is None:
        yield Unsupported("a body that only one of the versions sets", "")
        return
    yield _equal(first, second)


def _equal(one: ConcolicValue, other: ConcolicValue) -> solver.Term | Unsupported:
    if one.is_constant and other.is_constant:
        return solver.constant(bool(one.value == other.value))
    if one.form is not None and one.form is other.form:
        return solver.constant(True)
    first, second = term_of(one), term_of(other)
    if first is None or second is None or first.sort() != second.sort():
        return one.unsupported or other.unsupported or Unsupported("a value without a form", "")
    found = solver.equal(first, second)
    if one.null is not None or other.null is not None:
        found = solver.all_of(solver.equal(one.is_null, other.is_null), solver.any_of(one.is_null, found))
    return found
