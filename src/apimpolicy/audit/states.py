"""The state of the walk: the alternatives by which a request can be at a point.

An alternative is a set of facts that a request has proven on a path; the set of all of them is a formula in disjunctive
normal form. Simplifying drops alternatives that another one implies, that contradict themselves, and facts that two
alternatives have with opposite signs: a condition whose outcomes both lead on is then gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from apimpolicy.audit.facts import UNDECIDED, Fact, GatewayAction

Alternative = frozenset[Fact]
Alternatives = frozenset[Alternative]

MOST = 64
"""Alternatives that are kept apart; beyond that, what a caller can choose freely is forgotten first."""

NEVER: Alternatives = frozenset()
ALWAYS: Alternatives = frozenset((frozenset(),))


def simplified(given: Iterable[Alternative]) -> Alternatives:
    """Return the weakest alternatives, at most `MOST` of them."""
    kept = {each for each in given if not _contradicts(each)}
    if frozenset() in kept:
        return ALWAYS
    kept = _resolved(kept)
    if len(kept) > MOST:
        kept = _resolved({frozenset(fact for fact in each if not fact.is_free) for each in kept})
    if len(kept) > MOST:
        common = frozenset.intersection(*kept)
        kept = {common | {Fact(UNDECIDED, "more alternatives than are kept apart")}}
    return frozenset(kept)


def _contradicts(alternative: Alternative) -> bool:
    return any(not fact.is_true and fact.opposite in alternative for fact in alternative)


def _resolved(found: set[Alternative]) -> set[Alternative]:
    """Drop what is implied, and facts that another alternative has with the opposite sign."""
    if len(found) < 2:
        return found
    signs = {False: set[Fact](), True: set[Fact]()}
    for fact in frozenset().union(*found):
        signs[fact.is_true].add(fact)
    disputed = {fact for fact in signs[True] if fact.opposite in signs[False]}
    disputed |= {fact.opposite for fact in disputed}
    while True:
        kept: list[Alternative] = []
        for each in sorted(found, key=len):
            if not any(other <= each for other in kept):
                kept.append(each)
        if not disputed:
            return set(kept)
        having: dict[Fact, list[Alternative]] = {fact: [] for fact in disputed}
        for each in kept:
            for fact in each & disputed:
                having[fact].append(each)
        shorter = {_without_resolved(each, having) for each in kept}
        if shorter == set(kept):
            return shorter
        found = shorter


def _without_resolved(alternative: Alternative, having: dict[Fact, list[Alternative]]) -> Alternative:
    """Drop a fact whose opposite another alternative has; `having` are those that have each disputed fact."""
    for fact in alternative & having.keys():
        rest, opposite = alternative - {fact}, fact.opposite
        if any(other - {opposite} <= rest for other in having[opposite]):
            return rest
    return alternative


def both(one: Alternatives, other: Alternatives) -> Alternatives:
    """Return the conjunction of both."""
    if one == ALWAYS or not other:
        return other
    if other == ALWAYS or not one:
        return one
    return simplified(first | second for first in one for second in other)


def either(one: Alternatives, other: Alternatives) -> Alternatives:
    """Return the disjunction of both."""
    return one if one == other or not other else other if not one else simplified(one | other)


def any_of(given: Iterable[Alternatives]) -> Alternatives:
    """Return the disjunction of all."""
    found = {each for each in given if each}
    return NEVER if not found else found.pop() if len(found) == 1 else simplified(frozenset().union(*found))


def of_fact(fact: Fact) -> Alternatives:
    return frozenset((frozenset((fact,)),))


class Truth(NamedTuple):
    """The facts that are proven when a condition is true, and when it is false."""

    if_true: Alternatives
    if_false: Alternatives

    def negated(self) -> Truth:
        return Truth(self.if_false, self.if_true)

    def and_(self, other: Truth) -> Truth:
        # C#'s `&&` evaluates the right side only when the left one is true.
        return Truth(both(self.if_true, other.if_true), either(self.if_false, both(self.if_true, other.if_false)))

    def or_(self, other: Truth) -> Truth:
        return self.negated().and_(other.negated()).negated()

    def choose(self, then: Truth, otherwise: Truth) -> Truth:
        """Return the truth of `self ? then : otherwise`."""
        return Truth(
            either(both(self.if_true, then.if_true), both(self.if_false, otherwise.if_true)),
            either(both(self.if_true, then.if_false), both(self.if_false, otherwise.if_false)),
        )


def truth_of(fact: Fact) -> Truth:
    return Truth(of_fact(fact), of_fact(fact.opposite))


TRUE = Truth(ALWAYS, NEVER)
FALSE = Truth(NEVER, ALWAYS)
EITHER = Truth(ALWAYS, ALWAYS)
"""The truth of a condition in a policy that isn't known, which is noted there."""


class State(NamedTuple):
    """The alternatives, and for each action of the gateway those of the paths on which it happened."""

    alternatives: Alternatives = ALWAYS
    actions: Mapping[GatewayAction, Alternatives] = {}

    @property
    def is_reached(self) -> bool:
        return bool(self.alternatives)

    def proving(self, proof: Alternatives) -> State:
        """Return the state of the requests that have proven this too."""
        if proof == ALWAYS:
            return self
        actions = {action: both(found, proof) for action, found in self.actions.items()} if proof else {}
        return State(both(self.alternatives, proof), {action: found for action, found in actions.items() if found})

    def with_action(self, action: GatewayAction) -> State:
        return self._replace(actions={**self.actions, action: self.alternatives})

    def without(self, *actions: GatewayAction) -> State:
        return self._replace(actions={action: found for action, found in self.actions.items() if action not in actions})

    @classmethod
    def joined(cls, states: Sequence[State]) -> State:
        """Return the state where paths meet."""
        if len(states) == 1:
            return states[0]
        actions = dict.fromkeys(action for state in states for action in state.actions)
        return cls(
            any_of(state.alternatives for state in states),
            {action: any_of(state.actions.get(action, NEVER) for state in states) for action in actions},
        )


NOWHERE = State(NEVER)
"""The state after an end: no request is here."""
