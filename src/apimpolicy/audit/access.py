"""Describe alternatives: the callers that reach the backend through them.

Only proofs count: what every caller can choose is left out, and a comparison that the policy's author wrote is a custom
check, never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.facts import (
    ADDRESS,
    CERTIFICATE,
    FORGED,
    GATEWAY,
    KEY,
    NAMED,
    OPAQUE,
    OWN,
    PINNED,
    PRESENTED,
    TOKEN,
    UNDECIDED,
    VERIFIED,
    VIA,
    Fact,
    Token,
)

if TYPE_CHECKING:
    from apimpolicy.audit.states import Alternative, Alternatives

ANYONE, NO_ACCESS, NOT_DECIDED, CUSTOM_CHECK = "anyone", "none", "not decided", "custom check"
KEY_WORD = "subscription key"
WEAK_TOKEN = "weak token"
"""A token that callers can get for whom the API isn't: unsigned, for any audience, or of any issuer."""
ORDER = (TOKEN, WEAK_TOKEN, CERTIFICATE, KEY_WORD, ADDRESS, CUSTOM_CHECK, NOT_DECIDED)


def implied(proofs: frozenset[str]) -> frozenset[str]:
    """Return the proofs with those that they are better than: a token is also a weak one."""
    return proofs | {WEAK_TOKEN} if TOKEN in proofs else proofs


class AccessPath(NamedTuple):
    """One alternative: the kinds of proof that it requires, and the facts that prove them."""

    proofs: frozenset[str]
    facts: frozenset[Fact]

    @property
    def is_decided(self) -> bool:
        """Return whether access requires a proof or is certainly open."""
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
            return NO_ACCESS
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
        facts = frozenset(fact for fact in alternative if not fact.is_free or fact.kind in (GATEWAY, FORGED, VIA))
        found[proofs] = found.get(proofs, frozenset()) | facts
    kept = [
        AccessPath(proofs, facts)
        for proofs, facts in found.items()
        if not any(implied(other) < implied(proofs) for other in found)
    ]
    return Access(tuple(sorted(kept, key=_strength)))


_PROOFS = {KEY: KEY_WORD, ADDRESS: ADDRESS, UNDECIDED: NOT_DECIDED, OWN: CUSTOM_CHECK, OPAQUE: CUSTOM_CHECK}
"""The kind of proof by the kind of fact; tokens and certificates depend on what was checked."""


def _proofs(alternative: Alternative) -> frozenset[str]:
    facts = [fact for fact in alternative if not fact.is_free]
    found = {_PROOFS[fact.kind] for fact in facts if fact.kind in _PROOFS}
    tokens = [each for fact in facts for each in fact.detail if isinstance(each, Token)]
    if tokens:
        found.add(WEAK_TOKEN if all(each.is_weak for each in tokens) else TOKEN)
    certificate = {fact.subject for fact in facts if fact.kind == CERTIFICATE}
    if certificate & {VERIFIED, PINNED}:
        found.add(CERTIFICATE)
    elif certificate & {NAMED, PRESENTED}:
        found.add(CUSTOM_CHECK)  # anyone can make a certificate with a name
    return frozenset(found)


def _strength(path: AccessPath) -> tuple[int, list[int]]:
    return len(path.proofs), [ORDER.index(word) for word in sorted(path.proofs, key=ORDER.index)]
