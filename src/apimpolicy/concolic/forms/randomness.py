"""GUIDs and random numbers. The numbers are inputs; test files state them.

The hash code of a GUID is an input, and so are the numbers of a generator that is seeded with it: `scenarios.seeds`
finds a GUID that gives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call
    from apimpolicy.scenarios.assignments import Key

_LARGEST = 2**31 - 1


class Id(Record):
    """The form of a GUID that comes by chance."""

    key: Key


@form("IContext", "System.Guid RequestId { get; }", but="anything but its hash code")
def request_id(call: Call) -> ConcolicValue:
    return ConcolicValue(form=Id(("request-id",)))


@form("System.Guid", "static System.Guid NewGuid()", but="anything but its hash code")
def new_guid(call: Call) -> ConcolicValue:
    state = call.replayer.state
    state.guids += 1
    return ConcolicValue(form=Id(("guid", str(state.guids - 1))))


@form("System.Guid", "int GetHashCode()")
def hash_of_guid(call: Call) -> ConcolicValue | None:
    own = call.own.form
    if not isinstance(own, Id):
        return None
    key = (*own.key, "hash")
    call.replayer.path.record_random(*key, value=call.value)
    return ConcolicValue(term=call.replayer.inputs.int_var(*key, least=-_LARGEST - 1, most=_LARGEST))


class RandomSource:
    """The form of a `new Random()`, whose numbers are inputs one after another."""

    __slots__ = ()


class SeededRandom:
    """The form of a generator whose seed is an input: `draws` counts its numbers."""

    __slots__ = ("draws", "key")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.draws = 0


@form("System.Random", "new()")
def new_random(call: Call) -> ConcolicValue:
    return ConcolicValue(form=RandomSource())


@form("System.Random", "new(int Seed)", but="seeds that are not the hash code of a GUID")
def seeded_random(call: Call) -> ConcolicValue | None:
    term = call.arguments[0].term
    seed = None if term is None else call.replayer.inputs.by_name.get(solver.name_of(term))
    return ConcolicValue(form=SeededRandom(seed.key)) if seed is not None and seed.key[-1] == "hash" else None


@form("System.Random", "int Next(int minValue, int maxValue)", "int Next(int maxValue)", "int Next()")
def next_number(call: Call) -> ConcolicValue | None:
    if not all(each.is_constant for each in call.arguments):
        return None
    given = [int(each.value) for each in call.arguments]
    least, most = (0, _LARGEST) if not given else (0, given[0]) if len(given) == 1 else (given[0], given[1])
    key = _next_key(call, str(least), str(most))
    if least >= most or key is None:
        return None
    return ConcolicValue(term=call.replayer.inputs.int_var(*key, default=least, least=least, most=most - 1))


@form("System.Random", "double NextDouble()")
def next_fraction(call: Call) -> ConcolicValue | None:
    key = _next_key(call, "0", "1")
    return None if key is None else ConcolicValue(term=call.replayer.inputs.real_var(*key))


def _next_key(call: Call, least: str, most: str) -> Key | None:
    """Return the input for the next number of a generator; record its value in the run."""
    own, path = call.own.form, call.replayer.path
    if isinstance(own, SeededRandom):
        own.draws += 1
        key: Key = ("seeded", "|".join(own.key), str(own.draws - 1), least, most)
        path.observe(*key, value=call.value)
        return key
    if not isinstance(own, RandomSource):
        return None
    state = call.replayer.state
    state.draws += 1
    key = ("random", str(state.draws - 1), least, most)
    path.record_random(*key, value=call.value)
    return key
