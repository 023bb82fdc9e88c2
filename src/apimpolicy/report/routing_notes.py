"""Notes of an explanation about routing: known APIs and operations, keys, limits that need a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.engine.api_routing import prefix_of, stated_version
from apimpolicy.gateway.policies.effects import QuotaUsed, RateLimited
from apimpolicy.report.columns import first_of

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.exchange import Unmatched
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.service import ServiceApi


MOST_LISTED = 8
_BY_SUBSCRIPTION = (RateLimited, QuotaUsed)
_KEY_ERRORS = ("SubscriptionKeyNotFound", "SubscriptionKeyInvalid")


def routing_notes(result: Result) -> Iterator[str]:
    """Yield the notes, as sentences; none when nothing of that kind happened."""
    unmatched = result.exchange.unmatched
    if unmatched is not None:
        yield from _unmatched(unmatched, result)
    if result.error is not None and result.error.reason in _KEY_ERRORS:
        names = result.exchange.context.api.subscription_key_parameter_names
        header, query = from_utf16(names.header), from_utf16(names.query)
        yield f"Send the key of a subscription in the header {header}, or in the query as {query}."
    yield from _limits(result)


def _unmatched(unmatched: Unmatched, result: Result) -> Iterator[str]:
    method, path = result.request.method, from_utf16(result.exchange.request.url.path)
    if unmatched.operations:
        api = f"the API '{unmatched.api}'" if unmatched.api else "the API"
        templates = (f"{operation.method} {from_utf16(operation.url_template)}" for operation in unmatched.operations)
        prefix = f" (below /{unmatched.prefix})" if unmatched.prefix else ""
        operations = first_of(templates, MOST_LISTED, ", … ")
        yield f"No operation of {api} matches {method} {path}. Operations{prefix}: {operations}"
    elif unmatched.apis:
        yield f"No API matches {path}. APIs: {first_of(map(api_in_words, unmatched.apis), MOST_LISTED, ', … ')}"
    else:
        yield "The service has no APIs."


def api_in_words(api: ServiceApi) -> str:
    """Return `orders at /orders/v2;rev=3`, and how a request names the version."""
    stated = stated_version(api)
    if stated is None:
        return f"{api.id} at {url_path_of(api)}"
    where = "the header" if stated.is_header else "the query parameter"
    return f"{api.id} at {url_path_of(api)} with {stated.version} in {where} {stated.name}"


def url_path_of(api: ServiceApi) -> str:
    """Return the path by which requests reach an API: `/orders/v2`, or `/orders/v2;rev=3` for another revision."""
    return prefix_of(api) or "/"


def _limits(result: Result) -> Iterator[str]:
    """Yield a note for limits that count by subscription if the request has none: the response doesn't show it."""
    names = {
        entry.name
        for entry in result.trace
        if isinstance(entry.effect, _BY_SUBSCRIPTION) and "no subscription" in entry.effect.text
    }
    for name in sorted(names):
        yield f"{name} was not applied: it counts the calls of a subscription, and this request has none."
