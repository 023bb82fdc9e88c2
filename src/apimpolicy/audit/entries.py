"""Entries into a service: without a key, with the key of a product, with a key of the API or of all APIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.access import access_of
from apimpolicy.audit.facts import ADDRESS, CERTIFICATE, KEY, TOKEN, UNDECIDED, Fact, PolicyLocation
from apimpolicy.audit.request_state import Caller
from apimpolicy.audit.states import State, of_fact
from apimpolicy.dotnet.values import from_utf16

if TYPE_CHECKING:
    from apimpolicy.audit.walk import Walk
    from apimpolicy.engine.service import Service, ServiceApi, ServiceProduct

ANY_PRODUCT = ""
"""The product of a key for the API, or for all APIs, in any product."""


class EntryAudit(NamedTuple):
    """The proofs that one entry requires.

    `product` is the id of the key's product, empty for a key of the API or of all APIs, and None without a key.
    `checks` are the places of what it proves.
    """

    product: str | None
    proofs: frozenset[str]
    checks: tuple[tuple[str, PolicyLocation], ...] = ()


class Entry(NamedTuple):
    """An entry: what the request has proven, and the product whose policies run."""

    state: State
    caller: Caller
    product: ServiceProduct | None
    place: PolicyLocation | None


def entries_of(api: ServiceApi, service: Service, unsettled: frozenset[str]) -> Iterator[Entry]:
    """Yield the entries. Azure requires a subscription unless the API, or an open product, doesn't."""
    products = service.products_of(api)
    opened = next((each for each in products if not each.product.subscription_required), None)
    if opened is not None or api.subscription_required is False:
        yield Entry(State(), Caller(has_key=False, product=_members(opened)), opened, None)
    elif api.id in unsettled:
        unknown = of_fact(Fact(UNDECIDED, "whether the API needs a subscription"))
        yield Entry(State(unknown), Caller(has_key=False), None, None)
    for product in products:
        entered = State(of_fact(Fact(KEY, product.id)))
        yield Entry(entered, Caller(has_key=True, product=_members(product)), product, None)
    yield Entry(State(of_fact(Fact(KEY, ANY_PRODUCT))), Caller(has_key=True), None, None)


def entry_audit(entry: Entry, walk: Walk) -> EntryAudit:
    """Return the proofs common to all requests by an entry that reach the backend."""
    paths = [path.proofs for path in access_of(walk.forwarded.alternatives).paths]
    name = None if not entry.caller.has_key else ANY_PRODUCT if entry.product is None else entry.product.id
    checks = [
        (f"{fact.kind} checked", place)
        for fact, place in walk.places.items()
        if isinstance(fact, Fact) and fact.kind in (TOKEN, CERTIFICATE, ADDRESS) and fact.is_true
    ]
    return EntryAudit(name, frozenset.intersection(*paths) if paths else frozenset(), tuple(dict.fromkeys(checks)))


def _members(product: ServiceProduct | None) -> Mapping[str, str] | None:
    if product is None:
        return None
    return {"Id": product.id, "Name": from_utf16(product.product.name)}
