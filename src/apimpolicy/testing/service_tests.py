"""First test files for a service: one per API, searched for in several processes.

The first API is searched alone. The others, at the same time, look only for branches of the shared policies that it did
not reach. Of branches that several of them reach, the first has the case, so that the files don't depend on the number
of processes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.mcp.endpoint import definitions_of, operation_of
from apimpolicy.gateway.engine.mcp.protocol import example_of, input_of
from apimpolicy.gateway.engine.service_requests import ServiceRequests
from apimpolicy.project.processes import process_pool
from apimpolicy.project.service.leniency import KeptServices, Leniency, leniency, lenient
from apimpolicy.testing.api_search import ApiCases, ApiSearch, service_setup
from apimpolicy.testing.claims.services import ServiceRoute, routes_of
from apimpolicy.testing.first_cases import FirstCases, FoundCase, file_of_cases, run_alone
from apimpolicy.testing.first_surroundings import CaseSurroundings
from apimpolicy.text.secrets import requests_are_invented

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.mcp.servers import McpTool
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.service import ServiceApi
    from apimpolicy.reasoning.scenarios.goals import Goal
    from apimpolicy.reasoning.scenarios.scenario import Bounds

FAILING = "Requests for these fail with 500; --with-errors writes them:"
UNREACHED = "No request was found for these branches:"
SECRET = "Requests for these need a secret of the configuration, which isn't copied:"
ACCEPTED = "These requests are not refused; check that they should be accepted:"
_UNUSUAL = re.compile(r"[^\w.-]+")
"""Invalid file name characters."""


class ApiTests(NamedTuple):
    """The test file of an API, or the reason why there is none; `policies` are the files that its requests meet."""

    api: str
    output: str
    policies: frozenset[str]
    made: FirstCases | None
    problem: str = ""


class _Searched(NamedTuple):
    """The result of a search for an API, with the stand-ins that it needed; `cases` is None if there is a problem."""

    api: str
    output: str
    policies: frozenset[str]
    cases: ApiCases | None
    problem: str
    needs: Leniency


class _Service:
    """The service in a folder, read once in each process; the test files will be in `directory`."""

    def __init__(self, folder: str, directory: str, bounds: Bounds, *, with_errors: bool) -> None:
        self.folder = folder
        self.directory = directory
        self.bounds = bounds
        self.with_errors = with_errors
        self.kept = KeptServices()
        output = os.path.join(directory, "service.test.yaml")
        setup = service_setup(CaseSurroundings(service=folder, kept=self.kept, output=output))
        self.routes: dict[str, list[ServiceRoute]] = routes_of(setup.service)
        self.servers = {each.id: each for each in setup.service.apis if each.mcp is not None and each.mcp.answers}

    def output(self, api: str) -> str:
        return os.path.join(self.directory, f"{_UNUSUAL.sub('-', api) or 'api'}.test.yaml")

    def search(self, api: str, reached: Iterable[Goal]) -> _Searched:
        around = CaseSurroundings(service=self.folder, kept=self.kept, output=self.output(api))
        output, routes, policies = around.output, [*self.routes[api]], frozenset[str]()
        if (server := self.servers.get(api)) is not None and server.mcp is not None:
            for name in dict.fromkeys(tool.api for tool in server.mcp.tools):
                routes += self.routes.get(name, ())
        with lenient(Leniency()) as needs:
            try:
                search = ApiSearch(around, routes, self.bounds, set(reached), with_errors=self.with_errors)
                policies = frozenset(element.source.path for element in search.elements)
                found = search.cases_found() if server is None else ToolCases(search, server).cases_found()
                return _Searched(api, output, policies, found, "", needs)
            except ApimPolicyError as error:
                return _Searched(api, output, policies, None, str(error).splitlines()[0], needs)


_service: _Service | None = None
"""The service of a process of the pool; a copy of the first process has it already."""


def _open(folder: str, directory: str, bounds: Bounds, with_errors: bool) -> None:
    """Read the service, in a new process of the pool."""
    global _service
    if _service is None:
        requests_are_invented()
        with lenient(Leniency()):
            _service = _Service(folder, directory, bounds, with_errors=with_errors)


def _search(api: str, reached: Iterable[Goal]) -> _Searched:
    assert _service is not None
    return _service.search(api, reached)


def service_tests(
    folder: str,
    directory: str,
    bounds: Bounds,
    *,
    jobs: int = 1,
    with_errors: bool = False,
    is_wanted: Callable[[str], bool] = lambda output: True,
) -> Iterator[ApiTests]:
    """Make a test file, in `directory`, for each API of the service in a folder. Raises ConfigurationError.

    Files that are not wanted are left out.
    """
    service = _Service(folder, directory, bounds, with_errors=with_errors)
    apis = [api for api in service.routes if is_wanted(service.output(api))]
    reached: set[Goal] = set()
    for searched in _searches(service, apis, jobs):
        if (lenient := leniency()) is not None:
            lenient.add(searched.needs.stand_ins, searched.needs.problems)
        tests = None if searched.cases is None else _made(searched.cases, reached, service.kept)
        problem = searched.problem
        if tests is not None and not tests.cases:
            tests, problem = None, "every request that was found fails with 500; --with-errors keeps them"
        yield ApiTests(searched.api, searched.output, searched.policies, tests, problem)


def _searches(service: _Service, apis: list[str], jobs: int) -> Iterator[_Searched]:
    if not apis:
        return
    first = service.search(apis[0], ())
    yield first
    reached = frozenset(() if first.cases is None else first.cases.reached)
    if jobs == 1 or len(apis) < 3:
        yield from (service.search(api, reached) for api in apis[1:])
        return
    global _service
    _service = service
    given = service.folder, service.directory, service.bounds, service.with_errors
    try:
        with process_pool(min(jobs, len(apis) - 1), _open, *given) as pool:
            yield from pool.map(partial(_search, reached=reached), apis[1:])
    finally:
        _service = None


def _made(found: ApiCases, reached: set[Goal], kept: KeptServices) -> FirstCases:
    """Return the file of an API without cases for goals that are `reached`, to which those of the API are added."""
    cases = [case for case in found.cases if not case.goals or case.goals - reached]
    reached |= found.reached
    unreached = [goal for goal in found.goals if goal not in reached]
    missing = [found.goals[goal] for goal in unreached if goal not in found.failing | found.secret]
    failed = [found.goals[goal] for goal in unreached if goal in found.failing]
    hidden = [found.goals[goal] for goal in unreached if goal in found.secret]
    notes = [(UNREACHED, missing), (FAILING, failed), (SECRET, hidden), (ACCEPTED, found.accepted)]
    return file_of_cases(found.around, cases, notes, missing, kept)


# Test cases for an MCP server: its list of tools, and a call of each tool by a caller who gets through


class ToolCases:
    """The cases of one server; `search` knows what the policies of the server and of its APIs need."""

    def __init__(self, search: ApiSearch, server: ServiceApi) -> None:
        assert server.mcp is not None
        self.search = search
        self.server = server
        self.tools = server.mcp.tools
        self.requests = ServiceRequests(search.setup.gateway, search.setup.service)

    def cases_found(self) -> ApiCases:
        """Return the cases. Raises ApimPolicyError."""
        return ApiCases(self.search.around.keys(), list(self._cases()), {}, set(), set(), set(), [])

    def _cases(self) -> Iterator[FoundCase]:
        listed = self._passing({})
        if listed is not None:
            request, result = listed
            expect: dict[str, Any] = {"status": result.response.status_code}
            if result.mcp is not None and result.mcp.listed and not result.mcp.undecided:
                expect["tools"] = [each.name for each in self.tools]
            yield FoundCase(f"{self.server.base_id} lists its tools", request, expect)
        refused = False
        for tool in self.tools:
            passing = self._passing({"tool": tool.name, **self._arguments(tool)})
            if passing is None:
                continue
            request, result = passing
            plain = {"mcp": request["mcp"]}
            if not refused and request != plain and (without := self._run(plain)) is not None and _rank(without):
                refused = True
                yield FoundCase(f"{tool.name} without credentials", plain, expected_of_call(without))
            yield FoundCase(f"a call of {tool.name}", request, expected_of_call(result))

    def _arguments(self, tool: McpTool) -> dict[str, Any]:
        found = None if tool.unknown else operation_of(self.requests, tool.api, tool.operation)
        if found is None:
            return {}
        api, operation = found
        arguments = example_of(input_of(operation, definitions_of(self.requests, api)).schema)
        return {"arguments": arguments} if arguments else {}

    def _passing(self, message: dict[str, Any]) -> tuple[dict[str, Any], Result] | None:
        """Return the request of the caller with the least credentials who gets furthest, with its result."""
        best: tuple[dict[str, Any], Result] | None = None
        for credentials in self._callers():
            request = {"mcp": {"server": self.server.base_id, **message}, **credentials}
            result = self._run(request)
            if result is not None and (best is None or _rank(result) < _rank(best[1])):
                best = request, result
        return best

    def _callers(self) -> Iterator[dict[str, Any]]:
        around = self.search.around
        subscriptions = around.defaults.get("gateway", {}).get("subscriptions", {})
        header = from_utf16(self.server.api.subscription_key_parameter_names.header)
        key = next((each["primary-key"] for each in subscriptions.values() if "primary-key" in each), None)
        headers = {} if key is None else {"headers": {header: key}}
        token = {"token": next(iter(around.providers))} if around.providers else {}
        yield {}
        yield from (each for each in (headers, token) if each)
        if headers and token:
            yield {**headers, **token}

    def _run(self, request: dict[str, Any]) -> Result | None:
        outcome = run_alone(self.search.around, request)
        return outcome.results[-1] if outcome.results else None


def _rank(result: Result) -> int:
    """Return how far a request gets: 0 to the end, 1 to a response that isn't decided, 2 is refused by the server."""
    if result.response.status_code >= 400:
        return 2
    return 1 if result.mcp is None or result.mcp.undecided else 0


def expected_of_call(result: Result) -> dict[str, Any]:
    """Return the keys of `expect` for the call of a tool."""
    outcome = result.mcp
    if outcome is None or not outcome.tool:
        return {"status": result.response.status_code, "inner": None}
    inner = None if outcome.inner is None else _expected_inner(outcome.inner)
    status = {} if outcome.undecided else {"status": result.response.status_code}
    return {**status, "is-error": outcome.is_error, "inner": inner}


def _expected_inner(inner: Result) -> dict[str, Any]:
    return {"status": inner.response.status_code, "backend-requests": len(inner.backend_requests)}
