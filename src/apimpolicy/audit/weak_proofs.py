"""Findings about checks that prove less than they seem to, and limits that limit no one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from apimpolicy.audit.access import CUSTOM_CHECK, access_of
from apimpolicy.audit.budgets import evaded_by
from apimpolicy.audit.facts import (
    CACHED,
    CERTIFICATE,
    COUNTS,
    FORGED,
    GATEWAY,
    NAMED,
    OPAQUE,
    OWN,
    PINNED,
    PRESENTED,
    TOKEN,
    VERIFIED,
    VIA,
    Fact,
    PolicyLocation,
    Token,
)
from apimpolicy.audit.outliers import is_weaker, listed

if TYPE_CHECKING:
    from apimpolicy.audit.analysis import OperationAudit

K = TypeVar("K")
Places = list[tuple[str, PolicyLocation]]


class WeakProof(NamedTuple):
    """A finding: its code, the operations, the message with verbs for them, and the places with what they show."""

    code: str
    operations: list[OperationAudit]
    words: str
    evidence: Places
    cause: str


def grouped(
    operations: Sequence[OperationAudit], key: Callable[[OperationAudit], K]
) -> Iterator[tuple[K, list[OperationAudit]]]:
    """Yield the operations by a key."""
    groups: dict[K, list[OperationAudit]] = {}
    for operation in operations:
        groups.setdefault(key(operation), []).append(operation)
    yield from groups.items()


def weak_proofs(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    """Yield the findings about the checks of an API."""
    yield from _tokens(operations)
    yield from _certificates(operations)
    yield from _custom_checks(operations)
    yield from _cached(operations)
    yield from _gateway_checks(operations)
    yield from _evaded_limits(operations)


def _tokens(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def weak(operation: OperationAudit) -> tuple[Fact, ...]:
        found = operation.access.facts(TOKEN)
        return tuple(fact for fact in found if isinstance(fact.detail[0], Token) and fact.detail[0].weaknesses)

    for facts, group in grouped(operations, weak):
        for fact in facts:
            token = fact.detail[0]
            assert isinstance(token, Token)
            words = listed(token.weaknesses)
            yield WeakProof("AUD005", group, words, _at(group[0], fact, "token checked"), words)


def _certificates(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def unproven(operation: OperationAudit) -> Fact | None:
        facts = [
            fact
            for path in operation.access.paths
            if not {each.subject for each in path.facts if each.kind == CERTIFICATE} & {VERIFIED, PINNED}
            for fact in sorted(path.facts, key=repr)
            if fact.kind == CERTIFICATE and fact.subject in (NAMED, PRESENTED)
        ]
        return facts[0] if facts else None

    for fact, group in grouped(operations, unproven):
        if fact is not None:
            message = "a client certificate is requested, but neither its chain nor its thumbprint is checked"
            yield WeakProof("AUD006", group, message, _at(group[0], fact, "certificate looked at"), "")


def _custom_checks(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def checks(operation: OperationAudit) -> tuple[Fact, ...]:
        paths = [path for path in operation.access.paths if path.proofs == {CUSTOM_CHECK}]
        return tuple(sorted({fact for path in paths for fact in path.facts if fact.kind in (OWN, OPAQUE)}, key=repr))

    for facts, group in grouped(operations, checks):
        if facts:
            words = listed(dict.fromkeys(fact.subject for fact in facts))
            evidence = [each for fact in facts for each in _at(group[0], fact, "custom check")]
            message = f"only a custom check protects the backend: {words}"
            yield WeakProof("AUD007", group, message, evidence, words)


def _cached(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def hits(operation: OperationAudit) -> tuple[Fact, ...]:
        forwarded = frozenset(each for each in operation.alternatives if not any(fact.kind == VIA for fact in each))
        if not is_weaker(operation, access_of(forwarded).paths):
            return ()
        return tuple(fact for fact in operation.access.facts(VIA) if fact.subject == CACHED)

    for facts, group in grouped(operations, hits):
        if facts:
            words = group[0].access.words
            needed = "nothing" if group[0].access.is_open else words
            message = f"cached responses go to callers before the check: {{need}} {needed}"
            evidence = [each for fact in facts for each in _at(group[0], fact, "looked up")]
            yield WeakProof("AUD014", group, message, evidence, "cache")


def _gateway_checks(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def own(operation: OperationAudit) -> tuple[Fact, ...]:
        found = {fact for alternative in operation.alternatives for fact in alternative if _proves_nothing(fact)}
        return tuple(sorted(found, key=repr))

    for facts, group in grouped(operations, own):
        for fact in facts:
            why = "callers pass with what they make up" if fact.kind == FORGED else "it is the same for every caller"
            message = f"a check of {fact.subject} proves nothing: {why}"
            yield WeakProof("AUD015", group, message, _at(group[0], fact, "checked"), fact.subject)


def _proves_nothing(fact: Fact) -> bool:
    is_of_gateway = "the gateway put there" in fact.subject or "which a policy has set" in fact.subject
    return fact.is_true and (fact.kind == FORGED or (fact.kind == GATEWAY and is_of_gateway))


def _evaded_limits(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def evaded(operation: OperationAudit) -> tuple[tuple[Hashable, str, str], ...]:
        found = [action for action in operation.actions if action.kind == COUNTS]
        return tuple((each, each.subject, words) for each in found if (words := listed(evaded_by(operation, each))))

    for limits, group in grouped(operations, evaded):
        for action, policy, words in limits:
            message = f"{policy} counts by {words}, which callers choose: with another value the count begins again"
            yield WeakProof("AUD016", group, message, _at(group[0], action, "limit"), f"{policy}: {words}")


def _at(operation: OperationAudit, subject: Hashable, words: str) -> Places:
    place = operation.places.get(subject)
    return [] if place is None else [(words, place)]
