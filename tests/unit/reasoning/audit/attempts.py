"""Requests with every valid and every invalid credential, for the differential test of `audit`."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.gateway.engine.token_issuers import OpenIdProvider
from apimpolicy.gateway.engine.token_keys import TokenKey
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit, audit_service
from apimpolicy.reasoning.audit.requests import ADDRESS_OF_CALLER, ALL_APIS, Rehearsal, choices, request_for
from apimpolicy.reasoning.audit.states import Fact, TokenCheck
from apimpolicy.reasoning.audit.tools import ANY_PRODUCT
from apimpolicy.reasoning.audit.walk import ServiceContext
from apimpolicy.testing.authority import TestAuthority, self_signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.reasoning.audit.states import Alternative

MOST_FILLERS = 2
"""Requests that fill the cache before all others are sent again."""
OUTSIDE = "198.51.100.1"
AUTHORITY = TestAuthority("Audit CA")
TRUSTED = AUTHORITY.client("partner")
STRANGER = self_signed("partner")
STRANGERS_KEY = TokenKey()
_NAMED_VALUE = re.compile(r"\{\{([^{}]+)\}\}")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


class Credentials(NamedTuple):
    """What a request brings, and the facts that it proves by that."""

    key: str | None = None
    opens: str | None = None
    """The product of the key; empty for one of all APIs."""
    token: str | None = None
    provider: str = ""
    """The URL of the provider whose token is good."""
    certificate: Certificate | None = None
    kind: str = ""
    address: str = OUTSIDE
    is_listed: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    def proves(self, fact: Fact, gateway: Gateway) -> bool:
        """Return whether a fact is true of the request; own checks are, for all that is known."""
        match fact.kind:
            case "key":
                return self.opens == fact.subject
            case "token":
                (token,) = fact.detail
                assert isinstance(token, TokenCheck)
                urls = [_filled(url, gateway) for url in token.urls]
                return bool(self.provider) and (not urls or any(self.provider.startswith(url) for url in urls))
            case "certificate" if fact.is_true:
                if fact.subject == kinds.VERIFIED:
                    return self.kind == "trusted"
                return (
                    self.certificate is not None
                    if fact.subject != kinds.PINNED
                    else self.kind in ("uploaded", "trusted")
                )
            case "address" if fact.is_true:
                return self.is_listed
        return True


class Differences(NamedTuple):
    """`unlisted`: requests that reach a backend by no alternative; `unreached`: alternatives by which none does;
    `untried`: alternatives with checks that these requests can't pass, or where the gateway itself fails.
    """

    unlisted: list[str]
    unreached: list[str]
    untried: list[str]
    sent: int


def audited(gateway: Gateway) -> tuple[ServiceAudit, Rehearsal]:
    """Return what the audit says of a gateway's service, and the service to send requests to."""
    assert gateway.service is not None
    found = audit_service(gateway.service, ServiceContext.of(gateway))
    addresses = {
        name: "192.0.2.7"
        for operation in found.operations
        for fact in operation.places
        if isinstance(fact, Fact) and fact.kind == kinds.ADDRESS
        for name in _NAMED_VALUE.findall(str(fact.detail))
        if name in gateway.made_up.get("named_values", ())
    }
    rehearsal = Rehearsal(
        gateway,
        certificates={**gateway.certificates, "issuer": TRUSTED},
        named_values={**gateway.named_values, **addresses},
        trusted_roots=[*gateway.trusted_roots, AUTHORITY.certificate],
        revocation_lists=[*gateway.revocation_lists, AUTHORITY.crl()],
        negotiate_client_certificate=True,
    )
    return found, rehearsal


def differences(operations: list[OperationAudit], rehearsal: Rehearsal) -> Differences:
    """Send requests with every combination of credentials, also behind others that filled the cache, and compare."""
    found = Differences([], [], [], 0)
    sent = 0
    for operation in operations:
        reached: set[Alternative] = set()
        failed: dict[Alternative, str] = {}
        requests = list(_requests(operation, rehearsal))
        fillers: list[Request | None] = [None]
        fills = any(place.policy.endswith(("lookup", "lookup-value")) for place in operation.places.values())
        for filler in fillers:
            for given, request in requests:
                sent += 1
                attempt = rehearsal.send(request, filler)
                by = [
                    each
                    for each in operation.alternatives
                    if all(given.proves(fact, rehearsal.gateway) for fact in each)
                ]
                if not attempt.reached and not (attempt.sent and any(_is_sent(each) for each in by)):
                    if attempt.status in (0, 500):
                        failed |= dict.fromkeys(by, attempt.problem)
                    continue
                reached.update(by)
                if fills and filler is None and len(fillers) <= MOST_FILLERS:
                    fillers.append(request)
                if not by:
                    found.unlisted.append(f"{operation.api.id} {operation.name}: {_shown(given)}")
        for alternative in operation.alternatives - reached:
            row = f"{operation.api.id} {operation.name}: {sorted(fact[:2] + fact[3:] for fact in alternative)}"
            found_kinds = {
                fact.kind for fact in alternative if not fact.is_free or fact.kind in (kinds.GATEWAY, kinds.FORGED)
            }
            is_cached = any(fact[:2] == (kinds.VIA, kinds.CACHED) for fact in alternative)
            if any(fact.subject.startswith("unverified token") and not fact.is_true for fact in alternative):
                found_kinds.add("a header that is no token and has one")  # the audit doesn't relate the two
            asked = {
                (fact.kind, fact.subject, fact.is_true)
                for fact in alternative
                if fact.kind in (kinds.FORGED, kinds.CHOICE)
            }
            if any((kind, subject, not is_true) in asked for kind, subject, is_true in asked):
                row += " (several conditions about the caller's own values)"
            is_open = found_kinds <= {kinds.KEY, kinds.TOKEN, kinds.CERTIFICATE, kinds.ADDRESS} and not (
                is_cached and len(alternative) > 1
            )
            is_tried = is_open and alternative not in failed
            (found.unreached if is_tried else found.untried).append(f"{row} {failed.get(alternative, '')}")
    return found._replace(sent=sent)


def _requests(operation: OperationAudit, rehearsal: Rehearsal) -> Iterator[tuple[Credentials, Request]]:
    for given in _credentials(operation, rehearsal):
        for facts in _one_choice_each(operation.alternatives or (frozenset(),)):
            options = choices(facts)
            headers = {n: given.address if v == ADDRESS_OF_CALLER else v for n, v in options["headers"].items()}
            options["headers"] = headers | dict(given.headers)
            if given.token is not None:
                options["headers"]["authorization"] = f"Bearer {given.token}"
            yield (
                given,
                request_for(
                    operation, key=given.key, certificate=given.certificate, ip_address=given.address, **options
                ),
            )


def _one_choice_each(alternatives: Iterable[Alternative]) -> Iterator[tuple[Fact, ...]]:
    """Yield the choices of each alternative; one after another, where it has several for the same header."""
    for alternative in alternatives:
        of_one: dict[str, list[Fact]] = {}
        for fact in sorted(alternative, key=str):
            if fact.kind == kinds.CHOICE and fact.is_true:
                of_one.setdefault(fact.subject, []).append(fact)
        yield from itertools.product(*of_one.values())


def _is_sent(alternative: Alternative) -> bool:
    return any(fact[:2] == (kinds.VIA, kinds.SENT) for fact in alternative)


def _credentials(operation: OperationAudit, rehearsal: Rehearsal) -> Iterator[Credentials]:
    facts = {fact for each in operation.alternatives for fact in each} | {
        fact for fact in operation.places if isinstance(fact, Fact)
    }
    for key, token, certificate, address, headers in itertools.product(
        list(_keys(operation, rehearsal)),
        list(_tokens(facts, rehearsal)),
        list(_certificates(facts, rehearsal)),
        list(_addresses(facts, rehearsal)),
        list(_headers(facts, rehearsal)),
    ):
        yield Credentials(**key, **token, **certificate, **address, headers=headers)  # type: ignore[arg-type]


def _keys(operation: OperationAudit, rehearsal: Rehearsal) -> Iterator[dict[str, object]]:
    yield {}
    yield {"key": "not-a-key"}
    yield {"key": rehearsal.keys[ALL_APIS], "opens": ANY_PRODUCT}
    for product in rehearsal.gateway.service.products_of(operation.api):  # type: ignore[union-attr]
        yield {"key": rehearsal.keys[product.id], "opens": product.id}


def _tokens(facts: set[Fact], rehearsal: Rehearsal) -> Iterator[dict[str, object]]:
    yield {}
    tokens = [fact.detail[0] for fact in facts if fact.kind == kinds.TOKEN]
    urls = {_filled(url, rehearsal.gateway) for token in tokens for url in token.urls}  # type: ignore[attr-defined]
    for token in tokens:
        if not token.urls:  # type: ignore[attr-defined]
            issuer = OpenIdProvider("https://issuer.example", audience=token.audiences[0])  # type: ignore[attr-defined]
            issuer.use_time(rehearsal.gateway.services.time)
            yield {"token": issuer.token(signed_with=TokenKey.of(TRUSTED)), "provider": issuer.url}
            yield {"token": issuer.token()}
    providers: list[OpenIdProvider] = list(rehearsal.gateway.openid_providers)  # type: ignore[arg-type]
    for provider in providers:
        if any(provider.url.startswith(url) for url in urls):
            yield {"token": provider.token(), "provider": provider.url}
            yield {"token": provider.token(signed_with=STRANGERS_KEY)}
            yield {"token": provider.token(expires_in=-600)}


def _certificates(facts: set[Fact], rehearsal: Rehearsal) -> Iterator[dict[str, object]]:
    yield {}
    if any(fact.kind == kinds.CERTIFICATE for fact in facts):
        yield {"certificate": TRUSTED, "kind": "trusted"}
        yield {"certificate": STRANGER, "kind": "stranger"}
        for uploaded in rehearsal.gateway.certificates.values():
            if uploaded is not TRUSTED:
                yield {"certificate": uploaded, "kind": "uploaded"}


def _addresses(facts: set[Fact], rehearsal: Rehearsal) -> Iterator[dict[str, object]]:
    yield {}
    for fact in facts:
        if fact.kind == kinds.ADDRESS:
            for found in _ADDRESS.findall(_filled(str(fact.detail), rehearsal.gateway))[:2]:
                yield {"address": found, "is_listed": True}


def _headers(facts: set[Fact], rehearsal: Rehearsal) -> Iterator[tuple[tuple[str, str], ...]]:
    yield ()
    for fact in facts:
        if fact.kind == kinds.OWN and fact.subject.startswith("header '") and fact.detail:
            values = fact.detail[0] if isinstance(fact.detail[0], tuple) else (fact.detail[0],)
            name = fact.subject.partition("'")[2].rstrip("'")
            for value in values[:1]:
                yield ((name, _filled(str(value), rehearsal.gateway)),)


def _filled(text: str, gateway: Gateway) -> str:
    return _NAMED_VALUE.sub(lambda found: gateway.named_values.get(found[1], found[0]), text)


def _shown(given: Credentials) -> str:
    words = {"key": given.opens, "provider": given.provider, "certificate": given.kind, "address": given.is_listed}
    return ", ".join(f"{name} {value}" for name, value in words.items() if value) or "nothing"
