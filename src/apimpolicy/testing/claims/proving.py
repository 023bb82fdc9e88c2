"""Decides claims: proven by the prover alone, false by a request that has run, otherwise not decided.

The search for a request that breaks a claim is the one for a request that reaches a goal of a policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from apimpolicy.csharp.binding.nodes import Bound, Expression, PropertyAccess
from apimpolicy.csharp.dotnet.environment import renew_watch
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.reasoning.proposing.guided import Finder, Guided, SearchGoal, approach
from apimpolicy.reasoning.proving.proof import ProofResult
from apimpolicy.reasoning.scenarios.assignments import Assignment
from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun
from apimpolicy.reasoning.scenarios.scenario import Bounds, shrink
from apimpolicy.records import Record
from apimpolicy.report.columns import Style
from apimpolicy.testing.claims.conditions import Conditions, EvaluatedConditions
from apimpolicy.testing.claims.harnesses import with_each
from apimpolicy.testing.claims.inverting import SENT, ClaimInversion, Want
from apimpolicy.testing.claims.model_requests import requests_of
from apimpolicy.testing.claims.reading import Claim, Expressions, trees_in, trees_of
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.testing.tree import problem_in_words

if TYPE_CHECKING:
    Status = Literal["proven", "false", "undecided", "error"]


class ClaimBreaker:
    """Searches for requests that break claims; `send` runs a request."""

    def __init__(
        self, harness: Harness, expressions: Expressions, send: Callable[[Assignment], ScenarioRun | None]
    ) -> None:
        self.harness = harness
        self.expressions = expressions
        self.send = send
        self.guided = Guided(harness, send)

    def search(
        self, claim: Claim, starts: Iterable[Assignment], is_over: Callable[[], bool], most: int, width: int = 3
    ) -> ScenarioRun | None:
        """Return a run that breaks a claim, after at most so many tries; None where none was found."""
        target = SearchGoal(
            lambda run: is_broken_by(run, claim, self.harness, self.expressions),
            lambda run: self._closeness(claim, run),
            lambda run: self._candidates(claim, run),
        )
        return approach(self.send, target, starts, is_over, most, width)

    def _closeness(self, claim: Claim, run: ScenarioRun) -> float:
        """Return how nearly a run breaks a claim: the share of the conditions that are as wanted."""
        assert run.result is not None
        seen = ClaimInversion(self.guided, self.expressions, run)
        subjects, breaches = _wants(claim)
        met = sum(map(seen.degree, subjects)) + max(map(seen.degree, breaches))
        return met + len(run.result.trace) / 5000 - len(run.assignment) / 200

    def _candidates(self, claim: Claim, run: ScenarioRun) -> Iterator[Assignment]:
        """Yield requests that may come closer to breaking a claim than a run did, taking turns between conditions."""
        seen = ClaimInversion(self.guided, self.expressions, run)
        subjects, breaches = _wants(claim)
        for turn in zip_longest(*(seen.requests(want) for want in (*subjects, *breaches))):
            yield from (each for each in turn if each is not None)
        yield from seen.inversion.sources.after_this()
        for key, text in run.assignment.items():  # checks overlook that a field may come twice
            if len(key) == 2 and key[0] in ("header", "query"):
                yield from ({**run.assignment, (*key, "values"): each} for each in ((text, "x"), ("x", text)))


def is_broken_by(run: ScenarioRun, claim: Claim, harness: Harness, expressions: Expressions) -> bool:
    """Return whether a request has broken a claim; never one that ran through what is made up."""
    if run.result is None or run.gateway is None or harness.stand_ins.have_run(run.result):
        return False
    try:
        conditions = Conditions(run.result, run.gateway, expressions, harness.variables_of(run.scenario))
        return not conditions.hold(claim)
    except (ApimPolicyError, ValueError):
        return False


def _wants(claim: Claim) -> tuple[list[Want], list[Want]]:
    """Return what all breaches of a claim have in common, and the alternatives of which each is a breach."""
    parts = claim.parts
    subjects = [Want("", parts["if"], True)] if "if" in parts else []
    breaches = [Want("", parts[key], key == "never") for key in ("then", "never") if key in parts]
    return subjects, [*breaches, *([Want(SENT, parts[SENT], False)] if SENT in parts else [])]


MOST_TRIES = 100
"""Requests that are tried for a claim from those that are known."""
QUICK_TRIES = 8
"""Requests that are tried for a claim before a proof."""
UNKNOWN = "no request was found, and texts have too many conditions for a proof"


_USE_THEN_SENT = (
    "'then' asks the request as it came, in which no policy has set a variable: ask what policies made of it with"
    " 'then-sent' (headers, URL and body that reach the backend), or 'variables' (what they are in the end)"
)


class Verdict(Record):
    """The verdict on a claim.

    `run` is the request that breaks it, and `why` the deciding expression with its values; `reasons` tell why it is not
    decided, `assumptions` are those that a proof depends on. `vacuous` tells why a proven claim is about no request.
    """

    claim: Claim
    status: Status
    run: ScenarioRun | None = None
    why: str = ""
    reasons: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    vacuous: str = ""
    problem: str = ""
    """An internal error that a claim met; nothing is known of it then."""
    hint: str = ""
    """Suggested correction of the claim."""


class ClaimProof:
    """Static proofs and requests, for several claims about the policies of one harness.

    Only the prover proves claims. For others, requests are tried: the prover's models, those that reach goals of the
    policy, and what the conditions of the claim make of them, limited by `tries`. `on_run` is called for each request.
    """

    def __init__(
        self,
        harness: Harness,
        claims: Sequence[Claim],
        expressions: Expressions,
        bounds: Bounds,
        on_run: Callable[[], None] = lambda: None,
        *,
        tries: int = MOST_TRIES,
        debug: bool = False,
    ) -> None:
        self.debug = debug
        self.tries = min(tries, bounds.runs)
        self.harness = harness
        self.claims = list(claims)
        self.expressions = expressions
        self.bounds = bounds
        self.on_run = on_run
        self.broken: dict[int, ScenarioRun] = {}
        self._open = list(range(len(self.claims)))
        self._problems: dict[int, str] = {}
        self._static: StaticProofs | None = None
        self._runs: dict[frozenset[Any], ScenarioRun | None] = {}
        self._breaker = ClaimBreaker(harness, expressions, self._send)

    @property
    def static(self) -> StaticProofs:
        if self._static is None:
            self._compile()
            self._static = StaticProofs(self.harness, self.claims, self.expressions)
        return self._static

    @property
    def can_search(self) -> bool:
        """Whether a request can break a claim: not where all of them run through what is made up."""
        return not self.harness.stand_ins.come_first(self.harness.program)

    def _compile(self) -> None:
        for tree in (each for claim in self.claims for each in trees_of(claim)):
            self.expressions.compiled(tree)

    def break_quickly(self) -> set[str]:
        """Return the names of claims that one of a few requests breaks: cheaper than a proof that fails.

        Raises DiagnosticError when an expression does not compile.
        """
        self._compile()
        if self.can_search:
            self._break_each([{}], QUICK_TRIES)
        return {self.claims[index].name for index in self.broken}

    def verdicts(self) -> list[Verdict]:
        """Decide the claims. Raises DiagnosticError when an expression does not compile."""
        self.break_quickly()
        static = self.static
        proof_results = [
            ProofResult(False) if index in self.broken else self._decided(static.decide, index)
            for index in range(len(self.claims))
        ]
        unproven = [index for index in self._unbroken if not proof_results[index].is_proven]
        self._open = [index for index in unproven if index not in self._problems and not self._reads_policys(index)]
        if self._open and self.can_search:
            self._search_each(static)
        for index in unproven:
            if index not in self.broken and index not in self._problems:
                proof_results[index] = self._decided(static.decide_under_assumptions, index)
        return [self._with_hint(self._verdict(*each, static)) for each in enumerate(proof_results)]

    def _with_hint(self, verdict: Verdict) -> Verdict:
        """Add a hint to a claim that isn't proven and asks the request as it came for what policies give it."""
        reads = verdict.status != "proven" and any(map(_reads_variables, self._asked(verdict.claim)))
        return verdict.replaced(hint=_USE_THEN_SENT) if reads else verdict

    def _asked(self, claim: Claim) -> list[Bound]:
        then = claim.parts.get("then")
        return [] if then is None else [self.expressions.compiled(tree).bound.body for tree in trees_in(then)]

    def _reads_policys(self, index: int) -> bool:
        """Return whether a claim asks the request as it came for a variable of a policy: a search would say less."""
        read = (part for body in self._asked(self.claims[index]) if _reads_variables(body) for part in body.walk())
        names = {part.constant for part in read if isinstance(part, Expression) and isinstance(part.constant, str)}
        attributes = (each for step in self.harness.program.steps() for each in step.element.attributes)
        return any(each.name.endswith("name") and each.value.text in names for each in attributes)

    def _decided(self, decide: Callable[[int], ProofResult], index: int) -> ProofResult:
        """Return a decision; an internal error is kept for the claim that met it."""
        renew_watch()
        try:
            return decide(index)
        except ApimPolicyError:
            raise
        except Exception as error:
            self._problems[index] = internal_error(error, debug=self.debug)
            return ProofResult(False)

    def _search_each(self, static: StaticProofs) -> None:
        """Look for requests that break the open claims; after an internal error, for each claim by itself."""
        wanted = self._open
        try:
            self._search(static)
            return
        except ApimPolicyError:
            raise
        except Exception as error:
            if len(wanted) == 1:
                self._problems[wanted[0]] = internal_error(error, debug=self.debug)
                return
        for index in wanted:
            if index not in self.broken:
                self._open = [index]
                self._search_each(static)
        self._open = wanted

    def _search(self, static: StaticProofs) -> None:
        """Look for requests that break claims which are not proven. Raises ConfigurationError when none can be run."""
        first = self.harness.run({})
        if first.result is None:
            raise ConfigurationError(f"can't evaluate this claim: {first.problem}")
        models = (each for index in self._open for each in requests_of(static.inquiry(index), self.harness))
        proposed = list(with_each(models, self.harness.certificates))
        self._break_each([{}, *proposed], self.tries)
        if self._unbroken:
            self._explore(proposed)

    def _explore(self, starts: list[Assignment]) -> None:
        """ScenarioRun the requests that reach goals of the policy, and invert them."""

        def ran(run: ScenarioRun) -> bool:
            if run.result is not None:
                self._note(run)
            return not self._unbroken

        bounds = self.bounds.replaced(seconds=self.bounds.seconds / 2)
        found = Finder(self.harness, bounds, on_run=ran).explore(starts)
        self._break_each(found.starts(), self.tries)

    def _break_each(self, starts: Sequence[Assignment], tries: int) -> None:
        """Look for a request that breaks each open claim, with so many tries besides those to start with."""
        deadline = time.process_time() + self.bounds.seconds / 4
        for index in self._unbroken:
            self._breaker.search(
                self.claims[index],
                starts,
                lambda index=index: index in self.broken or time.process_time() > deadline,  # type: ignore[misc]
                len(starts) + tries,
            )

    def _send(self, assignment: Assignment) -> ScenarioRun | None:
        """ScenarioRun a request unless it has run; None where it can't run."""
        key = frozenset(assignment.items())
        if key not in self._runs:
            run = self.harness.run(assignment)
            self._runs[key] = None if run.result is None else run
            if run.result is not None:
                self._note(run)
        return self._runs[key]

    @property
    def _unbroken(self) -> list[int]:
        return [index for index in self._open if index not in self.broken]

    def _note(self, run: ScenarioRun) -> None:
        """Keep a request for each open claim that it breaks."""
        self.on_run()
        for index in self._unbroken:
            if is_broken_by(run, self.claims[index], self.harness, self.expressions):
                self.broken[index] = run

    def _verdict(self, index: int, proof_result: ProofResult, static: StaticProofs) -> Verdict:
        claim = self.claims[index]
        if index in self._problems:
            return Verdict(claim, "error", problem=self._problems[index])
        if index in self.broken:
            return self._false(index)
        if not proof_result.is_proven:
            here = f"{claim.path}:"
            found = sorted(proof_result.reasons, key=lambda reason: not reason.where.startswith(here))
            reasons = tuple(dict.fromkeys(map(str, found))) or (UNKNOWN,)
            return Verdict(claim, "undecided", reasons=reasons)
        return Verdict(claim, "proven", assumptions=proof_result.assumptions, vacuous=static.why_vacuous(index))

    def _false(self, index: int) -> Verdict:
        """Return the verdict of a claim that a request has broken, with a smaller request where one is found."""
        claim, run = self.claims[index], self.broken[index]
        try:
            return Verdict(claim, "false", *self._shrunk(claim, run))
        except ApimPolicyError:
            raise
        except Exception as error:
            return Verdict(claim, "false", run, problem=internal_error(error, debug=self.debug))

    def _shrunk(self, claim: Claim, run: ScenarioRun) -> tuple[ScenarioRun, str]:
        """Return the smallest request that breaks the claim, and the expression that decides it."""
        small = shrink(self.harness.run, run, lambda tried: is_broken_by(tried, claim, self.harness, self.expressions))
        assert small.result is not None
        assert small.gateway is not None
        variables = self.harness.variables_of(small.scenario)
        return small, EvaluatedConditions(small.result, small.gateway, self.expressions, variables).why(claim)


def _reads_variables(body: Bound) -> bool:
    return any(isinstance(part, PropertyAccess) and part.property.name == "Variables" for part in body.walk())


def problem_of(error: Exception, style: Style | None = None, *, debug: bool) -> str:
    """Return an error in words; one that isn't about policies or files is an internal error."""
    return problem_in_words(error, style) if isinstance(error, ApimPolicyError) else internal_error(error, debug=debug)


def internal_error(error: Exception, *, debug: bool) -> str:
    if debug:
        import traceback

        return "".join(traceback.format_exception(error))
    return f"internal error in apimpolicy ({type(error).__name__}: {error}); use --debug for its traceback"
