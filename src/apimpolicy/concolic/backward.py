"""Invert branches without a term: from a value back to the inputs that it was computed from.

Everything uses the values of one run. What can't be inverted (a hash, the output of a cipher) keeps its value from the
run, and so do its inputs; the other side of the comparison gets that value, through whatever decodes, cuts and decrypts
it. The next run shows whether that worked; where it did not, the branches of that run are inverted again.
"""

from __future__ import annotations

import heapq
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.candidates import Target
from apimpolicy.concolic.forms.bodies import BodyText
from apimpolicy.concolic.inverses import InverseQuery, inverse_of
from apimpolicy.concolic.python_values import to_python
from apimpolicy.concolic.sequences import Items
from apimpolicy.dotnet.exceptions import DotnetException

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.concolic.inverses import Preimage
    from apimpolicy.concolic.origins import Origin
    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.values import ConcolicValue

_UNKNOWN = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, DotnetException)
"""Exceptions that an inverse raises for values of an unknown kind."""
_MOST_TRIES = 12
_LONGEST = 400
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_LEAVES = 2
_COMPARED = (str, int, float, bytes, list, dict, type(None))
_KINDS = {str: symbolic_json.TEXT, bool: symbolic_json.TRUTH, int: symbolic_json.NUMBER}


class Plan(NamedTuple):
    """Values that terms should get, and terms that must be true for that to matter. `pins` are terms to keep."""

    targets: list[Target]
    pins: list[tuple[Term, Any]]
    more: list[Term]

    @property
    def pins_by_strength(self) -> Iterator[list[Term]]:
        """All pins, then those that have no input in common with the targets."""
        all_pins = [solver.equal(term, solver.constant(value)) for term, value in self.pins]
        yield all_pins
        aimed_at = {name for target in self.targets for name in solver.names_of(target.term)}
        others = [pin for pin in all_pins if not solver.names_of(pin) & aimed_at]
        if len(others) < len(all_pins):
            yield others


class _NoPreimage(Exception):
    """A value that something cannot have."""


def is_invertible(concolic: ConcolicValue) -> bool:
    """Return whether a value can be traced back to inputs."""
    if concolic.term is not None or isinstance(concolic.form, symbolic_json.SymbolicJson):
        return True
    if isinstance(concolic.form, Items):
        return any(map(is_invertible, concolic.form.items))
    origin = concolic.origin
    if origin is None or concolic.is_constant:
        return False
    if origin.leads is None:
        origin.leads = inverse_of(origin.name) is not None and any(map(is_invertible, origin.operands))
    return origin.leads


def fingerprint(concolic: ConcolicValue) -> str:
    """Return a text that distinguishes a value from others computed at the same place."""
    operands = () if concolic.origin is None else concolic.origin.operands
    values = (to_python(each.value) for each in operands)
    return repr([each for each in values if isinstance(each, _COMPARED)])[:_LONGEST]


def plans(concolic: ConcolicValue, wanted: Any) -> Iterator[Plan]:
    """Yield values for the inputs that may give a value the wanted one."""
    seen: set[tuple[Any, ...]] = set()
    for choice in range(_MOST_TRIES):
        attempt = _Attempt(choice)
        try:
            attempt.make(concolic, wanted)
        except _NoPreimage:
            continue
        key = tuple((term.get_id(), repr(value)) for term, value, _ in attempt.targets)
        if key and key not in seen:
            seen.add(key)
            yield Plan(attempt.targets, _pins(concolic, attempt.targets), attempt.more)


class _Attempt:
    """One attempt to invert a value; where several preimages exist, `choice` selects one."""

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.targets: list[Target] = []
        self.more: list[Term] = []
        self._now: dict[int, Any] = {}
        self._waiting: list[tuple[int, Origin]] = []

    def make(self, concolic: ConcolicValue, wanted: Any) -> None:
        """Trace a value back to inputs. Raises _NoPreimage."""
        self._want(concolic, wanted)
        while self._waiting:
            _, origin = heapq.heappop(self._waiting)
            self._invert(origin, self._now[id(origin)])

    def _want(self, concolic: ConcolicValue, wanted: Any) -> None:
        if concolic.term is not None:
            self._aim_at(concolic, wanted)
        elif isinstance(concolic.form, symbolic_json.SymbolicJson):
            self._aim_at_tree(concolic, concolic.form, wanted)
        elif (
            isinstance(concolic.form, Items)
            and isinstance(wanted, (bytes, list))
            and len(wanted) == len(concolic.form.items)
        ):
            for item, value in zip(concolic.form.items, wanted, strict=True):
                self._want(item, value)
        elif is_invertible(concolic) and concolic.origin is not None:
            if id(concolic.origin) not in self._now:
                heapq.heappush(self._waiting, (-concolic.origin.number, concolic.origin))
            self._now[id(concolic.origin)] = wanted
        elif to_python(concolic.value) != wanted:
            raise _NoPreimage

    def _aim_at(self, concolic: ConcolicValue, wanted: Any) -> None:
        if wanted is None:
            if concolic.null is None:
                raise _NoPreimage
            self.more.append(concolic.null)
            return
        if not isinstance(wanted, (str, int, bool)) or isinstance(wanted, str) is not solver.is_string(concolic.term):
            raise _NoPreimage
        if concolic.null is not None:
            self.more.append(solver.not_(concolic.null))
        if isinstance(concolic.form, BodyText):
            self.more.append(solver.not_(concolic.form.body.is_json))
        self.targets.append(Target(concolic.term, wanted, concolic.value))

    def _aim_at_tree(self, concolic: ConcolicValue, form: symbolic_json.SymbolicJson, wanted: Any) -> None:
        kind = _KINDS.get(type(wanted), symbolic_json.TEXT if isinstance(wanted, str) else None)
        if kind is None:
            raise _NoPreimage
        if concolic.null is not None:
            self.more.append(solver.not_(concolic.null))
        self.more.append(solver.equal(form.kind, solver.constant(kind)))
        value = form.value(kind)
        assert value is not None
        self.targets.append(Target(value.term, wanted, to_python(concolic.value)))

    def _invert(self, origin: Origin, wanted: Any) -> None:
        inverse = inverse_of(origin.name)
        if inverse is None:
            raise _NoPreimage
        preimages: list[Preimage] = []
        with suppress(*_UNKNOWN):
            preimages.extend(
                preimage for preimage in inverse(InverseQuery(origin, wanted, self._now)) if _is_open(origin, preimage)
            )
        if not preimages:
            raise _NoPreimage
        self.choice, index = divmod(self.choice, len(preimages))
        for operand, value in preimages[index].items():
            self._want(_dual(origin, operand), value)


def _dual(origin: Origin, operand: int | ConcolicValue) -> ConcolicValue:
    return origin.operands[operand] if isinstance(operand, int) else operand


def _is_open(origin: Origin, preimage: Preimage) -> bool:
    """Return whether the operands can take the values of a preimage: constants must have them already."""
    pairs = ((_dual(origin, operand), value) for operand, value in preimage.items())
    return all(is_invertible(concolic) or to_python(concolic.value) == value for concolic, value in pairs)


def perturbations(concolic: ConcolicValue) -> Iterator[Plan]:
    """Yield other values for the strings and numbers that a value depends on, such as the input of a hash."""
    leaves = [(term, value) for term, value in _leaves(concolic) if not isinstance(value, bool)]
    for term, value in leaves[:_MOST_LEAVES]:
        for number, letter in enumerate(_LETTERS):
            yield Plan([Target(term, letter if isinstance(value, str) else number, value)], [], [])


def depends_on_inputs(concolic: ConcolicValue) -> bool:
    """Return whether a value depends on strings or numbers that a request can choose."""
    return any(not isinstance(value, bool) for _, value in _leaves(concolic))


def _pins(concolic: ConcolicValue, targets: Iterable[Target]) -> list[tuple[Term, Any]]:
    """Return the inputs of a value besides the targets, with their values in the run."""
    aimed_at = {term.get_id() for term, _, _ in targets}
    return [(term, value) for term, value in _leaves(concolic) if term.get_id() not in aimed_at]


def _leaves(concolic: ConcolicValue) -> list[tuple[Term, Any]]:
    """Return the terms that a value was computed from, with their values in the run."""
    found: dict[int, tuple[Term, Any]] = {}
    seen: set[int] = set()
    waiting = [concolic]
    while waiting:
        each = waiting.pop()
        if each.term is not None:
            if isinstance(each.value, (str, int, bool)):
                found[each.term.get_id()] = each.term, each.value
        elif isinstance(each.form, Items):
            waiting += each.form.items
        elif each.origin is not None and id(each.origin) not in seen:
            seen.add(id(each.origin))
            waiting += each.origin.operands
    return list(found.values())
