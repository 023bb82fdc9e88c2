"""Comparisons: one side gets the value of the other, or a different one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import IS_AMONG
from apimpolicy.concolic.python_values import to_python
from apimpolicy.dotnet.system.datetimes import DateTime
from apimpolicy.dotnet.system.offsets import DateTimeOffset
from apimpolicy.dotnet.system.timespans import HOUR, TimeSpan

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages
    from apimpolicy.concolic.values import ConcolicValue

_STEPS = (0, 1, 2, 15, 16, 63)
"""Distances beyond a bound to try: some numbers must also fit another condition, such as a cipher's block size."""


@inverse(
    *("==", "string.Equals", "object.Equals", "bool.Equals", "int.Equals", "System.Guid.Equals"),
    *("System.Linq.Enumerable.SequenceEqual", "Newtonsoft.Json.Linq.JToken.DeepEquals"),
)
def equal(query: InverseQuery) -> Preimages:
    return _same(query) if query.wanted else _different(query)


@inverse("!=")
def unequal(query: InverseQuery) -> Preimages:
    return _different(query) if query.wanted else _same(query)


@inverse("string.Compare", "string.CompareOrdinal", "string.CompareTo")
def ordered(query: InverseQuery) -> Preimages:
    return _different(query) if query.wanted else _same(query)


def sample_of(node: nodes.Bound | None) -> Any:
    """Return a sample value of a node's type; a string where any value does."""
    target = str(getattr(node, "type", "")).removesuffix("?").rpartition(".")[2]
    return {"bool": True, "int": 1, "long": 1, "double": 1, "JArray": ["x"], "JObject": {}}.get(target, "x")


def _same(query: InverseQuery) -> Preimages:
    one, other = query.was(0), query.was(1)
    yield from same_arrays(query)
    yield {0: other}
    yield {1: one}


def same_arrays(query: InverseQuery) -> Preimages:
    """Yield equal arrays for equal items at one index, which saves one round for each item."""
    first, second = (_indexed(each) for each in query.operands[:2])
    if first is None or second is None:
        return
    (one, place), (other, place_of_other) = first, second
    if place == place_of_other and len(one.value) == len(other.value):
        yield {one: to_python(other.value)}
        yield {other: to_python(one.value)}


def _indexed(concolic: ConcolicValue) -> tuple[ConcolicValue, Any] | None:
    """Return the list and the index of a value that is an item."""
    origin = concolic.origin
    while origin is not None and isinstance(origin.node, nodes.Convert):
        origin = origin.operands[0].origin
    if origin is None or not isinstance(origin.node, nodes.ArrayAccess) or len(origin.operands) < 2:
        return None
    return origin.operands[0], origin.operands[1].value


def _different(query: InverseQuery) -> Preimages:
    one, other = query.was(0), query.was(1)
    yield {0: _another(other)}
    yield {1: _another(one)}


def _another(value: Any) -> Any:
    """Return a different value."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes) and value:
        return value[:-1] + bytes([value[-1] ^ 1])
    return value + "x" if isinstance(value, str) else "x"


def later(value: Any, steps: int) -> Any:
    """Return a number or date that is a number of steps larger."""
    if isinstance(value, DateTime):
        return DateTime(value.ticks + steps * HOUR, value.kind)
    if isinstance(value, DateTimeOffset):
        return DateTimeOffset(value.clock.ticks + steps * HOUR, value.offset_ticks)
    return TimeSpan(value.ticks + steps * HOUR) if isinstance(value, TimeSpan) else value + steps


@inverse("<", ">=")
def less(query: InverseQuery) -> Preimages:
    return _less(query) if query.wanted is (query.origin.name == "<") else _at_least(query)


@inverse(">", "<=")
def more(query: InverseQuery) -> Preimages:
    return _more(query) if query.wanted is (query.origin.name == ">") else _at_most(query)


def _less(query: InverseQuery) -> Preimages:
    for step in _STEPS:
        yield {0: later(query.was(1), -1 - step)}
        yield {1: later(query.was(0), 1 + step)}


def _at_least(query: InverseQuery) -> Preimages:
    for step in _STEPS:
        yield {0: later(query.was(1), step)}
        yield {1: later(query.was(0), -step)}


def _more(query: InverseQuery) -> Preimages:
    for step in _STEPS:
        yield {0: later(query.was(1), 1 + step)}
        yield {1: later(query.was(0), -1 - step)}


def _at_most(query: InverseQuery) -> Preimages:
    for step in _STEPS:
        yield {0: later(query.was(1), -step)}
        yield {1: later(query.was(0), step)}


@inverse(IS_AMONG)
def among(query: InverseQuery) -> Preimages:
    """The value is one of the others, or one of them is the value."""
    value, others = query.was(0), range(1, len(query.operands))
    if query.wanted:
        for index in others:
            yield {0: query.was(index)}
            yield {index: value}
    else:
        yield {0: _another(value)}
        yield {index: _another(value) for index in others if query.was(index) == value}


@inverse("unary !")
def negated(query: InverseQuery) -> Preimages:
    yield {0: not query.wanted}


@inverse("is null")
def is_null(query: InverseQuery) -> Preimages:
    origin = query.operands[0].origin
    yield {0: None if query.wanted else sample_of(None if origin is None else origin.node)}


@inverse("string.IsNullOrEmpty", "string.IsNullOrWhiteSpace")
def is_empty(query: InverseQuery) -> Preimages:
    yield {0: "" if query.wanted else "x"}
    if query.wanted:
        yield {0: None}
