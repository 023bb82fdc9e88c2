"""First test files for a service: one per API, whose requests go through all scopes with the keys they need.

For each operation with a policy of its own, and for one of the others, requests are searched for that take each branch
of all documents. A branch of the global policy, or of a product's, has its case in the file of the first API that meets
it. Then one thing of a request that gets through is changed at a time (`refusals`).
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic.bounds import Bounds
from apimpolicy.concolic.explorer import Explorer
from apimpolicy.concolic.goals import BRANCH
from apimpolicy.errors import ApimPolicyError
from apimpolicy.policies.registry import has_trait
from apimpolicy.project.service.kept import KeptServices
from apimpolicy.project.service.token_checks import providers_of
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.case_writer import CaseWriter
from apimpolicy.testing.claims.harnesses import setup_of
from apimpolicy.testing.claims.services import harness_of_route, routes_of, service_with_keys
from apimpolicy.testing.first_cases import FirstCases, Found, limit_cases, run_alone, text_of
from apimpolicy.testing.first_surroundings import (
    Surroundings,
    address_that_passes,
    numbered_providers,
    shows_certificates,
)
from apimpolicy.testing.refusals import refusals
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.concolic.exploration import Exploration
    from apimpolicy.concolic.goals import Goal
    from apimpolicy.concolic.harness import Run
    from apimpolicy.concolic.inputs import Assignment
    from apimpolicy.concolic.scenario import Scenario
    from apimpolicy.testing.claims.harnesses import Setup
    from apimpolicy.testing.claims.services import Route
    from apimpolicy.text.document import Element

FAILING = "Requests for these fail with 500; --with-errors writes them:"
UNREACHED = "No request was found for these branches:"
SECRET = "Requests for these need a secret of the configuration, which isn't copied:"
ACCEPTED = "These requests are not refused; check that they should be accepted:"
_LEAST_SECONDS = 0.5
"""Of searching for one route, however many an API has."""
_MOST_ROWS = 60
"""Of operations in one case."""
_UNUSUAL = re.compile(r"[^\w.-]+")
"""What the name of a file has not."""


class ApiTests(NamedTuple):
    """The test file of an API, or the reason why there is none; `policies` are the files that its requests meet."""

    api: str
    output: str
    policies: frozenset[str]
    made: FirstCases | None
    problem: str = ""


def service_tests(
    folder: str,
    directory: str,
    bounds: Bounds,
    *,
    with_errors: bool = False,
    is_wanted: Callable[[str], bool] = lambda output: True,
) -> Iterator[ApiTests]:
    """Make a test file, in `directory`, for each API of the service in a folder. Raises ConfigurationError.

    Files that are not wanted are left out.
    """
    reached: set[Goal] = set()
    kept = KeptServices()
    routes = routes_of(_setup(Surroundings(service=folder, kept=kept), directory).service)
    for api, found in routes.items():
        output = os.path.join(directory, f"{_UNUSUAL.sub('-', api) or 'api'}.test.yaml")
        if not is_wanted(output):
            continue
        policies: frozenset[str] = frozenset()
        try:
            around = Surroundings(service=folder, kept=kept)
            writer = _ApiWriter(around, output, found, bounds, reached, with_errors=with_errors)
            policies = frozenset(element.source.path for element in writer.elements)
            made = writer.made()
            problem = "" if made.cases else "every request that was found fails with 500; --with-errors keeps them"
            yield ApiTests(api, output, policies, made if made.cases else None, problem)
        except ApimPolicyError as error:
            yield ApiTests(api, output, policies, None, str(error).splitlines()[0])


def _setup(around: Surroundings, directory: str) -> Setup:
    """Return the setup in which a test file in a folder runs."""
    content = {**around.subject(""), **around.content(), "cases": [{"request": {"get": "/"}, "expect": {}}]}
    path = os.path.join(os.path.abspath(directory), "service.test.yaml")
    file = load_case_tree(read_tree(json.dumps(content), path), path)
    file.kept = around.kept
    return setup_of(file)


class _ApiWriter:
    """Makes the test file of one API."""

    def __init__(
        self,
        around: Surroundings,
        output: str,
        routes: Sequence[Route],
        bounds: Bounds,
        reached: set[Goal],
        *,
        with_errors: bool,
    ) -> None:
        self.output = output
        self.routes = routes
        self.bounds = bounds
        self.around = around
        self.elements = self._elements()
        self._add_needs()
        self.setup = _setup(self.around, os.path.dirname(output))
        self.opened = service_with_keys(self.setup.service)
        self.cases: list[Found] = []
        self.goals: dict[Goal, str] = {}
        self.good: tuple[Route, Found] | None = None
        self.with_errors = with_errors
        self.writer: _RouteWriter | None = None
        self.reached = reached
        self.tried: list[Route] = []

    def made(self) -> FirstCases:
        """Return the cases with the text of the file."""
        chosen = self._chosen()
        seconds = max(self.bounds.seconds / max(len(chosen), 1), _LEAST_SECONDS)
        for route in chosen:
            self._search(route, Bounds(seconds=seconds))
        accepted: list[str] = []
        if self.good is not None and self.writer is not None:
            route, case = self.good
            operation = _label(route)
            self.cases += self._other_operations(route)
            made, accepted = refusals(self.around, self.output, case, route, self.cases, operation)
            self.cases += [*made, *limit_cases("", self.output, self.around, self.elements, case)]
        failing, secret = (set(), set()) if self.writer is None else (self.writer.failing, self.writer.secret)
        unreached = [goal for goal in self.goals if goal not in self.reached]
        missing = [self.goals[goal] for goal in unreached if goal not in failing | secret]
        failed = [self.goals[goal] for goal in unreached if goal in failing]
        hidden = [self.goals[goal] for goal in unreached if goal in secret]
        notes = [(UNREACHED, missing), (FAILING, failed), (SECRET, hidden), (ACCEPTED, accepted)]
        directory = os.path.dirname(self.output) or os.curdir
        service = os.path.relpath(self.around.service, directory).replace(os.sep, "/")
        return FirstCases(text_of(service, self.around, self.cases, notes), self.cases, missing)

    def _elements(self) -> list[Element]:
        """Return the policies of all documents that requests to the API meet."""
        gateway = _setup(self.around, os.path.dirname(self.output)).gateway
        found: dict[int, Element] = {}
        for policies in {id(route.policies): route.policies for route in self.routes}.values():
            try:
                for step in gateway.program(gateway.scopes(dict(policies))).steps():
                    found.setdefault(id(step.element), step.element)
            except ApimPolicyError:
                continue
        return list(found.values())

    def _add_needs(self) -> None:
        """Add the identity providers, certificates and subscriptions that requests need."""
        self.around.providers = numbered_providers(provider for _, provider in providers_of(self.elements))
        gateway: dict[str, Any] = {}
        if shows_certificates(self.elements):
            gateway |= {"negotiate-client-certificate": True, "certificates": {"partner": "partner"}}
        callers = {route.caller.id: route.caller.table() for route in self._chosen() if route.caller is not None}
        if callers:
            gateway["subscriptions"] = callers
        self.around.defaults = {"gateway": gateway} if gateway else {}
        self.around.defaults["backend"] = {"status": 200, "json": {"from": "the backend"}}

    def _chosen(self) -> list[Route]:
        """Return one route for each document that requests can meet, those of the first caller first."""
        found: list[Route] = []
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

    def _search(self, route: Route, bounds: Bounds) -> None:
        """Search for requests on a route that take what no case has taken."""
        self.tried.append(route)
        harness = harness_of_route(route, self.setup, self.opened)
        wanted = [goal for goal in harness.goals.all if goal not in self.reached]
        self.goals |= {goal: harness.goals.name(goal) for goal in wanted if goal.kind == BRANCH}
        explored = Explorer(harness, bounds, wanted=wanted).explore([self._usual()])
        if not explored.runs:
            return
        if self.writer is None:
            self.writer = _RouteWriter("", self.output, self.around, explored, with_errors=self.with_errors)
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
        self.cases += writer.cases_of(explored, wanted)

    def _other_operations(self, tried: Route) -> Iterator[Found]:
        """Yield one case with a row for each further operation whose requests reach the backend."""
        rows: list[dict[str, str]] = []
        request: dict[str, Any] = {"method": "$method", "url": "$url"}
        if tried.headers:
            request["headers"] = tried.headers
        for route in self.routes:
            if route.caller != tried.caller or route in self.tried or len(rows) == _MOST_ROWS:
                continue
            plain = "".join(piece.default for piece in route.template)
            row = {"method": route.method or "GET", "url": "?".join([plain, *filter(None, ["&".join(route.query)])])}
            results = run_alone("", self.output, self.around, {**request, **row}).results
            if results and results[-1].response.status_code == 200 and results[-1].backend_requests:
                rows.append({**row, "sent-to": results[-1].backend_requests[-1].url})
        if rows:
            expect = {"status": 200, "backend-requests": [{"method": "$method", "url": "$sent-to"}]}
            yield Found("$method $url reaches the backend", request, expect, given={"each": rows})

    def _usual(self) -> Assignment:
        """Return what a caller has who gets through: a token, a certificate, headers and an address."""
        found: Assignment = {}
        if self.around.providers:
            found["token", next(iter(self.around.providers))] = "good"
        if shows_certificates(self.elements):
            found["certificate",] = "partner"
        for element in self.elements:
            if has_trait(element.name, "checks-header") and (name := element.get("name")) is not None:
                key = ("header", name.value.text.lower())
                value = next((child.text.strip() for child in element.elements()), "x")
                found |= {(*key, "there"): True, key: value}
            elif has_trait(element.name, "checks-address") and (address := address_that_passes(element)):
                found["address",] = address
        return found


class _RouteWriter(CaseWriter):
    """Writes cases for requests on a route."""

    route: Route

    def keys(self, scenario: Scenario) -> dict[str, Any]:
        """Return the keys of a case, with the headers that bring the request to its API."""
        found = super().keys(scenario)
        if self.route.headers:
            request = found["request"]
            request["headers"] = {**request.get("headers", {}), **self.route.headers}
        return found

    def operation(self, scenario: Scenario) -> str:
        """Return the operation, or the method and the URL where its parameters matter."""
        plain = "".join(piece.default for piece in self.route.template)
        path, _, query = scenario.url.partition("?")
        is_plain = path == plain and query in ("", "&".join(self.route.query))
        return _label(self.route) if is_plain else f"{scenario.method} {scenario.url}"


def _label(route: Route) -> str:
    """Return the operation, and the product whose policy its requests meet, for people."""
    label = f"GET {route.label.removeprefix('any ')}" if route.method is None else route.label
    has_product = "product" in route.policies and route.caller is not None
    return f"{label} with a key of the product {route.caller.target}" if has_product and route.caller else label


def _best(explored: Exploration) -> Run:
    """Return the first run that reaches the backend, else the first that no policy refuses."""

    def rank(run: Run) -> tuple[bool, bool, bool]:
        result = run.result
        if result is None:
            return True, True, True
        return result.error is not None, result.response.status_code >= 400, not result.reached_backend

    return min(explored.runs, key=rank)
