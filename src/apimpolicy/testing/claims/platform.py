"""Claims about every API of a service, each decided for itself: one that can't be decided does not stop the others."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.own_answers import reaches_backend
from apimpolicy.gateway.policies.registry import is_known
from apimpolicy.project.gateways import require_apis
from apimpolicy.reasoning.audit.requests import BODIED, Rehearsal
from apimpolicy.reasoning.scenarios.scenario import Bounds, TotalTime
from apimpolicy.report.claim_results import ERROR, FALSE, PROVEN, UNDECIDED, ApiCell, ClaimReport
from apimpolicy.report.explanation import explain
from apimpolicy.report.terminal import path_from_here
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.harnesses import test_file_of
from apimpolicy.testing.claims.proving import MOST_TRIES, ClaimProof, problem_of
from apimpolicy.testing.claims.reading import Claim, Expressions
from apimpolicy.testing.claims.requests import block_of, checked, claim_case, report_of
from apimpolicy.testing.claims.services import group_routes, harness_of_route, routes_of, service_with_keys
from apimpolicy.testing.claims.static_proofs import StaticProofs, refuted
from apimpolicy.testing.test_file_search import is_case_file

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.service import Service, ServiceApi
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun
    from apimpolicy.testing.case_files import CaseFile
    from apimpolicy.testing.claims.harnesses import Setup
    from apimpolicy.testing.claims.services import ServiceHarness, ServiceRoute
    from apimpolicy.testing.tree import Tree

    OnApi = Callable[[Sequence[str], Sequence[str], Sequence[ApiCell]], None]

_SHARED = "{} operations with the same policies shared a search for requests; --seconds makes it longer"
_ORDER = (FALSE, ERROR, UNDECIDED, PROVEN)
_LEAST_TRIES = 20
_RUNS_FOR_TRY = 2
"""Runs of a search for each made-up request, where routes share the work."""
_USUAL_SECONDS = Bounds().seconds
_MOST_LISTED = 10
_LEAST_SECONDS = 0.2
"""Seconds of the search for one route."""


class _Breach(NamedTuple):
    """A request that breaks a claim, in words, and how it ran."""

    words: str
    run: ScenarioRun
    harness: ServiceHarness
    route: ServiceRoute


class _Together(NamedTuple):
    """Pairs of claim and route: those that are proven, and those that are as another route of the same policies."""

    proven: set[tuple[str, str]]
    represented: set[tuple[str, str]]


@attrs.frozen(eq=False, slots=False)
class PlatformClaims:
    """Decides claims for every API of a service; `on_api` gets each API's verdicts as they come."""

    file: CaseFile
    claims: Sequence[Claim]
    setup: Setup
    bounds: Bounds
    on_run: Callable[[], None] = lambda: None
    on_api: OnApi | None = None
    debug: bool = attrs.field(default=False, kw_only=True)
    _breaches: dict[str, _Breach] = attrs.field(factory=dict, init=False)
    """The first request that breaks each claim."""

    @cached_property
    def expressions(self) -> Expressions:
        return Expressions(self.setup.gateway.named_values)

    def reports(self) -> list[ClaimReport]:
        """Return a report for each claim, with a cell for each API. Raises ConfigurationError."""
        require_apis(self.setup.service, path_from_here(self.file.path))
        opened = service_with_keys(self.setup.service)
        by_claim: dict[str, list[ClaimReport]] = {claim.name: [] for claim in self.claims}
        all_routes = routes_of(self.setup.service)
        whole = TotalTime(self.bounds.total_seconds) if self.bounds.total_seconds else None
        reason = ""
        for number, (api, routes) in enumerate(all_routes.items()):
            started = time.perf_counter()
            left = list(all_routes)[number:]
            share = whole.left / len(left) if whole is not None else self.bounds.seconds
            if share > 0:
                seconds = min(self.bounds.seconds, max(share, _LEAST_SECONDS))
                of_api = self._of_api(routes, opened, self.bounds.replaced(seconds=seconds))
            else:
                reason = reason or TotalTime.used_up_before(_listed(left))
                of_api = {
                    claim.name: self._plain(claim, UNDECIDED)._replace(reasons=(reason,)) for claim in self.claims
                }
            seconds = time.perf_counter() - started
            for name, report in of_api.items():
                by_claim[name].append(
                    report._replace(cells=(ApiCell(api, report.status, seconds, bool(report.vacuous)),))
                )
            if self.on_api is not None:
                reports = [of_api[claim.name] for claim in self.claims if claim.name in of_api]
                cells = [ApiCell(api, report_.status, seconds, bool(report_.vacuous)) for report_ in reports]
                self.on_api([claim.name for claim in self.claims], list(all_routes), cells)
        return [self._about_all(claim, _joined(claim, by_claim[claim.name])) for claim in self.claims]

    def _about_all(self, claim: Claim, report: ClaimReport) -> ClaimReport:
        """Return the verdict about the service: what is proven of all its known APIs may be false of others.

        Only the request that is shown becomes a test case: to write one, the service is loaded again.
        """
        breach = self._breaches.get(claim.name)
        if breach is not None and (breach.words, breach.route.name) == (report.request, report.about):
            path, case = service_case(self.file, claim, *breach[1:])
            return report._replace(case=case, case_file=path)
        unread = [f"{each.words} ({path_from_here(each.file)}:{each.line})" for each in self.setup.gateway.unread]
        if report.status != PROVEN or not unread:
            return report
        reasons = (*report.reasons, "it is proven of all that was read, but not everything was", *unread)
        return report._replace(status=UNDECIDED, reasons=reasons, vacuous="")

    def _of_api(self, routes: Sequence[ServiceRoute], opened: Service, bounds: Bounds) -> dict[str, ClaimReport]:
        """Return the worst verdict of each claim on any of the routes."""
        deadline = time.process_time() + bounds.seconds
        shared = self._decided_together(routes, opened, bounds) if len(routes) > 1 else _Together(set(), set())
        proven, settled = shared.proven, shared.proven | shared.represented
        worst: dict[str, ClaimReport] = {}
        routes = [left for left in routes if any((claim.name, left.name) not in settled for claim in self.claims)]
        share = max(bounds.seconds / max(len(routes), 1), _LEAST_SECONDS)
        tries = _tries(routes, bounds.seconds)
        for route, (most_tries, alike) in zip(routes, tries, strict=True):
            selected = [
                claim
                for claim in self.claims
                if not _is_false(worst.get(claim.name)) and (claim.name, route.name) not in settled
            ]
            if not selected:
                continue
            if time.process_time() > deadline:
                option = "--seconds" if bounds.seconds == self.bounds.seconds else "--total-seconds"
                reason = f"the {bounds.seconds:.3g} s for this API were used up; {option} gives more"
                verdicts = {claim.name: self._plain(claim, UNDECIDED)._replace(reasons=(reason,)) for claim in selected}
            else:
                within = bounds.replaced(seconds=share)
                verdicts = self._of_route(route, selected, opened, within, most_tries, alike)
            for name, report in verdicts.items():
                about = report._replace(about=route.name)
                worst[name] = _worse(worst[name], about) if name in worst else about
        says_something = {name for name, _ in proven}
        return {claim.name: self._of_all(claim, worst.get(claim.name), says_something) for claim in self.claims}

    def _of_all(self, claim: Claim, found: ClaimReport | None, says_something: set[str]) -> ClaimReport:
        """Return the report of a claim about all routes; those proven together have requests that it is about."""
        if found is None:
            return self._plain(claim, PROVEN)
        found = found._replace(about="") if found.status == PROVEN else found
        return found._replace(vacuous="") if claim.name in says_something else found

    def _decided_together(self, routes: Sequence[ServiceRoute], opened: Service, bounds: Bounds) -> _Together:
        """Return what one proof for several routes shows.

        Claims that one of a few requests for the first route of several breaks are left out. A claim that isn't proven
        and doesn't ask for the operation is decided on a route without a body and on one with a body.
        """
        proven: set[tuple[str, str]] = set()
        represented: set[tuple[str, str]] = set()
        for wide, group in group_routes(routes):
            try:
                harness = harness_of_route(group[0], self.setup, opened)
                broken = ClaimProof(harness, self.claims, self.expressions, bounds).break_quickly()
                static = StaticProofs(harness_of_route(wide, self.setup, opened), self.claims, self.expressions)
                names: list[str] = []
                alike: list[str] = []
                for index, claim in enumerate(self.claims):
                    if claim.name in broken:
                        continue
                    if not static.decide(index).is_proven:
                        alike += [] if static.asks_for_operation(index) else [claim.name]
                    elif not static.why_vacuous(index):
                        names.append(claim.name)
            except Exception:  # the same error appears for each of the routes
                continue
            proven |= {(name, route.name) for name in names for route in group}
            tried = [route.name for route in {member.method in BODIED: member for member in reversed(group)}.values()]
            represented |= {(name, route.name) for name in alike for route in group if route.name not in tried}
        return _Together(proven, represented)

    def _of_route(
        self, route: ServiceRoute, claims: Sequence[Claim], opened: Service, bounds: Bounds, tries: int, alike: int
    ) -> dict[str, ClaimReport]:
        if tries != MOST_TRIES:
            bounds = bounds.replaced(runs=min(bounds.runs, _RUNS_FOR_TRY * tries))
        try:
            harness = harness_of_route(route, self.setup, opened)
            proof = ClaimProof(harness, claims, self.expressions, bounds, self.on_run, tries=tries, debug=self.debug)
            reports: dict[str, ClaimReport] = {}
            shared = (_SHARED.format(alike),) if alike > 1 and proof.can_search else ()
            for verdict in proof.verdicts():
                report = report_of(verdict, harness)
                if report.status == UNDECIDED:
                    report = report._replace(reasons=(*report.reasons, *shared))
                if verdict.run is not None:
                    report = report._replace(hint=_unasked(verdict.claim, harness, route) or report.hint)
                    breach = _Breach(report.request, verdict.run, harness, route)
                    self._breaches.setdefault(verdict.claim.name, breach)
                reports[verdict.claim.name] = self._with_call(report, verdict.claim, harness, route)
            return reports
        except Exception as error:
            problem = problem_of(error, debug=self.debug)
            return {claim.name: self._plain(claim, ERROR)._replace(problem=problem) for claim in claims}

    def _with_call(
        self, report: ClaimReport, claim: Claim, harness: ServiceHarness, route: ServiceRoute
    ) -> ClaimReport:
        """Return a report that isn't decided with the call of a tool that breaks the claim, if there is one."""
        server = next((each for each in self.servers if each.id == route.api), None)
        if report.status != UNDECIDED or server is None:
            return report

        def holds(result: Result) -> bool:
            results = [result] if result.mcp is None or result.mcp.inner is None else [result, result.mcp.inner]
            if any(map(harness.stand_ins.have_run, results)) or (result.mcp is not None and result.mcp.undecided):
                return True
            return Conditions(result, self.rehearsal.gateway, self.expressions).hold(claim)

        found = refuted(self.rehearsal, server, holds)
        if found is None:
            return report
        reached = " reaches the backend and" if reaches_backend(found.result) else ""
        words = f"{found.words}{reached} gets {found.result.response.status_code} {found.result.response.reason}"
        return report._replace(status=FALSE, request=words, explanation=str(explain(found.result)), reasons=())

    @cached_property
    def servers(self) -> list[ServiceApi]:
        """The MCP servers whose tools are operations."""
        service = self.setup.gateway.service
        apis = () if service is None else service.apis
        return [each for each in apis if each.mcp is not None and each.mcp.answers]

    @cached_property
    def rehearsal(self) -> Rehearsal:
        return Rehearsal(self.setup.gateway)

    @staticmethod
    def _plain(claim: Claim, status: str) -> ClaimReport:
        return ClaimReport(claim.path, claim.name, claim.line, status)


def _listed(apis: Sequence[str]) -> str:
    """Return APIs in words: the first ones and the number of the others."""
    shown = ", ".join(apis[:_MOST_LISTED])
    return f"{len(apis)} APIs: {shown}{', …' if len(apis) > _MOST_LISTED else ''}" if len(apis) > 1 else f"'{shown}'"


def _unasked(claim: Claim, harness: ServiceHarness, route: ServiceRoute) -> str:
    """Return that no policy asks for what a claim wants, if it wants policies, and what protects the API then."""
    then = claim.parts.get("then")
    wanted = {tree.value for tree in _leaves(then)} if then is not None else set()
    if not wanted or not all(isinstance(name, str) and is_known(name) for name in wanted):
        return ""
    if any(step.name in wanted for step in harness.program.steps()):
        return ""
    key = "; a subscription key is the only protection" if route.caller is not None else ""
    return f"no policy asks for it{key}"


def _leaves(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree.value, list):
        for item in tree.items():
            yield from _leaves(item)
    elif isinstance(tree.value, dict):
        for item in tree.value.values():
            yield from _leaves(item)
    else:
        yield tree


def _joined(claim: Claim, reports: Sequence[ClaimReport]) -> ClaimReport:
    cells = tuple(cell for report in reports for cell in report.cells)
    return _worst(reports)._replace(cells=cells)


def _tries(routes: Sequence[ServiceRoute], seconds: float) -> list[tuple[int, int]]:
    """Return per route the number of requests that are tried for a claim, and of routes with the same policies.

    The first route with the same policies gets all requests, the others get a share, which grows with `seconds`.
    """
    keys = [tuple(sorted((scope, str(policy)) for scope, policy in route.policies.items())) for route in routes]
    alike = Counter(keys)
    most = MOST_TRIES * seconds / _USUAL_SECONDS
    shares = {key: min(MOST_TRIES, max(int(most / count), _LEAST_TRIES)) for key, count in alike.items()}
    return [(MOST_TRIES if key not in keys[:index] else shares[key], alike[key]) for index, key in enumerate(keys)]


def _is_false(report: ClaimReport | None) -> bool:
    return report is not None and report.status == FALSE


def _worst(reports: Iterable[ClaimReport]) -> ClaimReport:
    found: ClaimReport | None = None
    for report in reports:
        found = report if found is None else _worse(found, report)
    assert found is not None
    return found


def _worse(known: ClaimReport, report: ClaimReport) -> ClaimReport:
    """Return the worse of two verdicts of a claim: false, else an error, else not decided."""
    if report.status == known.status == PROVEN:
        assumptions = tuple(dict.fromkeys((*known.assumptions, *report.assumptions)))
        vacuous = report.vacuous if known.vacuous else ""
        return known._replace(assumptions=assumptions, vacuous=vacuous, about="")
    if report.status == known.status == UNDECIDED:
        return known._replace(reasons=tuple(dict.fromkeys((*known.reasons, *report.reasons))))
    return min(known, report, key=lambda each: _ORDER.index(each.status))


# A request to a service for which a claim does not hold, as a test case of the file that tests the API's policy


def service_case(
    file: CaseFile, claim: Claim, run: ScenarioRun, harness: Harness, route: ServiceRoute
) -> tuple[str, str]:
    """Return the test file for the case, which need not exist, and the case as YAML, which has run.

    Both are empty when no test file can express the request.
    """
    for path, found in _files(file, route):
        try:
            case = _with_caller(claim_case(found, claim, run, harness), route)
            if path != file.path:
                case = {"name": case["name"], "service": _service(file, path), **case}
            return path, block_of(checked(path, case), 0)
        except ApimPolicyError:
            continue
    return "", ""


def _files(file: CaseFile, route: ServiceRoute) -> Iterator[tuple[str, CaseFile]]:
    """Yield where the case may be written, and the defaults there: with the claim, with the API's policy, or alone."""
    if is_case_file(file.path):
        yield file.path, file
        return
    policy = route.policies.get("api")
    beside = test_file_of(str(policy)) if isinstance(policy, Path) else None
    if beside is not None:
        yield os.path.normpath(beside.path), beside
    name = re.sub(r"[^\w.-]+", "-", route.api) or "service"
    yield os.path.normpath(os.path.join(os.path.dirname(file.path), f"{name}.claims.test.yaml")), file


def _service(file: CaseFile, path: str) -> str:
    return os.path.relpath(file.path, os.path.dirname(path) or os.curdir).replace(os.sep, "/")


def _with_caller(case: dict[str, Any], route: ServiceRoute) -> dict[str, Any]:
    """Add to a case the headers that select its API, the caller's key, and a subscription with that key."""
    request, caller = dict(case["request"]), route.caller
    if headers := {**request.get("headers", {}), **route.headers}:
        request["headers"] = headers
    if caller is None:
        return {**case, "request": request}
    gateway = {**case.get("gateway", {}), "subscriptions": {caller.id: caller.table()}}
    return {"name": case["name"], "gateway": {}, **case, "request": request} | {"gateway": gateway}
