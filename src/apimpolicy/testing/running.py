"""Run test cases, each on a gateway of its own, and explain their results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.report.test_results import CaseReport
from apimpolicy.testing.expectations import Mismatch, RequestFacts, mismatches, outcome_mismatches
from apimpolicy.testing.format import EXPECT, PART, RESOLVE
from apimpolicy.testing.gateways import CaseGateway, gateway_of, request_of
from apimpolicy.testing.tree import WRONG_KIND, Tree, problem_in_words

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.services import Transport
    from apimpolicy.testing.case_files import Case, CaseStep
    from apimpolicy.testing.recorded_services import Recording

    Status = Literal["passed", "failed", "error", "skipped"]


class CaseOutcome:
    """The outcome of one case.

    `results` are those of each step; `mismatches` are the failed expectations of the last one; `problem` is why the
    case could not be run, `error` the exception; `seconds` is the duration.
    """

    def __init__(self, case: Case, status: Status, problem: str = "") -> None:
        self.case = case
        self.status = status
        self.mismatches: list[Mismatch] = []
        self.results: list[Result] = []
        self.problem = problem
        self.seconds = 0.0
        self.error: ApimPolicyError | None = None

    @property
    def is_good(self) -> bool:
        return self.status in ("passed", "skipped")

    @property
    def sentences(self) -> list[str]:
        return [mismatch.sentence for mismatch in self.mismatches]

    @property
    def line(self) -> int:
        """Return the line of the first failed expectation, or else of the case."""
        return self.mismatches[0].line if self.mismatches else self.case.line

    def explanation(self) -> str:
        """Return the request's path through the policies; empty when nothing ran."""
        if not self.results:
            return ""
        from apimpolicy.report.advice import Surface, worded_for
        from apimpolicy.report.explanation import explain

        with worded_for(Surface.TEST_FILE):
            return str(explain(self.results[-1]))

    def page(self) -> str:
        """Return the last request's journey as an HTML page; empty when nothing ran."""
        if not self.results:
            return ""
        from apimpolicy.report.advice import Surface, worded_for
        from apimpolicy.report.journey_html import journey_to_html

        with worded_for(Surface.TEST_FILE):
            return journey_to_html(self.results[-1], self.case.name)

    def report(self, with_page: bool = False) -> CaseReport:
        """Return the outcome in texts and numbers; of a case that failed with the page of its journey, if wanted."""
        return CaseReport(
            self.case.file.path,
            self.case.name,
            self.line,
            self.status,
            tuple(self.sentences),
            self.problem,
            self.explanation() if self.status == "failed" else "",
            self.seconds,
            self.page() if with_page and self.status == "failed" else "",
            self._api(),
        )

    def _api(self) -> str:
        exchange = self.results[-1].exchange if self.results else None
        return "" if exchange is None or exchange.unmatched is not None else from_utf16(exchange.context.api.id)


def run_case(case: Case) -> CaseOutcome:
    """Run a case. Never raises for what a case or a policy does wrong."""
    if case.skip is not None:
        return CaseOutcome(case, "skipped", problem=case.skip)
    started = time.perf_counter()
    outcome = CaseOutcome(case, "passed")
    try:
        made = gateway_of(case)
        gateway = made.gateway
        if case.file.compiled is not None:
            gateway.adopt(case.file.compiled)
        case.file.compiled = gateway
        for step in case.steps:
            outcome.mismatches = _run_step(step, case, made, outcome.results)
            if outcome.mismatches:
                outcome.status = "failed"
                break
    except ApimPolicyError as error:
        outcome.status, outcome.error, outcome.problem = "error", error, problem_in_words(error)
    outcome.seconds = time.perf_counter() - started
    return outcome


def simulate(case: Case, request: Request, backend: Callable[[Transport], Transport] | None = None) -> Result:
    """Return the result of a request to a case's gateway that has seen no other; `backend` turns the case's backend
    into the one that responds. Raises as `run` does.
    """
    gateway = gateway_of(case).gateway
    if backend is not None:
        gateway.services.transport = backend(gateway.services.transport)
    return _send(gateway, case, request)


def _run_step(step: CaseStep, case: Case, made: CaseGateway, results: list[Result]) -> list[Mismatch]:
    """Run one step; what is not as expected. The result, if there is one, is added to those of the steps before."""
    gateway, clock = made.gateway, made.clock
    if step.advance:
        clock.advance(step.advance)
    if step.states is not None:
        made.issuers().change(step.states)
    request = request_of(step.request, case, made.identities, gateway.service)
    recording = _recording(gateway) if step.expect is not None and "recorded" in step.expect.table() else None
    before = clock.now()
    try:
        result = _send(gateway, case, request) if step.resolve is None else _resolve(gateway, case, request, step)
    except ApimPolicyError as error:
        differences = None if step.expect is None else outcome_mismatches(step.expect, error)
        if differences is None:
            raise
        return differences
    results.append(result)
    if step.expect is None:
        return []
    warnings = _warnings(gateway, case) if "warned-at-save" in step.expect.known(EXPECT) else []
    elapsed = (clock.now() - before).total_seconds()
    return mismatches(step.expect, result, RequestFacts(elapsed, recording, warnings, _holding(case, gateway, result)))


def _holding(case: Case, gateway: Gateway, result: Result) -> Callable[[Tree], bool]:
    """Return a function that evaluates a claim, which the case names, for a request that has run."""

    def holds(name: Tree) -> bool:
        from apimpolicy.testing.claims.conditions import Conditions
        from apimpolicy.testing.claims.configured import claims_for
        from apimpolicy.testing.claims.reading import Expressions, named

        variables = case.given.get("variables")
        given = {} if variables is None else variables.plain()
        claim = named(claims_for(case), name)
        return Conditions(result, gateway, Expressions(gateway.named_values), given).hold(claim)

    return holds


def _recording(gateway: Gateway) -> Recording:
    from apimpolicy.testing.recorded_services import Recording

    return Recording(gateway)


def _warnings(gateway: Gateway, case: Case) -> list[str]:
    """Return the codes of the warnings about the case's own documents."""
    documents = gateway.scopes(dict(case.subject.policies))
    return [finding.code for scope in case.subject.policies for finding in documents[scope].diagnostics]


def _send(gateway: Gateway, case: Case, request: Request) -> Result:
    subject = case.subject
    variables = case.given.get("variables")
    given = None if variables is None else variables.plain()
    part: dict[str, Any] = {}
    if any(key in case.given for key in PART):
        from apimpolicy.testing.policy_parts import part_of

        part = part_of(case.given, case.file.author, of_service=not subject.policies)
    if not subject.policies:
        return gateway.send(request, variables=given, **part)
    return gateway.run(dict(subject.policies), request, variables=given, **part)


def _resolve(gateway: Gateway, case: Case, request: Request, step: CaseStep) -> Result:
    """Run the case's policy as the resolver of a GraphQL field. Raises TestFileError."""
    from apimpolicy.gateway.engine.result import Result

    assert step.resolve is not None
    policies = [*case.subject.policies.values()]
    if len(policies) != 1:
        raise step.resolve.mistake(WRONG_KIND, "a resolver is one document: 'policy'")
    given = {key: part.plain() for key, part in step.resolve.known(RESOLVE).items()}
    exchange = gateway.resolve(policies[0], request=request, **given).exchange
    return Result(exchange, exchange.response.to_response())
