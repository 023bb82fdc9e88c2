"""Requirements of token checks, and findings about checks and limits that prove or limit less than they seem to."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import CUSTOM_CHECK, access_of, evaded_by, is_weaker, listed
from apimpolicy.reasoning.audit.states import ClaimCheck, Fact, PolicyLocation, TokenCheck, attribute_of
from apimpolicy.text.document import Characters, Element
from apimpolicy.text.source import is_unknown

if TYPE_CHECKING:
    from apimpolicy.reasoning.audit.analysis import OperationAudit

_ANY_TENANT = re.compile(r"login\.microsoftonline\.(?:com|us)/(?:common|organizations|consumers)(?:/|$)", re.IGNORECASE)
_ANYBODY = re.compile(r"https?://(?:accounts\.google\.com|appleid\.apple\.com)(?:/|$)", re.IGNORECASE)
_OF_ISSUER = frozenset(("iss", "tid", "idp", "ver", "exp", "nbf", "iat"))
ENTRA = "https://login.microsoftonline.com"
_TENANTS = frozenset(("common", "organizations", "consumers"))
_TENANT = re.compile(r"login\.microsoftonline\.(?:com|us)/([^/]+)", re.IGNORECASE)


def token_of(element: Element, is_chosen: Callable[[Characters], bool] = lambda value: False) -> TokenCheck:
    """Read validate-jwt or validate-azure-ad-token requirements; `is_chosen` tells what callers can choose."""
    urls = [attribute_of(part, "url") for part in element.descendants() if part.name == "openid-config"]
    tenant = attribute_of(element, "tenant-id")
    issuers = [*_texts(element, is_chosen, "issuers", "issuer")]
    keys = [part for part in element.descendants() if part.name == "key" and _is_inside(part, "issuer-signing-keys")]
    required = [part for part in element.descendants() if part.name == "claim"]
    audiences = [*_texts(element, is_chosen, "audiences", "audience")]
    audiences += _texts(element, is_chosen, "backend-application-ids", "application-id")
    applications = [*_texts(element, is_chosen, "client-application-ids", "application-id")]
    weak: list[str] = []
    if attribute_of(element, "require-signed-tokens").lower() == "false":
        weak.append("unsigned tokens are accepted")
    if any(part.text.strip() and not is_unknown(part.text) and part.expression is None for part in keys):
        weak.append("the signing key is written in the policy")
    if not (audiences or applications or keys or any(_narrows(claim) for claim in required)):
        weak.append("any audience")
    chooses_tenant = (written := element.get("tenant-id")) is not None and is_chosen(written.value)
    if (not issuers and any(_ANY_TENANT.search(url) for url in urls)) or tenant.lower() in _TENANTS or chooses_tenant:
        weak.append("any tenant")
    if any(_ANYBODY.search(url) for url in urls) and not (audiences or applications):
        weak.append("any account of a public provider")
    weaknesses = list(weak)
    if attribute_of(element, "require-expiration-time").lower() == "false":
        weaknesses.append("tokens never have to expire")
    named_issuers = issuers or ([tenant] if tenant else [_issuer(url) for url in urls if url])
    if tenant:
        urls.append(
            f"{attribute_of(element, 'authentication-endpoint') or ENTRA}/{tenant.rstrip('/').rpartition('/')[2]}"
        )
    claims = tuple(attribute_of(part, "name") for part in required)
    providers = frozenset(filter(None, urls))
    return TokenCheck(
        tuple(named_issuers),
        tuple(audiences),
        claims,
        tuple(applications),
        tuple(weaknesses),
        tuple(urls),
        bool(weak),
        keys=providers | {_key_in_words(part) for part in keys},
        trusted_issuers=providers | {issuer for issuer in issuers if issuer},
        claim_checks=tuple(map(_claim_of, required)),
        requirements=frozenset(_requirements(element)),
        clock_skew=_clock_skew(element),
    )


def _key_in_words(key: Element) -> str:
    """Return what tells a key apart: its attributes, or a hash of the text, which may be a secret."""
    named = " ".join(sorted(f"{each.name}={each.value.text.strip()}" for each in key.attributes))
    text = key.text.strip()
    return " ".join(filter(None, ("key", named, sha256(text.encode()).hexdigest()[:8] if text else "")))


def _claim_of(claim: Element) -> ClaimCheck:
    values = frozenset(each.text.strip() for each in claim.elements() if each.name == "value")
    is_any = attribute_of(claim, "match").lower() == "any"
    return ClaimCheck(attribute_of(claim, "name"), values, is_any, attribute_of(claim, "separator"))


def _requirements(element: Element) -> Iterator[str]:
    if attribute_of(element, "require-signed-tokens").lower() != "false":
        yield "a signature"
    if attribute_of(element, "require-expiration-time").lower() != "false":
        yield "a time of expiry"
    if scheme := attribute_of(element, "require-scheme"):
        yield f"the scheme {scheme}"
    if any(each.name == "key" and _is_inside(each, "decryption-keys") for each in element.descendants()):
        yield "encryption"


def _clock_skew(element: Element) -> float:
    try:
        return float(attribute_of(element, "clock-skew") or 0)
    except ValueError:
        return math.inf


def keys_of(element: Element) -> Iterator[Characters]:
    """Yield whatever a token check gets its keys from: URLs of providers, and keys in the policy."""
    for each in element.descendants():
        if each.name == "openid-config" and (url := each.get("url")) is not None:
            yield url.value
        elif each.name == "key":
            yield from (child for child in each.children if isinstance(child, Characters))
            yield from (attribute.value for attribute in each.attributes)


def _narrows(claim: Element) -> bool:
    """Return whether a required claim is only in tokens for some: it has values, and isn't about the issuer or time."""
    has_value = any(each.name == "value" and each.text.strip() for each in claim.elements())
    return has_value and attribute_of(claim, "name").lower() not in _OF_ISSUER


def _issuer(url: str) -> str:
    found = _TENANT.search(url)
    return found[1] if found else url.partition("/.well-known")[0].removeprefix("https://")


def _is_inside(element: Element, name: str) -> bool:
    return getattr(element.parent, "name", "") == name


def _texts(element: Element, is_chosen: Callable[[Characters], bool], group: str, name: str) -> Iterator[str]:
    for each in element.descendants():
        is_named = each.name == name and _is_inside(each, group)
        if is_named and not any(isinstance(child, Characters) and is_chosen(child) for child in each.children):
            yield each.text.strip()


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
    groups: dict[K, list[OperationAudit]] = {}
    for operation in operations:
        groups.setdefault(key(operation), []).append(operation)
    yield from groups.items()


def weak_proofs(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    yield from _tokens(operations)
    yield from _certificates(operations)
    yield from _custom_checks(operations)
    yield from _cached(operations)
    yield from _gateway_checks(operations)
    yield from _evaded_limits(operations)


def _tokens(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def weak(operation: OperationAudit) -> tuple[Fact, ...]:
        found = operation.access.facts(kinds.TOKEN)
        return tuple(fact for fact in found if isinstance(fact.detail[0], TokenCheck) and fact.detail[0].weaknesses)

    for facts, group in grouped(operations, weak):
        for fact in facts:
            token = fact.detail[0]
            assert isinstance(token, TokenCheck)
            words = listed(token.weaknesses)
            yield WeakProof("AUD005", group, words, _at(group[0], fact, "token checked"), words)


def _certificates(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def unproven(operation: OperationAudit) -> Fact | None:
        facts = [
            fact
            for path in operation.access.paths
            if not {each.subject for each in path.facts if each.kind == kinds.CERTIFICATE}
            & {kinds.VERIFIED, kinds.PINNED}
            for fact in sorted(path.facts, key=repr)
            if fact.kind == kinds.CERTIFICATE and fact.subject in (kinds.NAMED, kinds.PRESENTED)
        ]
        return facts[0] if facts else None

    for fact, group in grouped(operations, unproven):
        if fact is not None:
            message = "a client certificate is requested, but neither its chain nor its thumbprint is checked"
            yield WeakProof("AUD006", group, message, _at(group[0], fact, "certificate looked at"), "")


def _custom_checks(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def checks(operation: OperationAudit) -> tuple[Fact, ...]:
        paths = [path for path in operation.access.paths if path.proofs == {CUSTOM_CHECK}]
        return tuple(
            sorted({fact for path in paths for fact in path.facts if fact.kind in (kinds.OWN, kinds.OPAQUE)}, key=repr)
        )

    for facts, group in grouped(operations, checks):
        if facts:
            words = listed(dict.fromkeys(fact.subject for fact in facts))
            evidence = [each for fact in facts for each in _at(group[0], fact, "custom check")]
            message = f"only a custom check protects the backend: {words}"
            yield WeakProof("AUD007", group, message, evidence, words)


def _cached(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def hits(operation: OperationAudit) -> tuple[Fact, ...]:
        forwarded = frozenset(
            each for each in operation.alternatives if not any(fact.kind == kinds.VIA for fact in each)
        )
        if not is_weaker(operation, access_of(forwarded).paths):
            return ()
        return tuple(fact for fact in operation.access.facts(kinds.VIA) if fact.subject == kinds.CACHED)

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
            why = (
                "callers pass with what they make up"
                if fact.kind == kinds.FORGED
                else "it is the same for every caller"
            )
            comma = "," if ", which" in fact.subject else ""
            message = f"a check of {fact.subject}{comma} proves nothing: {why}"
            yield WeakProof("AUD015", group, message, _at(group[0], fact, "checked"), fact.subject)


def _proves_nothing(fact: Fact) -> bool:
    is_of_gateway = "the gateway put there" in fact.subject or "which a policy has set" in fact.subject
    return fact.is_true and (fact.kind == kinds.FORGED or (fact.kind == kinds.GATEWAY and is_of_gateway))


def _evaded_limits(operations: Sequence[OperationAudit]) -> Iterator[WeakProof]:
    def evaded(operation: OperationAudit) -> tuple[tuple[Hashable, str, str], ...]:
        found = [action for action in operation.actions if action.kind == kinds.COUNTS]
        return tuple((each, each.subject, words) for each in found if (words := listed(evaded_by(operation, each))))

    for limits, group in grouped(operations, evaded):
        for action, policy, words in limits:
            message = f"{policy} counts by {words}, which callers choose: with another value the count begins again"
            yield WeakProof("AUD016", group, message, _at(group[0], action, "limit"), f"{policy}: {words}")


def _at(operation: OperationAudit, subject: Hashable, words: str) -> Places:
    place = operation.places.get(subject)
    return [] if place is None else [(words, place)]
