"""Callers who get through: for a route of a service, a request with everything that its policies look at.

The usual one has what the policies name: a key, a token of each provider in turn, a certificate, an address. Where it
is refused, a search looks for another, in bounded time. What is found for one operation is tried first for others with
the same policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.service.completion import publishes
from apimpolicy.project.service.likely_values import literal_attribute, providers_of
from apimpolicy.reasoning.audit.analysis import OperationAudit
from apimpolicy.reasoning.audit.requests import BODIED
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.scenarios.assignments import Assignment, scenario_of
from apimpolicy.reasoning.scenarios.harness import ScenarioRun
from apimpolicy.reasoning.scenarios.scenario import Bounds, Scenario, TotalTime
from apimpolicy.report.terminal import path_from_here
from apimpolicy.testing.api_search import address_on, token_of, with_headers
from apimpolicy.testing.claims.harnesses import Setup, caller_tokens, table_of
from apimpolicy.testing.claims.services import ServiceRoute, harness_of_route, service_with_keys
from apimpolicy.testing.first_cases import run_alone
from apimpolicy.testing.first_expectations import case_of
from apimpolicy.testing.first_surroundings import CaseSurroundings, accepted_caller
from apimpolicy.testing.mcp_cases import inner_of
from apimpolicy.text.document import Element

if TYPE_CHECKING:
    from apimpolicy.testing.claims.caller_tokens import CallerTokens

_SEARCH = Bounds(runs=150, seconds=3.0)
ALL_KEY = "caller key 0"
"""The key of a subscription of all APIs, for the tools of MCP servers."""
CREDENTIALS = ("token", "certificate", "ip-address", "headers")


class CallerCase(NamedTuple):
    """A request of a test file with the other keys of its case."""

    request: dict[str, Any]
    given: dict[str, Any]


class AcceptedCallers:
    """Finds callers for the operations of one service, in the surroundings of one test file."""

    def __init__(self, around: CaseSurroundings, setup: Setup, time: TotalTime) -> None:
        self.around = around
        self.setup = setup
        self.opened = service_with_keys(setup.service)
        self.time = time
        self._known: dict[object, CallerCase | None] = {}

    def find(
        self, operation: OperationAudit, route: ServiceRoute, elements: Sequence[Element]
    ) -> tuple[CallerCase | None, str]:
        """Return a case of a caller who gets through, with as much as there is to show; else None, and why."""
        case = self.case({}, operation, route)
        line = {key: case.request[key] for key in case.request if key not in CREDENTIALS}
        group = (route.api, *map(id, route.policies.values()), route.caller and route.caller.id, "json" in case.request)
        earlier = self._known.get(group)
        tried: list[Result] = []
        partly: CallerCase | None = None
        """The caller whom the server of a tool lets through, though its operation doesn't."""
        if earlier is not None:
            credentials = {key: value for key, value in earlier.request.items() if key in CREDENTIALS}
            candidates = [CallerCase({**line, **credentials}, earlier.given)]
        else:
            candidates = [*self._usual(operation, route, elements)]
        for candidate in candidates:
            outcome = run_alone(self.around, candidate.request, **candidate.given)
            tried += outcome.results[-1:]
            if not outcome.results:
                return None, outcome.problem.partition("\n")[0]
            if more := _computed_claims(outcome.results[-1]):
                candidate = _with_more_claims(candidate, more)
                outcome = run_alone(self.around, candidate.request, **candidate.given)
            if is_through(outcome.results[-1]):
                inner = inner_of(outcome.results[-1])
                is_whole = inner is None or is_through(inner)
                partly = candidate if is_whole else partly or candidate
                if is_whole:
                    break
        if partly is not None:
            self._known[group] = partly
            return partly, ""
        if operation.message is None and not (group in self._known and earlier is None):
            searched = self._searched(route, elements)
            if searched is not None:
                self._known[group] = searched
                return searched, ""
        self._known.setdefault(group, None)
        return None, _refusal(tried[0]) if tried else "no request could be made"

    def _usual(
        self, operation: OperationAudit, route: ServiceRoute, elements: Sequence[Element]
    ) -> Iterator[CallerCase]:
        """Yield requests with all that the policies name: with a token of each provider in turn."""
        tokens = caller_tokens(self.setup, route.policies)
        for provider in self._providers(tokens, elements) or [""]:
            usual = accepted_caller(elements, [provider] if provider else ())
            case = self.case(usual, operation, route, tokens)
            if provider:
                case = _with_claims(case, self.around.providers[provider], elements)
            if operation.message is not None and route.caller is not None:
                name = next(name for name, value in route.headers.items() if is_key(route, value))
                yield case._replace(request={**case.request, "headers": {**case.request["headers"], name: ALL_KEY}})
            yield case

    def _providers(self, tokens: CallerTokens, elements: Sequence[Element]) -> list[str]:
        """Return the names of the providers whose tokens these policies check."""
        if not any(has_trait(each.name, "checks-token") for each in elements):
            return []
        urls = {table["url"] for _, table in providers_of(elements)}
        own = [each.name for each in tokens.own]
        found = [name for name in tokens.names if name in own or any(map(publishes(tokens.issuers[name]), urls))]
        return found or tokens.names

    def _searched(self, route: ServiceRoute, elements: Sequence[Element]) -> CallerCase | None:
        """Return the case of a run that gets through, with all that is looked at if there is one."""
        if self.time.is_over:
            return None
        try:
            harness = harness_of_route(route, self.setup, self.opened)
        except ApimPolicyError:
            return None
        tokens = caller_tokens(self.setup, route.policies)
        starts = [accepted_caller(elements, [name]) for name in self._providers(tokens, elements) or ()]
        starts = starts or [accepted_caller(elements, ())]
        if route.method in BODIED:
            starts = [{**start, ("body", "there"): True, ("body", "json"): True} for start in starts]
        looked_at = {key[0] for start in starts for key in start} & {"token", "certificate", "header", "address"}
        best: list[ScenarioRun] = []

        def is_over(run: ScenarioRun) -> bool:
            assert run.result is not None
            if is_through(run.result):
                best.append(run)
            return bool(best) and best[-1] is run and looked_at <= {key[0] for key in run.assignment}

        Finder(harness, self.time.within(_SEARCH), on_run=is_over).explore(starts)
        best.sort(key=lambda run: -len(looked_at & {key[0] for key in run.assignment}))
        for run in best[:3]:
            case = self._written(run.answered, route, tokens)
            outcome = run_alone(self.around, case.request, **case.given)
            if outcome.results and is_through(outcome.results[-1]):
                return case
        return None

    def case(
        self,
        assignment: Assignment,
        operation: OperationAudit,
        route: ServiceRoute,
        tokens: CallerTokens | None = None,
        *,
        with_credentials: bool = True,
    ) -> CallerCase:
        """Return the case of a request for an operation, which has the key of the route, and its headers."""
        fields = dict(assignment)
        method, url = address_on(route)
        if method in BODIED:
            fields |= {("body", "there"): True, ("body", "json"): True}
        scenario = scenario_of(fields)
        scenario.method, scenario.url = method, url
        case = self._written(scenario, route, tokens)
        request = case.request
        if not with_credentials:
            left = {name: value for name, value in request.get("headers", {}).items() if not is_key(route, value)}
            request = with_headers(request, left)
        if (message := operation.message) is not None:
            called = {"tool": message["params"]["name"], "arguments": message["params"].get("arguments")}
            mcp = {"server": operation.api.base_id, **{key: value for key, value in called.items() if value}}
            credentials = {key: value for key, value in request.items() if key in CREDENTIALS}
            request = {"mcp": mcp, **credentials}
        return CallerCase(request, case.given)

    def _written(self, scenario: Scenario, route: ServiceRoute, tokens: CallerTokens | None) -> CallerCase:
        """Return a scenario as a test file has it, with a token that says what it needs beside its provider."""
        given = case_of(scenario)
        request = given.pop("request")
        if route.headers:
            request["headers"] = {**request.get("headers", {}), **route.headers}
        if scenario.token is not None and tokens is not None:
            name, options = scenario.token
            asked = tokens.options(name, options)
            request["token"] = {"from": name, **asked} if asked else name
            self.around.providers.setdefault(name, table_of(tokens.issuers[name]))
        return CallerCase(request, given)


def is_key(route: ServiceRoute, value: object) -> bool:
    return route.caller is not None and value in (route.caller.key, ALL_KEY)


def _with_claims(case: CallerCase, provider: Mapping[str, Any], elements: Sequence[Element]) -> CallerCase:
    """Return a case whose token has what each check of the provider asks for, not only the first one."""
    token = token_of(case.request)
    own = {**(provider.get("claims") or {}), **token.get("claims", {})}
    tables = [table for _, table in providers_of(elements) if table["url"] == provider.get("url")]
    more: dict[str, Any] = {}
    for name, value in ((name, value) for table in tables for name, value in table.get("claims", {}).items()):
        known = more.get(name, own.get(name))
        if known != value:
            more[name] = value if known is None else _both(known, value)
    for key in ("audience", "issuer"):
        wanted = [*dict.fromkeys(table[key] for table in tables if key in table)]
        if wanted and wanted != [token.get(key, provider.get(key))]:
            token[key] = wanted if key == "audience" and len(wanted) > 1 else wanted[0]
    case = case._replace(request={**case.request, "token": token if len(token) > 1 else token["from"]})
    return _with_more_claims(case, more) if more else case


def _both(one: object, other: object) -> list[object]:
    parts = [each for value in (one, other) for each in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(parts))


def _with_more_claims(case: CallerCase, more: Mapping[str, Any]) -> CallerCase:
    token = token_of(case.request)
    return case._replace(request={**case.request, "token": {**token, "claims": {**token.get("claims", {}), **more}}})


def _computed_claims(result: Result) -> dict[str, str]:
    """Return the claims that a check of tokens requires whose values expressions made, if it refused the request."""
    if is_through(result):
        return {}
    of_claims = [entry for entry in result.trace if entry.element.name == "claim"]
    return {
        literal_attribute(entry.element, "name"): from_utf16(each.value)
        for entry in of_claims
        for each in entry.evaluations
        if isinstance(each.value, str)
    }


def is_through(result: Result) -> bool:
    return result.response.status_code < 400


def _refusal(result: Result) -> str:
    """Say what refused a request that shows everything."""
    entry = result.trace.decision
    status = f"{result.response.status_code} {result.response.reason}".strip()
    if entry is None:
        return status
    return f"{status} by {entry.name} ({place_of(entry.element)})"


def place_of(element: Element) -> str:
    line, _ = element.source.position(element.start)
    return f"{path_from_here(element.source.path)}:{line}"
