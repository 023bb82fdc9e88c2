"""Describe alternatives: the callers that reach the backend through them.

Only proofs count: what every caller can choose is left out, and a comparison that the policy's author wrote is an own
check, never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.facts import (
    ADDRESS,
    CERTIFICATE,
    NAMED,
    PINNED,
    PRESENTED,
    TOKEN,
    VERIFIED,
    Fact,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.audit.states import Alternative, Alternatives

ANYONE, NOBODY, NOT_DECIDED, OWN_CHECK = "anyone", "nobody", "not decided", "own check"
KEY_WORD = "subscription key"
ORDER = (TOKEN, CERTIFICATE, KEY_WORD, ADDRESS, OWN_CHECK, NOT_DECIDED)


class AccessPath(NamedTuple):
    """One alternative: the kinds of proof that it requires, and the facts that prove them."""

    proofs: frozenset[str]
    facts: frozenset[Fact]

    @property
    def is_decided(self) -> bool:
        """Return whether it requires a proof, or is open without a doubt."""
        return NOT_DECIDED not in self.proofs or bool(self.proofs - {NOT_DECIDED})

    @property
    def words(self) -> str:
        if not self.proofs:
            return ANYONE
        shown = [word for word in ORDER if word in self.proofs]
        if len(shown) > 1 and NOT_DECIDED in shown:
            shown.remove(NOT_DECIDED)
        return " and ".join(shown)


class Access(NamedTuple):
    """The weakest paths to the backend; without any, no request reaches it."""

    paths: tuple[AccessPath, ...]

    @property
    def is_open(self) -> bool:
        """Return whether anyone reaches the backend."""
        return any(not path.proofs for path in self.paths)

    @property
    def is_decided(self) -> bool:
        return all(path.is_decided for path in self.paths)

    @property
    def words(self) -> str:
        """The answer in a few words: `subscription key or token`."""
        if not self.paths:
            return NOBODY
        if self.is_open:
            return ANYONE
        return " or ".join(dict.fromkeys(path.words for path in self.paths))

    def facts(self, kind: str) -> list[Fact]:
        return list(
            dict.fromkeys(fact for path in self.paths for fact in sorted(path.facts, key=repr) if fact.kind == kind)
        )


def access_of(alternatives: Alternatives) -> Access:
    """Return the weakest paths among alternatives."""
    found: dict[frozenset[str], frozenset[Fact]] = {}
    for alternative in alternatives:
        proofs = _proofs(alternative)
        facts = frozenset(fact for fact in alternative if not fact.is_free)
        found[proofs] = found.get(proofs, frozenset()) | facts
    kept = [AccessPath(proofs, facts) for proofs, facts in found.items() if not any(other < proofs for other in found)]
    return Access(tuple(sorted(kept, key=_strength)))


def _proofs(alternative: Alternative) -> frozenset[str]:
    return frozenset(_kinds([fact for fact in alternative if not fact.is_free]))


def _kinds(facts: Sequence[Fact]) -> Iterator[str]:
    certificate = {fact.subject for fact in facts if fact.kind == CERTIFICATE}
    for fact in facts:
        match fact.kind:
            case "token":
                yield TOKEN
            case "key":
                yield KEY_WORD
            case "address":
                yield ADDRESS
            case "undecided":
                yield NOT_DECIDED
            case "own" | "opaque":
                yield OWN_CHECK
    if certificate & {VERIFIED, PINNED}:
        yield CERTIFICATE
    elif certificate & {NAMED, PRESENTED}:
        yield OWN_CHECK  # anybody can make a certificate with a name


def _strength(path: AccessPath) -> tuple[int, list[int]]:
    return len(path.proofs), [ORDER.index(word) for word in sorted(path.proofs, key=ORDER.index)]
