"""Describe who reaches the backend: the callers of alternatives, operations weaker than their siblings, keys of limits.

Only proofs count: what every caller can choose is left out, and a comparison that the policy's author wrote is a custom
check, never more.

A limit whose key the caller chooses is none: with another value in the header, the count begins again. A header counts
if something has proven it, and the session of a client of MCP behind a token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.outgoing import source_of
from apimpolicy.reasoning.audit.sources import ValueSource
from apimpolicy.reasoning.audit.states import NEVER, Alternative, Alternatives, Fact, GatewayAction, TokenCheck, either

if TYPE_CHECKING:
    from apimpolicy.reasoning.audit.analysis import OperationAudit

ANYONE, NO_ACCESS, NOT_DECIDED, CUSTOM_CHECK = "anyone", "none", "not decided", "custom check"
KEY_WORD = "subscription key"
WEAK_TOKEN = "weak token"
"""A token that callers can get for whom the API isn't: unsigned, for any audience, or of any issuer."""
ORDER = (kinds.TOKEN, WEAK_TOKEN, kinds.CERTIFICATE, KEY_WORD, kinds.ADDRESS, CUSTOM_CHECK, NOT_DECIDED)


def implied(proofs: frozenset[str]) -> frozenset[str]:
    """Return the proofs with those that they are better than: a token is also a weak one."""
    return proofs | {WEAK_TOKEN} if kinds.TOKEN in proofs else proofs


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
    found: dict[frozenset[str], frozenset[Fact]] = {}
    for alternative in alternatives:
        proofs = _proofs(alternative)
        facts = frozenset(
            fact for fact in alternative if not fact.is_free or fact.kind in (kinds.GATEWAY, kinds.FORGED, kinds.VIA)
        )
        found[proofs] = found.get(proofs, frozenset()) | facts
    kept = [
        AccessPath(proofs, facts)
        for proofs, facts in found.items()
        if not any(implied(other) < implied(proofs) for other in found)
    ]
    return Access(tuple(sorted(kept, key=_strength)))


_PROOFS = {
    kinds.KEY: KEY_WORD,
    kinds.ADDRESS: kinds.ADDRESS,
    kinds.UNDECIDED: NOT_DECIDED,
    kinds.OWN: CUSTOM_CHECK,
    kinds.OPAQUE: CUSTOM_CHECK,
}
"""The kind of proof by the kind of fact; tokens and certificates depend on what was checked."""


def _proofs(alternative: Alternative) -> frozenset[str]:
    facts = [fact for fact in alternative if not fact.is_free]
    found = {_PROOFS[fact.kind] for fact in facts if fact.kind in _PROOFS}
    tokens = [each for fact in facts for each in fact.detail if isinstance(each, TokenCheck)]
    if tokens:
        found.add(WEAK_TOKEN if all(each.is_weak for each in tokens) else kinds.TOKEN)
    certificate = {fact.subject for fact in facts if fact.kind == kinds.CERTIFICATE}
    if certificate & {kinds.VERIFIED, kinds.PINNED}:
        found.add(kinds.CERTIFICATE)
    elif certificate & {kinds.NAMED, kinds.PRESENTED}:
        found.add(CUSTOM_CHECK)  # anyone can make a certificate with a name
    return frozenset(found)


def _strength(path: AccessPath) -> tuple[int, list[int]]:
    return len(path.proofs), [ORDER.index(word) for word in sorted(path.proofs, key=ORDER.index)]


FEW_SIBLINGS = 2
"""Operations that must agree before another one of their API is called weaker."""


def outliers(operations: Sequence[OperationAudit]) -> list[OperationAudit]:
    usual = usual_access(operations)
    like = [each for each in operations if each.access.is_decided and each.access.words == usual]
    if not usual or len(like) < FEW_SIBLINGS or usual in (ANYONE, NO_ACCESS):
        return []
    model = like[0].access
    return [each for each in operations if each.access.is_decided and is_weaker(each, model.paths)]


def is_weaker(operation: OperationAudit, paths: Sequence[AccessPath]) -> bool:
    """Return whether a request reaches the backend by an operation with less than any of these paths requires."""
    proofs = [path.proofs for path in paths]
    return any(not any(other <= implied(path.proofs) for other in proofs) for path in operation.access.paths)


def usual_access(operations: Sequence[OperationAudit]) -> str:
    """Return the answer that most operations of an API have; empty if there is none. Undecided ones may have any."""
    found = [each.access for each in operations if each.access.words != NO_ACCESS]
    counts = Counter(each.words for each in found if each.is_decided)
    if not counts:
        return ""
    words, count = counts.most_common(1)[0]
    return words if count * 2 > len(found) else ""


def product_checks(operation: OperationAudit) -> str:
    """Return the checks of an operation's products that a key of the API bypasses."""
    keyed = [each for each in operation.by_entry if each.product]
    around = next((each for each in operation.by_entry if each.product == ""), None)
    if around is None or not keyed or any(each.product is None for each in operation.by_entry):
        return ""
    words = {KEY_WORD}
    common = frozenset.intersection(*(each.proofs for each in keyed)) - around.proofs - words
    return listed(sorted(common))


def listed(words: Iterable[str]) -> str:
    found = list(words)
    return " and ".join(filter(None, (", ".join(found[:-1]), found[-1]))) if found else ""


PER_KEY, PER_SUBJECT, PER_ADDRESS, PER_CERTIFICATE = "per key", "per subject", "per address", "per certificate"
TOGETHER, NOT_LIMITED = "all callers together", "not at all"
_FREE = frozenset(("header", "query", "body"))
_SESSION = ValueSource("header", "mcp-session-id")
_WORDS = {
    "subscription": PER_KEY,
    "user": PER_KEY,
    "header": PER_SUBJECT,
    "query": PER_SUBJECT,
    "body": PER_SUBJECT,
    "certificate": PER_CERTIFICATE,
    "address": PER_ADDRESS,
}


def limited_by(operation: OperationAudit) -> list[str]:
    """Return what limits count by, the narrowest first; `not at all` for the callers whom nothing limits."""
    found: dict[str, None] = {}
    limited = NEVER
    for action, alternatives in operation.actions.items():
        if action.kind != kinds.COUNTS or evaded_by(operation, action):
            continue
        found_in = {each.kind for each in action.sources}
        found[next((words for kind, words in _WORDS.items() if kind in found_in), TOGETHER)] = None
        limited = either(limited, alternatives)
    if not operation.alternatives:
        return []
    return [*found, *([] if limited == operation.alternatives else [NOT_LIMITED])]


def evaded_by(operation: OperationAudit, action: GatewayAction) -> list[str]:
    """Return words for what of a limit's key callers choose and nothing has proven: `header 'x-user'`."""
    if action.kind != kinds.COUNTS:
        return []
    free = {each for each in action.sources if each.kind in _FREE}
    for alternative in operation.actions[action] if free else ():
        free_here = {each for each in free if not _is_proven(each, alternative, operation)}
        if free_here:
            return [f"{each.kind} '{each.name}'" if each.name else f"the {each.kind}" for each in sorted(free_here)]
    return []


def _is_proven(source: ValueSource, alternative: Alternative, operation: OperationAudit) -> bool:
    header = from_utf16(operation.api.api.subscription_key_parameter_names.header).lower()
    if source == ValueSource("header", header) and any(fact.kind == kinds.KEY for fact in alternative):
        return True
    if source == _SESSION and any(fact.kind == kinds.TOKEN for fact in alternative):
        return True
    return any(source_of(fact) == source for fact in alternative)
