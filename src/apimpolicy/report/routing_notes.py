"""Notes of an explanation about routing: known APIs and operations, keys, limits that need a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.effects import QuotaUsed, RateLimited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.engine.exchange import Unmatched
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.service import ServiceApi

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
        yield f"No operation of {api} matches {method} {path}. Operations{prefix}: {_listed(templates)}"
    elif unmatched.apis:
        yield f"No API matches {path}. APIs: {_listed(map(api_in_words, unmatched.apis))}"
    else:
        yield "The service has no APIs."


def api_in_words(api: ServiceApi) -> str:
    """Return `orders at /orders/v2;rev=3`, and how a request names the version."""
    version = None if api.api.version is None else from_utf16(api.api.version)
    versions = api.version_set
    if versions is None or version is None or versions.scheme == "segment":
        return f"{api.id} at {url_path_of(api)}"
    where = "the header" if versions.scheme == "header" else "the query parameter"
    return f"{api.id} at {url_path_of(api)} with {version} in {where} {versions.name}"


def url_path_of(api: ServiceApi) -> str:
    """Return the path by which requests reach an API: `/orders/v2`, or `/orders/v2;rev=3` for another revision."""
    path = "/" + from_utf16(api.api.path).strip("/")
    if api.version_set is not None and api.version_set.scheme == "segment" and api.api.version is not None:
        path = f"{path.rstrip('/')}/{from_utf16(api.api.version)}"
    return path if api.api.is_current_revision else f"{path};rev={from_utf16(api.api.revision)}"


def _limits(result: Result) -> Iterator[str]:
    """Yield a note for limits that count by subscription if the request has none: the response doesn't show it."""
    names = {
        entry.name
        for entry in result.trace
        if isinstance(entry.effect, _BY_SUBSCRIPTION) and "no subscription" in entry.effect.text
    }
    for name in sorted(names):
        yield f"{name} was not applied: it counts the calls of a subscription, and this request has none."


def _listed(texts: Iterable[str]) -> str:
    found = list(texts)
    more = f", … {len(found) - MOST_LISTED} more" if len(found) > MOST_LISTED else ""
    return ", ".join(found[:MOST_LISTED]) + more
