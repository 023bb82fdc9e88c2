"""Facts that a request has proven or may choose at a point of the pipeline, and the alternatives by which it is there.

A fact about a condition has a sign: `is_true` False means that the condition was false. Places are kept beside facts,
so that the same check in two places is one fact.

An alternative is a set of facts that a request has proven on a path; the set of all of them is a formula in disjunctive
normal form. Simplifying drops alternatives that another one implies, that contradict themselves, and facts that two
alternatives have with opposite signs: a condition whose outcomes both lead on is then gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.reasoning.audit import kinds

if TYPE_CHECKING:
    from apimpolicy.reasoning.audit.sources import Sources
    from apimpolicy.text.document import Element


class Fact(NamedTuple):
    """One fact. `subject` is what it is about; `detail` distinguishes facts of one subject."""

    kind: str
    subject: str
    detail: tuple[object, ...] = ()
    is_true: bool = True

    @property
    def opposite(self) -> Fact:
        return self._replace(is_true=not self.is_true)

    @property
    def is_free(self) -> bool:
        """Return whether every caller can bring this about."""
        if self.kind in (kinds.CHOICE, kinds.GATEWAY, kinds.FORGED, kinds.VIA):
            return True
        return not self.is_true and self.kind in (kinds.OWN, kinds.CERTIFICATE, kinds.ADDRESS)


class ClaimCheck(NamedTuple):
    """A required claim: any of the values is enough, or all of them are needed; without any it only has to be there."""

    name: str
    values: frozenset[str] = frozenset()
    is_any: bool = False
    separator: str = ""


class TokenCheck(NamedTuple):
    """Requirements of a token check; `weaknesses` describe the open points.

    `is_weak`: callers that the API isn't for can get an accepted token.
    """

    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    """URLs of the published keys, according to the policy."""
    is_weak: bool = False
    source: tuple[str, str] | None = None
    """The kind and the name of what the token was in, if it is one part of the request."""
    keys: frozenset[str] = frozenset()
    """The URLs of providers and the keys in the policy: a token is signed with one of them."""
    trusted_issuers: frozenset[str] = frozenset()
    """The issuers in the policy, and the URLs of providers, which publish theirs; any, if there are none."""
    claim_checks: tuple[ClaimCheck, ...] = ()
    requirements: frozenset[str] = frozenset()
    """What else a token needs: a signature, a time at which it expires, a scheme."""
    clock_skew: float = 0.0
    """In seconds; infinite where it isn't known."""


class PolicyLocation(NamedTuple):
    """The location of a policy. `policy` is its name, `start` and `end` are offsets in `text`'s file."""

    file: str
    line: int
    column: int
    policy: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class GatewayAction(NamedTuple):
    """An action of the gateway on a request before it reaches the backend."""

    kind: str
    """`lends`, `replaces` (a header or a parameter of the caller), `limits`, `counts`, `asks`."""

    subject: str
    sources: Sources = frozenset()


def attribute_of(element: Element, name: str) -> str:
    """Return the text of an attribute; empty without it."""
    found = element.get(name)
    return "" if found is None else found.value.text.strip()


def location_of(element: Element) -> PolicyLocation:
    line, column = element.source.position(element.start)
    return PolicyLocation(element.source.path, line, column, element.name)


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
        kept = {common | {Fact(kinds.UNDECIDED, "more alternatives than are kept apart")}}
    return frozenset(kept)


def _contradicts(alternative: Alternative) -> bool:
    return any(not fact.is_true and fact.opposite in alternative for fact in alternative)


def _resolved(alternatives: set[Alternative]) -> set[Alternative]:
    """Drop what is implied, and facts that another alternative has with the opposite sign."""
    if len(alternatives) < 2:
        return alternatives
    signs = {False: set[Fact](), True: set[Fact]()}
    for fact in frozenset().union(*alternatives):
        signs[fact.is_true].add(fact)
    disputed = {fact for fact in signs[True] if fact.opposite in signs[False]}
    disputed |= {fact.opposite for fact in disputed}
    while True:
        kept: list[Alternative] = []
        for facts in sorted(alternatives, key=len):
            if not any(other <= facts for other in kept):
                kept.append(facts)
        if not disputed:
            return set(kept)
        having: dict[Fact, list[Alternative]] = {fact: [] for fact in disputed}
        for facts in kept:
            for fact in facts & disputed:
                having[fact].append(facts)
        shorter = {_without_resolved(facts, having) for facts in kept}
        if shorter == set(kept):
            return shorter
        alternatives = shorter


def _without_resolved(alternative: Alternative, having: dict[Fact, list[Alternative]]) -> Alternative:
    """Drop a fact whose opposite another alternative has; `having` are those that have each disputed fact."""
    for fact in alternative & having.keys():
        rest, opposite = alternative - {fact}, fact.opposite
        if any(other - {opposite} <= rest for other in having[opposite]):
            return rest
    return alternative


def both(one: Alternatives, other: Alternatives) -> Alternatives:
    if one == ALWAYS or not other:
        return other
    if other == ALWAYS or not one:
        return one
    return simplified(first | second for first in one for second in other)


def either(one: Alternatives, other: Alternatives) -> Alternatives:
    return one if one == other or not other else other if not one else simplified(one | other)


def any_of(given: Iterable[Alternatives]) -> Alternatives:
    found = {each for each in given if each}
    return NEVER if not found else found.pop() if len(found) == 1 else simplified(frozenset().union(*found))


def of_facts(*facts: Fact) -> Alternatives:
    return frozenset((frozenset(facts),))


class ConditionProofs(NamedTuple):
    """The facts that are proven when a condition is true, and when it is false."""

    if_true: Alternatives
    if_false: Alternatives

    def negated(self) -> ConditionProofs:
        return ConditionProofs(self.if_false, self.if_true)

    def and_(self, other: ConditionProofs) -> ConditionProofs:
        # C#'s `&&` evaluates the right side only when the left one is true.
        return ConditionProofs(
            both(self.if_true, other.if_true), either(self.if_false, both(self.if_true, other.if_false))
        )

    def or_(self, other: ConditionProofs) -> ConditionProofs:
        return self.negated().and_(other.negated()).negated()

    def choose(self, then: ConditionProofs, otherwise: ConditionProofs) -> ConditionProofs:
        return ConditionProofs(
            either(both(self.if_true, then.if_true), both(self.if_false, otherwise.if_true)),
            either(both(self.if_true, then.if_false), both(self.if_false, otherwise.if_false)),
        )


def truth_of(fact: Fact) -> ConditionProofs:
    return ConditionProofs(of_facts(fact), of_facts(fact.opposite))


TRUE = ConditionProofs(ALWAYS, NEVER)
FALSE = ConditionProofs(NEVER, ALWAYS)
EITHER = ConditionProofs(ALWAYS, ALWAYS)
"""The truth of a condition in a policy that isn't known, which is noted there."""


class AuditState(NamedTuple):
    """The alternatives, and for each action of the gateway those of the paths on which it happened."""

    alternatives: Alternatives = ALWAYS
    actions: Mapping[GatewayAction, Alternatives] = {}

    @property
    def is_reached(self) -> bool:
        return bool(self.alternatives)

    def proving(self, proof: Alternatives) -> AuditState:
        """Return the state of the requests that have proven this too."""
        if proof == ALWAYS:
            return self
        actions = {action: both(found, proof) for action, found in self.actions.items()} if proof else {}
        return AuditState(both(self.alternatives, proof), {action: found for action, found in actions.items() if found})

    def with_action(self, action: GatewayAction) -> AuditState:
        return self._replace(actions={**self.actions, action: self.alternatives})

    def without(self, *actions: GatewayAction) -> AuditState:
        return self._replace(actions={action: found for action, found in self.actions.items() if action not in actions})

    @classmethod
    def joined(cls, states: Sequence[AuditState]) -> AuditState:
        """Return the state where paths meet."""
        if len(states) == 1:
            return states[0]
        actions = dict.fromkeys(action for state in states for action in state.actions)
        return cls(
            any_of(state.alternatives for state in states),
            {action: any_of(state.actions.get(action, NEVER) for state in states) for action in actions},
        )


NOWHERE = AuditState(NEVER)
"""The state after an end: no request is here."""
