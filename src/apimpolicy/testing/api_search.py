"""Search for the test cases of one API of a service, with requests that go through all scopes with the keys they need.

Requests are searched for that take each branch of all documents: for each operation with a policy of its own, and for
one of the others. Then one thing of a request that gets through is changed at a time (`refusals`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.project.service.likely_values import providers_of
from apimpolicy.reasoning.audit.requests import BODIED
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.scenarios.assignments import Assignment
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.harness import ScenarioRun
from apimpolicy.reasoning.scenarios.scenario import Bounds, Exploration, Scenario
from apimpolicy.report.caller_matrix import (
    EXPIRED,
    NO_CERTIFICATE,
    NO_KEY,
    NO_TOKEN,
    OTHER_ADDRESS,
    OTHER_AUDIENCE,
    OTHER_CERTIFICATE,
    OTHER_ISSUER,
)
from apimpolicy.testing.case_writer import CaseWriter, of_method
from apimpolicy.testing.claims.harnesses import Setup, setup_of, steps_of
from apimpolicy.testing.claims.services import ServiceRoute, harness_of_route, service_with_keys
from apimpolicy.testing.first_cases import FoundCase, limit_cases, run_alone
from apimpolicy.testing.first_surroundings import (
    CaseSurroundings,
    accepted_caller,
    numbered_providers,
    shows_certificates,
    with_certificates,
)
from apimpolicy.testing.format import METHODS
from apimpolicy.text.document import Element

if TYPE_CHECKING:
    from apimpolicy.reasoning.languages.url_paths import Piece

_LEAST_SECONDS = 0.5
"""Of searching for one route, however many an API has."""
_MOST_ROWS = 60
"""Of operations that have no case of their own."""
_BODY = ("body", "json")


@attrs.define
class ApiCases:
    """The cases of an API, to be sent between processes: `around` are the keys above them, `goals` have names.

    Goals are `failing` if requests for them fail with 500, and `secret` if they need a secret of the configuration.
    `accepted` are names of changed requests that are not refused.
    """

    around: CaseSurroundings
    cases: list[FoundCase]
    goals: dict[Goal, str]
    reached: set[Goal]
    failing: set[Goal]
    secret: set[Goal]
    accepted: list[str]


def service_setup(around: CaseSurroundings) -> Setup:
    """Return the setup in which the test file runs."""
    return setup_of(around.loaded({"request": {"get": "/"}, "expect": {}}).file)


def elements_of(routes: Iterable[ServiceRoute], gateway: Gateway) -> list[Element]:
    """Return the elements of all policies that requests on these routes meet, each once."""
    found: dict[int, Element] = {}
    for policies in {id(route.policies): route.policies for route in routes}.values():
        try:
            for step in steps_of(gateway, policies):
                found.setdefault(id(step.element), step.element)
        except ApimPolicyError:
            continue
    return list(found.values())


def add_needs_of(around: CaseSurroundings, elements: Sequence[Element], routes: Iterable[ServiceRoute]) -> None:
    """Add the identity providers, certificates and subscriptions that requests on these routes need."""
    around.providers = numbered_providers(provider for _, provider in providers_of(elements))
    gateway: dict[str, Any] = {}
    if shows_certificates(elements):
        gateway |= with_certificates()
    callers = {route.caller.id: route.caller.table() for route in routes if route.caller is not None}
    if callers:
        gateway["subscriptions"] = callers
    around.defaults = {"gateway": gateway} if gateway else {}
    around.defaults["backend"] = {"status": 200, "json": {"from": "the backend"}}


def address_on(route: ServiceRoute) -> tuple[str, str]:
    """Return the method and the URL of the plainest request on a route."""
    plain = "".join(piece.default for piece in route.template)
    return route.method or "GET", "?".join([plain, *filter(None, ["&".join(route.query)])])


class ApiSearch:
    """Searches for the cases of one API, for goals that are not `reached`, which it changes."""

    def __init__(
        self,
        around: CaseSurroundings,
        routes: Sequence[ServiceRoute],
        bounds: Bounds,
        reached: set[Goal],
        *,
        with_errors: bool,
    ) -> None:
        self.routes = routes
        self.bounds = bounds
        self.around = around
        self.elements = elements_of(routes, service_setup(around).gateway)
        add_needs_of(around, self.elements, self._chosen())
        self.setup = service_setup(self.around)
        self.opened = service_with_keys(self.setup.service)
        self.cases: list[FoundCase] = []
        self.goals: dict[Goal, str] = {}
        self.good: tuple[ServiceRoute, FoundCase] | None = None
        self.with_errors = with_errors
        self.writer: _RouteWriter | None = None
        self.reached = reached
        self.tried: list[ServiceRoute] = []

    def cases_found(self) -> ApiCases:
        chosen = self._chosen()
        seconds = max(self.bounds.seconds / max(len(chosen), 1), _LEAST_SECONDS)
        for route in chosen:
            self._search(route, Bounds(seconds=seconds))
        accepted: list[str] = []
        if self.good is not None and self.writer is not None:
            route, case = self.good
            operation = _label(route) + _with_key(route)
            self.cases += self._other_operations(route, case)
            made, accepted = refusals(self.around, case, route, self.cases, operation)
            self.cases += [*made, *limit_cases(self.around, self.elements, case)]
        failing, secret = (set(), set()) if self.writer is None else (self.writer.failing, self.writer.secret)
        return ApiCases(self.around.keys(), self.cases, self.goals, self.reached, failing, secret, accepted)

    def _chosen(self) -> list[ServiceRoute]:
        """Return one route for each document that requests can meet, those of the first caller first."""
        found: list[ServiceRoute] = []
        seen: set[tuple[int, int]] = set()
        callers: set[str | None] = set()
        for route in self.routes:
            caller = None if route.caller is None else route.caller.id
            operation, product = id(route.policies.get("operation")), id(route.policies.get("product"))
            is_first = not callers or caller in callers
            if not is_first and ("product" not in route.policies or (0, product) in seen):
                continue
            if is_first and (operation, 0) in seen:
                continue
            callers = callers or {caller}
            seen |= {(operation, 0), (0, product)}
            found.append(route)
        return found

    def _search(self, route: ServiceRoute, bounds: Bounds) -> None:
        """Search for requests on a route that take what no case has taken."""
        self.tried.append(route)
        harness = harness_of_route(route, self.setup, self.opened)
        missing = [goal for goal in harness.goals.all if goal not in self.reached]
        self.goals |= {goal: harness.goals.name(goal) for goal in missing if goal.kind == BRANCH}
        usual = accepted_caller(self.elements, self.around.providers)
        with_body: Assignment = {**usual, ("body", "there"): True, ("body", "json"): True}
        starts = [usual, with_body] if route.method in BODIED else [usual]
        explored = Finder(harness, bounds, wanted=missing).explore(starts)
        if not explored.runs:
            return
        if self.writer is None:
            self.writer = _RouteWriter(self.around, explored, with_errors=self.with_errors)
            self.writer.reached = self.reached
        writer = self.writer
        writer.explored, writer.route = explored, route
        passing = _best(explored)
        for run in dict.fromkeys((explored.runs[0], passing)):
            case = writer.case(run, [])
            if case is None:
                continue
            self.cases.append(case)
            if run is passing and (self.good is None or self.good[1].expect["status"] >= 400):
                self.good = route, case
        self.cases += writer.cases_of(explored, missing)

    def _other_operations(self, tried: ServiceRoute, good: FoundCase) -> Iterator[FoundCase]:
        """Yield cases with a row for each further operation whose requests reach the backend.

        They are those of the caller who passed, with a body of JSON if it needs one.
        """
        rows: dict[bool, list[dict[str, str]]] = {False: [], True: []}
        request = {key: value for key, value in good.request.items() if key not in (*METHODS, "method", "url", *_BODY)}
        body = {key: value for key, value in good.request.items() if key in _BODY} or {"json": {}}
        bodies: dict[bool, dict[str, Any]] = {False: {}, True: body}
        for route in self.routes:
            if route.caller != tried.caller or route in self.tried or sum(map(len, rows.values())) == _MOST_ROWS:
                continue
            sent = dict(zip(("method", "url"), address_on(route), strict=True))
            is_bodied = sent["method"] in BODIED
            for has_body in (is_bodied, not is_bodied):
                sent_request = {**request, **sent, **bodies[has_body]}
                results = run_alone(self.around, sent_request, **good.given).results
                if results and results[-1].response.status_code == 200 and results[-1].backend_requests:
                    row = {"operation": _label(route), **sent, "sent-to": results[-1].backend_requests[-1].url}
                    rows[has_body].append(row)
                    break
        for has_body, group in rows.items():
            if group:
                expect = {"status": 200, "backend-requests": [{"method": "$method", "url": "$sent-to"}]}
                sent_request = {"method": "$method", "url": "$url", **request, **bodies[has_body]}
                yield FoundCase(
                    "$operation reaches the backend", sent_request, expect, given={**good.given, "each": group}
                )


class _RouteWriter(CaseWriter):
    """Writes cases for requests on a route."""

    route: ServiceRoute

    def keys(self, scenario: Scenario) -> dict[str, Any]:
        """Return the keys of a case, with the headers that bring the request to its API."""
        found = super().keys(scenario)
        if self.route.headers:
            request = found["request"]
            request["headers"] = {**request.get("headers", {}), **self.route.headers}
        return found

    def operation(self, scenario: Scenario) -> str:
        """Return the operation, with the values of parameters that matter."""
        path, _, query = scenario.url.partition("?")
        label = _label(self.route, scenario.method)
        more = "?" + query if query not in ("", "&".join(self.route.query)) else ""
        found = re.fullmatch("".join(map(_pattern, self.route.template)), path, re.IGNORECASE | re.DOTALL)
        if found is None:
            return f"{scenario.method} {scenario.url}{_with_key(self.route)}"
        parameters = [piece for piece in self.route.template if piece.parameter is not None]
        given = zip(parameters, found.groups(), strict=True)
        values = [f" with {piece.parameter} '{text}'" for piece, text in given if text != piece.default]
        return f"{label}{more}{_with_key(self.route)}{''.join(values)}"


def _pattern(piece: Piece) -> str:
    if piece.parameter is not None:
        return "(.*?)"
    return re.escape(piece.default) or "/?"


def _label(route: ServiceRoute, method: str = "GET") -> str:
    """Return the operation for people; of an API without operations, any path below it."""
    return f"{method} {route.label.removeprefix('any ')}" if route.method is None else route.label


def _with_key(route: ServiceRoute) -> str:
    has_product = "product" in route.policies and route.caller is not None
    return f" with a key of the product {route.caller.target}" if has_product and route.caller else ""


def _best(explored: Exploration) -> ScenarioRun:
    """Return the first run that reaches the backend, else the first that no policy refuses."""

    def rank(run: ScenarioRun) -> tuple[bool, bool, bool]:
        result = run.result
        if result is None:
            return True, True, True
        return result.error is not None, result.response.status_code >= 400, not result.reached_backend

    return min(explored.runs, key=rank)


# Cases for callers that lack one thing: the request that gets through, with one thing of it changed at a time.
#
# GET /orders/{id} without a subscription key is refused with 401
# GET /orders/{id} with a token for another audience is refused with 401

UNKNOWN_ADDRESS = "198.51.100.77"
"""Of the addresses for documentation (RFC 5737)."""


def refusals(
    around: CaseSurroundings, passing: FoundCase, route: ServiceRoute, cases: Sequence[FoundCase], operation: str
) -> tuple[list[FoundCase], list[str]]:
    """Return cases for changed requests that are refused, and the names of those that are not.

    `cases` are those that there are already.
    """
    method = "OPTIONS" if "options" in passing.request else passing.request.get("method", "")
    operation = of_method(operation, method)
    refused: list[FoundCase] = []
    accepted: list[str] = []
    requests = [case.request for case in cases]
    for _, words, request in changed_callers(passing.request, around, route):
        if request in requests:
            continue
        results = run_alone(around, request, **passing.given).results
        if not results:
            continue
        status = results[-1].response.status_code
        if results[-1].reached_backend or status < 400:
            accepted.append(f"{operation} {words}")
        else:
            expect = {"status": status, "backend-requests": 0}
            refused.append(
                FoundCase(f"{operation} {words} is refused with {status}", request, expect, given=passing.given)
            )
    return refused, accepted


def changed_callers(
    request: dict[str, Any], around: CaseSurroundings, route: ServiceRoute
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the kind of a caller with one thing changed, what is then so, and the request."""
    headers: dict[str, Any] = request.get("headers", {})
    key = next((name for name, value in route.headers.items() if route.caller and value == route.caller.key), None)
    if key is not None:
        yield NO_KEY, "without a subscription key", with_headers(request, {**headers, key: None})
        yield "", "with an unknown subscription key", with_headers(request, {**headers, key: "unknown key"})
    if "token" in request:
        yield NO_TOKEN, "without a token", without(request, "token")
        token = token_of(request)
        for kind, words, options in _changed_tokens(around.providers.get(str(token["from"]), {})):
            yield kind, words, {**request, "token": {**token, **options}}
    if "certificate" in request:
        yield NO_CERTIFICATE, "without a client certificate", without(request, "certificate")
        yield "", "with an expired client certificate", {**request, "certificate": "expired"}
        words = "with a client certificate of another authority"
        yield OTHER_CERTIFICATE, words, {**request, "certificate": "stranger"}
    for name in headers:
        if name not in route.headers:
            yield "", f"without the header {name}", with_headers(request, {**headers, name: None})
    if "ip-address" in request:
        yield OTHER_ADDRESS, f"from the address {UNKNOWN_ADDRESS}", {**request, "ip-address": UNKNOWN_ADDRESS}


def token_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the token of a request as a table."""
    given = request["token"]
    return {"from": given} if isinstance(given, str) else dict(given)


def _changed_tokens(provider: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield EXPIRED, "with an expired token", {"expires-in": -60}
    if "audience" in provider:
        yield OTHER_AUDIENCE, "with a token for another audience", {"audience": "another-audience"}
    yield OTHER_ISSUER, "with a token of another issuer", {"issuer": "https://another-issuer.example"}
    yield "", "with a token that another key signed", {"signed-with": "another-key"}
    claims = provider.get("claims") or {}
    for name in claims:
        yield "", f"with a token with another value of {name}", {"claims": {**claims, name: "another-value"}}


def without(request: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != key}


def with_headers(request: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in headers.items() if value is not None}
    return {**without(request, "headers"), **({"headers": kept} if kept else {})}
