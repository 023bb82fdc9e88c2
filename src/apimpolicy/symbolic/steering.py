"""Turns decisions around that have no form: back along what made their value, to inputs that can be chosen.

All is done with the values of one run. What cannot be turned around (a hash, what a cipher gave) keeps the value that
it had there, and so do the inputs that it depends on; the other side of a comparison gets that value, through whatever
decodes, cuts and decrypts it. Whether it is right shows when the request is run; where the value then is another one,
the decisions of that run are turned around again.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.symbolic import solver, trees
from apimpolicy.symbolic.forms.bodies import BodyText
from apimpolicy.symbolic.inverses import Asked, inverse_of
from apimpolicy.symbolic.plain import plain
from apimpolicy.symbolic.sequences import Items
from apimpolicy.symbolic.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.symbolic.inverses import Wish
    from apimpolicy.symbolic.origins import Origin
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.symbolic.values import Dual

_MOST_TRIES = 12
_LONGEST = 400
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST_LEAVES = 2
_COMPARED = (str, int, float, bytes, list, dict, type(None))
_KINDS = {str: trees.TEXT, bool: trees.TRUTH, int: trees.NUMBER}


class Aim(NamedTuple):
    """What terms should be, and what else must be so for that to matter. `pins` are terms that should stay."""

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


class _Impossible(Exception):
    """A value that something cannot have."""


def leads_somewhere(dual: Dual) -> bool:
    """Whether a way leads back from a value to inputs."""
    if dual.term is not None or isinstance(dual.form, trees.Tree):
        return True
    if isinstance(dual.form, Items):
        return any(map(leads_somewhere, dual.form.items))
    origin = dual.origin
    if origin is None or dual.is_constant:
        return False
    if origin.leads is None:
        origin.leads = inverse_of(origin.name) is not None and any(map(leads_somewhere, origin.operands))
    return origin.leads


def trace_of(dual: Dual) -> str:
    """What tells a value from others that came about at the same place."""
    operands = () if dual.origin is None else dual.origin.operands
    values = (plain(each.value) for each in operands)
    return repr([each for each in values if isinstance(each, _COMPARED)])[:_LONGEST]


def aims(dual: Dual, wanted: Any) -> Iterator[Aim]:
    """What inputs should be, so that a value becomes the wanted one: one try after another."""
    seen: set[tuple[Any, ...]] = set()
    for choice in range(_MOST_TRIES):
        attempt = _Attempt(choice)
        try:
            attempt.make(dual, wanted)
        except _Impossible:
            continue
        key = tuple((term.get_id(), repr(value)) for term, value, _ in attempt.targets)
        if key and key not in seen:
            seen.add(key)
            yield Aim(attempt.targets, _pins(dual, attempt.targets), attempt.more)


class _Attempt:
    """One way back from a value: where there are several, `choice` says which is taken."""

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.targets: list[Target] = []
        self.more: list[Term] = []
        self._now: dict[int, Any] = {}
        self._waiting: list[tuple[int, Origin]] = []

    def make(self, dual: Dual, wanted: Any) -> None:
        """Follow a value back to inputs. Raises _Impossible."""
        self._want(dual, wanted)
        while self._waiting:
            _, origin = heapq.heappop(self._waiting)
            self._turn(origin, self._now[id(origin)])

    def _want(self, dual: Dual, wanted: Any) -> None:
        if dual.term is not None:
            self._aim_at(dual, wanted)
        elif isinstance(dual.form, trees.Tree):
            self._aim_at_tree(dual, dual.form, wanted)
        elif isinstance(dual.form, Items) and isinstance(wanted, (bytes, list)) and len(wanted) == len(dual.form.items):
            for item, value in zip(dual.form.items, wanted, strict=True):
                self._want(item, value)
        elif leads_somewhere(dual) and dual.origin is not None:
            if id(dual.origin) not in self._now:
                heapq.heappush(self._waiting, (-dual.origin.number, dual.origin))
            self._now[id(dual.origin)] = wanted
        elif plain(dual.value) != wanted:
            raise _Impossible

    def _aim_at(self, dual: Dual, wanted: Any) -> None:
        if wanted is None:
            if dual.null is None:
                raise _Impossible
            self.more.append(dual.null)
            return
        if not isinstance(wanted, (str, int, bool)) or isinstance(wanted, str) is not solver.is_text(dual.term):
            raise _Impossible
        if dual.null is not None:
            self.more.append(solver.no(dual.null))
        if isinstance(dual.form, BodyText):
            self.more.append(solver.no(dual.form.body.is_json))
        self.targets.append(Target(dual.term, wanted, dual.value))

    def _aim_at_tree(self, dual: Dual, form: trees.Tree, wanted: Any) -> None:
        kind = _KINDS.get(type(wanted), trees.TEXT if isinstance(wanted, str) else None)
        if kind is None:
            raise _Impossible
        if dual.null is not None:
            self.more.append(solver.no(dual.null))
        self.more.append(solver.equal(form.kind, solver.constant(kind)))
        value = form.value(kind)
        assert value is not None
        self.targets.append(Target(value.term, wanted, plain(dual.value)))

    def _turn(self, origin: Origin, wanted: Any) -> None:
        turn = inverse_of(origin.name)
        if turn is None:
            raise _Impossible
        try:
            wishes = [wish for wish in turn(Asked(origin, wanted, self._now)) if _is_open(origin, wish)]
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, DotnetException) as error:
            raise _Impossible from error  # a value of another kind than the inverse knows
        if not wishes:
            raise _Impossible
        self.choice, index = divmod(self.choice, len(wishes))
        for operand, value in wishes[index].items():
            self._want(_dual(origin, operand), value)


def _dual(origin: Origin, operand: int | Dual) -> Dual:
    return origin.operands[operand] if isinstance(operand, int) else operand


def _is_open(origin: Origin, wish: Wish) -> bool:
    """Whether the operands can be what is wished for: what nothing leads back from stays as it was."""
    pairs = ((_dual(origin, operand), value) for operand, value in wish.items())
    return all(leads_somewhere(dual) or plain(dual.value) == value for dual, value in pairs)


def tries(dual: Dual) -> Iterator[Aim]:
    """Other values for the texts and numbers that a value depends on: what is hashed may come to anything."""
    leaves = [(term, value) for term, value in _leaves(dual) if not isinstance(value, bool)]
    for term, value in leaves[:_MOST_LEAVES]:
        for number, letter in enumerate(_LETTERS):
            yield Aim([Target(term, letter if isinstance(value, str) else number, value)], [], [])


def depends_on_inputs(dual: Dual) -> bool:
    """Whether a value depends on texts or numbers that can be chosen."""
    return any(not isinstance(value, bool) for _, value in _leaves(dual))


def _pins(dual: Dual, targets: Iterable[Target]) -> list[tuple[Term, Any]]:
    """What a value depends on besides the targets, as it was."""
    aimed_at = {term.get_id() for term, _, _ in targets}
    return [(term, value) for term, value in _leaves(dual) if term.get_id() not in aimed_at]


def _leaves(dual: Dual) -> list[tuple[Term, Any]]:
    """The terms that a value comes of, with what they were."""
    found: dict[int, tuple[Term, Any]] = {}
    seen: set[int] = set()
    waiting = [dual]
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
