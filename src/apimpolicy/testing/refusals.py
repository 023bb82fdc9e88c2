"""Cases for callers that lack one thing: the request that gets through, with one thing of it changed at a time.

GET /orders/{id} without a subscription key is refused with 401
GET /orders/{id} with a token for another audience is refused with 401
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.testing.case_names import of_method
from apimpolicy.testing.first_cases import Found, run_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apimpolicy.testing.claims.services import Route
    from apimpolicy.testing.first_surroundings import Surroundings

_UNKNOWN_ADDRESS = "198.51.100.77"
"""Of the addresses for documentation (RFC 5737)."""


def refusals(
    around: Surroundings, output: str, passing: Found, route: Route, cases: Sequence[Found], operation: str
) -> tuple[list[Found], list[str]]:
    """Return cases for changed requests that are refused, and the names of those that are not.

    `cases` are those that there are already.
    """
    method = "OPTIONS" if "options" in passing.request else passing.request.get("method", "")
    operation = of_method(operation, method)
    found: list[Found] = []
    accepted: list[str] = []
    known = [case.request for case in cases]
    for words, request in _changed(passing.request, around, route):
        if request in known:
            continue
        results = run_alone("", output, around, request, **passing.given).results
        if not results:
            continue
        status = results[-1].response.status_code
        if results[-1].reached_backend or status < 400:
            accepted.append(f"{operation} {words}")
        else:
            expect = {"status": status, "backend-requests": 0}
            found.append(Found(f"{operation} {words} is refused with {status}", request, expect, given=passing.given))
    return found, accepted


def _changed(request: dict[str, Any], around: Surroundings, route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield requests with one thing changed, and what is then so."""
    headers: dict[str, Any] = request.get("headers", {})
    key = next((name for name, value in route.headers.items() if route.caller and value == route.caller.key), None)
    if key is not None:
        yield "without a subscription key", _with_headers(request, {**headers, key: None})
        yield "with an unknown subscription key", _with_headers(request, {**headers, key: "unknown key"})
    if "token" in request:
        yield "without a token", _without(request, "token")
        given = request["token"]
        token: dict[str, Any] = {"from": given} if isinstance(given, str) else given
        for words, options in _changed_tokens(around.providers.get(str(token["from"]), {})):
            yield words, {**request, "token": {**token, **options}}
    if "certificate" in request:
        yield "without a client certificate", _without(request, "certificate")
        yield "with an expired client certificate", {**request, "certificate": "expired"}
        yield "with a client certificate of another authority", {**request, "certificate": "stranger"}
    for name in headers:
        if name not in route.headers:
            yield f"without the header {name}", _with_headers(request, {**headers, name: None})
    if "ip-address" in request:
        yield f"from the address {_UNKNOWN_ADDRESS}", {**request, "ip-address": _UNKNOWN_ADDRESS}


def _changed_tokens(provider: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "with an expired token", {"expires-in": -60}
    if "audience" in provider:
        yield "with a token for another audience", {"audience": "another-audience"}
    yield "with a token of another issuer", {"issuer": "https://another-issuer.example"}
    yield "with a token that another key signed", {"signed-with": "another-key"}
    claims = provider.get("claims") or {}
    for name in claims:
        yield f"with a token with another value of {name}", {"claims": {**claims, name: "another-value"}}


def _without(request: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != key}


def _with_headers(request: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in headers.items() if value is not None}
    return {**_without(request, "headers"), **({"headers": kept} if kept else {})}
