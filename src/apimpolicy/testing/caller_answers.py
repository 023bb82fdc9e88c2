"""Which callers get what: per operation of a service, the status of callers who lack one thing that is looked at.

For each operation, a caller is searched for who gets through with everything that its policies look at. Every other
caller is this one with one thing taken away or spoiled. All requests run as cases of one test file, which can be
written. What isn't known, or can't be made, is a reason in the place of a status.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.mcp.endpoint import operation_of
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.engine.service_requests import ServiceRequests
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.service.likely_values import literal_attribute, providers_of
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.analysis import EVERY_REQUEST, OperationAudit, ServiceAudit
from apimpolicy.reasoning.audit.confirming import UNCONFIRMED
from apimpolicy.reasoning.scenarios.harness import StandIns
from apimpolicy.reasoning.scenarios.scenario import TotalTime
from apimpolicy.report import caller_matrix as report
from apimpolicy.report.caller_matrix import CALLERS, NOT_LOOKED_AT, Matrix, MatrixCell, MatrixRow
from apimpolicy.report.columns import counted
from apimpolicy.testing.accepted_callers import (
    ALL_KEY,
    CREDENTIALS,
    AcceptedCallers,
    CallerCase,
    is_key,
    is_through,
    place_of,
)
from apimpolicy.testing.api_search import (
    add_needs_of,
    changed_callers,
    elements_of,
    service_setup,
    token_of,
    with_headers,
)
from apimpolicy.testing.claims.services import ServiceRoute, routes_of
from apimpolicy.testing.first_cases import FirstCases, FoundCase, file_of_cases, run_alone
from apimpolicy.testing.first_surroundings import CaseSurroundings, address_in, shows_certificates
from apimpolicy.testing.mcp_cases import inner_of
from apimpolicy.testing.service_tests import SECRET, expected_of_call
from apimpolicy.text.document import Element
from apimpolicy.text.secrets import without_secrets

SECONDS = 60.0
"""Of searching for callers who get through, in one service."""
MOST_OPERATIONS = 1_000
_ROLES = frozenset(("roles", "role", "scp", "scope", "groups", "permissions"))
_NOBODY = "no caller was found who gets through"
_ALL_APIS, _USER = "caller-all", "caller"


class CallerAnswers:
    """Asks for the answers of the operations of an audited service, in the surroundings of one test file."""

    def __init__(self, audit: ServiceAudit, around: CaseSurroundings, seconds: float = SECONDS) -> None:
        self.around = around
        service = service_setup(around).service
        self._routes: dict[tuple[str, str], list[ServiceRoute]] = {}
        for route in itertools.chain.from_iterable(
            routes_of(service, with_all_products=True, with_revisions=True).values()
        ):
            self._routes.setdefault(route.operation, []).append(route)
        self.operations = audit.operations[:MOST_OPERATIONS]
        self.left_out = len(audit.operations) - len(self.operations)
        routes = [route for operation in self.operations for route in self._routes_to(operation)]
        gateway = service_setup(around).gateway
        add_needs_of(around, elements_of(itertools.chain(routes, *self._routes.values()), gateway), routes)
        keys = around.defaults.get("gateway", {}).get("subscriptions", {}).copy()
        if any(operation.message is not None for operation in self.operations):
            keys[_ALL_APIS] = {"primary-key": ALL_KEY}
        if keys:
            users = {_USER: {"email": f"{_USER}@example.com"}}
            subscriptions = {name: {**table, "user": _USER} for name, table in keys.items()}
            around.defaults.setdefault("gateway", {}).update(users=users, subscriptions=subscriptions)
        self.setup = service_setup(around)
        made_up = self.setup.gateway.made_up
        self.stand_ins = StandIns(made_up["named_values"], made_up["fragments"])
        self.requests = ServiceRequests(self.setup.gateway, self.setup.service)
        self.cases: list[FoundCase] = []
        self.secret: list[str] = []
        self._callers = AcceptedCallers(around, self.setup, TotalTime(seconds))

    def matrix(self, advance: Callable[[], None] = lambda: None) -> Matrix:
        """Return the matrix; `advance` is called after each operation."""
        rows: list[MatrixRow] = []
        for each in self.operations:
            rows += self._rows(each)
            advance()
        left = f"{counted(self.left_out, 'operation')} after the first {MOST_OPERATIONS:,}"
        return Matrix(tuple(rows), (left,) if self.left_out else ())

    def file(self) -> FirstCases:
        """Return the test file of the matrix. Raises TestFileError, ConfigurationError."""
        return file_of_cases(self.around, self.cases, [(SECRET, self.secret)], [])

    def _routes_to(self, operation: OperationAudit) -> list[ServiceRoute]:
        """Return the routes of its callers: without a key where none is needed, else one for each product's policy."""
        name = operation.name if operation.message is None else EVERY_REQUEST
        found = self._routes.get((operation.api.id, name), [])
        open_ones = [route for route in found if route.caller is None]
        if open_ones:
            return open_ones[:1]
        products = [route for route in found if route.caller is not None and route.caller.kind == "product"]
        by_policy = {id(route.policies.get("product")): route for route in reversed(products)}
        return [*reversed(by_policy.values())] or found[:1]

    def _rows(self, operation: OperationAudit) -> list[MatrixRow]:
        """Return the row of an operation, or one for each product if their policies make a difference.

        The row of an operation whose policies can't be read or run has the reason in place of each status.
        """
        problem = operation.problem
        try:
            answered = [(route, *self._row(operation, route)) for route in self._routes_to(operation)]
        except ApimPolicyError as error:
            answered, problem = [], f"not decided: {error}"
        if not answered:
            cell = MatrixCell(reason=problem.partition("\n")[0] or "its URL isn't known")
            return [MatrixRow(operation.api.id, operation.id, operation.name, "", (cell,) * len(CALLERS))]
        is_one = len({cells for _, cells, _ in answered}) == 1
        rows = []
        for route, cells, cases in answered[: 1 if is_one else None]:
            product = "" if is_one or route.caller is None else route.caller.target
            row = MatrixRow(operation.api.id, operation.id, operation.name, product, cells)
            rows.append(row)
            for case in cases:
                case.name = f"{row.api}: {row.label} {case.name}"
                is_secret = _has_secrets((case.request, case.given))
                self.secret += [case.name] * is_secret
                self.cases += [case] * (not is_secret)
        return rows

    def _row(self, operation: OperationAudit, route: ServiceRoute) -> tuple[tuple[MatrixCell, ...], list[FoundCase]]:
        about = [route, *self._behind(operation)]
        elements = elements_of(about, self.setup.gateway)
        open_facts = [fact.subject for fact in operation.access.facts(kinds.UNDECIDED)]
        unknown = next((subject for subject in open_facts if not subject.startswith(UNCONFIRMED)), operation.problem)
        accepted, why = self._callers.find(operation, route, elements)
        requests = dict(self._requests(operation, route, accepted, elements))
        cells: list[MatrixCell] = []
        cases: list[FoundCase] = []
        for caller, (_, words) in CALLERS.items():
            case = requests.get(caller, NOT_LOOKED_AT)
            if isinstance(case, str):
                cells.append(MatrixCell(reason=f"{_NOBODY}: {why}" if case == _NOBODY else case))
                continue
            outcome = run_alone(self.around, case.request, **case.given)
            result = outcome.results[-1] if outcome.results else None
            if result is None:
                cells.append(MatrixCell(reason=outcome.problem.partition("\n")[0]))
            elif why_open := self._unknown(result, unknown) or (
                "" if caller == report.EVERYTHING else _left_to_a_service(result, operation)
            ):
                cells.append(MatrixCell(reason=f"not decided: {why_open}"))
            else:
                cell, expect = _answer(result)
                cells.append(cell)
                cases.append(FoundCase(f"{words} gets {cell.shown}", case.request, expect, given=case.given))
        return tuple(cells), cases

    def _unknown(self, result: Result, unknown: str) -> str:
        """Return what isn't known and may decide an answer; empty where the gateway answers before any policy."""
        ran = [entry for each in (result, inner_of(result)) if each is not None for entry in each.trace]
        if not any(entry.step.section == "inbound" for entry in ran):
            return ""
        made_up: dict[str, str] = {}
        """Variables with a value that is made up, with the named value that it is of."""
        for entry in () if unknown else ran:
            element = entry.element
            if self.stand_ins.is_fragment(entry.step):
                return f"the fragment isn't known ({place_of(element)})"
            texts = [(each.value.source, each.value.start, each.value.end) for each in element.attributes]
            names = [name for text in texts for name in sorted(self.stand_ins.in_text(*text))]
            names += [made_up[name] for source, *span in texts for name in made_up if name in source.text[slice(*span)]]
            is_check = any(has_trait(entry.step.name, trait) for trait in _CHECKS)
            is_condition = entry.step.name == "when" or has_trait(entry.step.name, "repeats")
            if names and (is_condition or (entry.error is not None and not is_check)):
                return f"the named value '{names[0]}' isn't known ({place_of(element)})"
            if names and has_trait(entry.step.name, "sets-variable"):
                made_up[literal_attribute(element, "name")] = names[0]
        return unknown

    def _behind(self, operation: OperationAudit) -> list[ServiceRoute]:
        """Return a route to the operation behind a tool."""
        message, mcp = operation.message, operation.api.mcp
        if message is None or mcp is None:
            return []
        tool = next(each for each in mcp.tools if each.name == message["params"]["name"])
        found = operation_of(self.requests, tool.api, tool.operation)
        routes = itertools.chain.from_iterable(self._routes.values())
        ids = () if found is None else [from_utf16(found[1].operation.id)]
        return [each for each in routes if each.api == tool.api and dict(each.constants).get("operation id") in ids][:1]

    def _requests(
        self, operation: OperationAudit, route: ServiceRoute, accepted: CallerCase | None, elements: Sequence[Element]
    ) -> Iterator[tuple[str, CallerCase | str]]:
        """Yield the request of each caller who can be made, or the reason why not."""
        looked_at = set(_looked_at(route, elements))
        if accepted is None:
            yield report.NOTHING, self._callers.case({}, operation, route, with_credentials=False)
            yield from ((caller, _NOBODY) for caller in (report.EVERYTHING, *looked_at - {report.NO_KEY}))
            if report.NO_KEY in looked_at:
                yield report.NO_KEY, self._callers.case({}, operation, route, with_credentials=False)
            return
        request, given = accepted
        yield report.EVERYTHING, accepted
        bare = {name: value for name, value in request.items() if name not in CREDENTIALS}
        kept = {name: value for name, value in route.headers.items() if not is_key(route, value)}
        kept |= {name: value for name, value in request.get("headers", {}).items() if name.lower() == "content-type"}
        yield report.NOTHING, CallerCase({**bare, **({"headers": kept} if kept else {})}, given)
        changes: dict[str, dict[str, Any]] = {}
        for kind, _, changed in changed_callers(request, self.around, route):
            changes.setdefault(kind, changed)
        if "token" in request:
            changes.setdefault(
                report.OTHER_AUDIENCE, {**request, "token": {**token_of(request), "audience": "another"}}
            )
            changes.update(_without_claims(request, self.around.providers, elements))
        headers = request.get("headers", {})
        own = [name for name in headers if name not in route.headers and name.lower() != "content-type"]
        if own:
            left = {name: value for name, value in headers.items() if name not in own}
            changes[report.NO_HEADERS] = with_headers(request, left)
        forbidden = next(filter(None, (address_in(element, "forbid") for element in _filters(elements))), None)
        if report.OTHER_ADDRESS not in changes and forbidden is not None:
            changes[report.OTHER_ADDRESS] = {**request, "ip-address": forbidden}
        yield from ((kind, CallerCase(changed, given)) for kind, changed in changes.items() if kind)
        for kind in looked_at - changes.keys():
            yield kind, f"the caller who was found to get through shows no {_THINGS[kind]}"


_CHECKS = ("checks-token", "checks-header", "checks-address", "checks-certificate")
"""Policies that accept what is made up too, with a named value that is made up."""
_THINGS = {
    report.NO_KEY: "key",
    **dict.fromkeys((report.NO_TOKEN, report.EXPIRED, report.OTHER_ISSUER, report.OTHER_AUDIENCE), "token"),
    report.NO_CLAIMS: "claims",
    **dict.fromkeys((report.NO_CERTIFICATE, report.OTHER_CERTIFICATE), "certificate"),
    report.OTHER_ADDRESS: "address",
    report.NO_HEADERS: "headers",
}


def _filters(elements: Sequence[Element]) -> list[Element]:
    return [each for each in elements if has_trait(each.name, "checks-address")]


def _looked_at(route: ServiceRoute, elements: Sequence[Element]) -> Iterator[str]:
    """Yield the callers who lack something that policies look at, by their elements alone."""
    if route.caller is not None:
        yield report.NO_KEY
    if any(has_trait(each.name, "checks-token") for each in elements):
        yield from (kind for kind, thing in _THINGS.items() if thing == "token")
    if _claims(elements):
        yield report.NO_CLAIMS
    if shows_certificates(elements):
        yield from (kind for kind, thing in _THINGS.items() if thing == "certificate")
    if _filters(elements):
        yield report.OTHER_ADDRESS
    if any(has_trait(each.name, "checks-header") for each in elements):
        yield report.NO_HEADERS


def _without_claims(
    request: dict[str, Any], providers: Mapping[str, dict[str, Any]], elements: Sequence[Element]
) -> dict[str, dict[str, Any]]:
    """Return the request with a token without the roles that policies require, or else without the claims."""
    token = token_of(request)
    own = {**(providers.get(token["from"], {}).get("claims") or {}), **token.get("claims", {})}
    asked = _claims(elements) & own.keys()
    names = asked & _ROLES or asked | (token.get("claims", {}).keys() & _ROLES)
    gone = dict.fromkeys(sorted(names), None)
    changed = {**request, "token": {**token, "claims": {**token.get("claims", {}), **gone}}}
    return {report.NO_CLAIMS: changed} if gone else {}


def _claims(elements: Sequence[Element]) -> set[str]:
    """Return the names of the claims that policies require, besides the tenant, which belongs to the issuer."""
    return {name for _, table in providers_of(elements) for name in table.get("claims", {}) if name != "tid"}


def _left_to_a_service(result: Result, operation: OperationAudit) -> str:
    """Say that a check of the policy's own rests on what another service responds, which is made up here."""
    if not (operation.access.facts(kinds.OWN) or operation.access.facts(kinds.OPAQUE)) or not is_through(result):
        return ""
    ran = [entry.element for entry in result.trace if has_trait(entry.step.name, "requests")]
    asked = next((each for each in ran if literal_attribute(each, "response-variable-name")), None)
    return "" if asked is None else f"another service decides ({place_of(asked)})"


def _answer(result: Result) -> tuple[MatrixCell, dict[str, Any]]:
    """Return the cell of an answer, and what a case expects of it."""
    status = result.response.status_code
    outcome = result.mcp
    if outcome is None or not outcome.tool:
        expect: dict[str, Any] = {"status": status} | ({} if result.reached_backend else {"backend-requests": 0})
        return MatrixCell(status, reaches_backend=result.reached_backend), expect
    inner = outcome.inner
    is_sent = inner is not None and inner.reached_backend
    found = MatrixCell(
        None if outcome.undecided else status, "", is_sent, None if inner is None else inner.response.status_code
    )
    return found, expected_of_call(result)


def _has_secrets(content: object) -> bool:
    text = repr(content)
    return without_secrets(text) != text
