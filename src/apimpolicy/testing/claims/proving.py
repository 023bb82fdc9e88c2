"""Decides claims: proven by the prover alone, false by a request that has run, otherwise not decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from apimpolicy.binding.nodes import Bound, Expression, PropertyAccess
from apimpolicy.dotnet.environment import renew_watch
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.emit.recorder import Recorder
from apimpolicy.engine.trace import Evaluation
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.proposing.finder import Finder
from apimpolicy.proving.proof import ProofResult
from apimpolicy.records import Record
from apimpolicy.report.explanation import clause_of_evaluation, render_clause
from apimpolicy.scenarios.shrinking import shrink
from apimpolicy.semantics.walking import walk
from apimpolicy.testing.claims.candidate_requests import MOST_TRIES, break_claims, is_broken_by, with_responses
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.harnesses import with_each
from apimpolicy.testing.claims.model_requests import requests_of
from apimpolicy.testing.claims.reading import Claim, Expressions, trees_in, trees_of
from apimpolicy.testing.claims.static_proofs import StaticProofs

if TYPE_CHECKING:
    from apimpolicy.context.execution import Context
    from apimpolicy.emit.expression import CompiledExpression
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.bounds import Bounds
    from apimpolicy.scenarios.harness import Harness, Run

    Status = Literal["proven", "false", "undecided", "error"]

QUICK_TRIES = 12
"""Made-up requests that are tried before a proof."""
_MOST_BASES = 8
"""Requests that are tried with other responses."""
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
    run: Run | None = None
    why: str = ""
    reasons: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    vacuous: str = ""
    problem: str = ""
    """An internal error that a claim met; nothing is known of it then."""
    hint: str = ""
    """Suggested correction of the claim."""


class Proof:
    """Static proofs and requests, for several claims about the policies of one harness.

    Only the prover proves claims. For others, requests are tried: from the prover's models, from the constants of the
    policy, and those that reach goals of the policy. `tries` limits those from constants. `on_run` is called for each
    request.
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
        self.broken: dict[int, Run] = {}
        self._open: list[int] = []
        self._problems: dict[int, str] = {}
        self._static: StaticProofs | None = None
        self._starts: dict[int, Assignment] = {}
        """Requests that break claims, by the claims' numbers."""

    @property
    def static(self) -> StaticProofs:
        if self._static is None:
            for claim in self.claims:
                for tree in trees_of(claim):
                    self.expressions.compiled(tree)
            self._static = StaticProofs(self.harness, self.claims, self.expressions)
        return self._static

    def break_quickly(self) -> set[str]:
        """Return the names of claims that one of a few made-up requests breaks: cheaper than a proof that fails.

        Raises DiagnosticError when an expression does not compile.
        """
        proof = self.static.proof
        self._starts = break_claims(self.harness, proof, self.claims, self.expressions, (), QUICK_TRIES)
        return {self.claims[index].name for index in self._starts}

    def verdicts(self) -> list[Verdict]:
        """Decide the claims. Raises DiagnosticError when an expression does not compile."""
        static = self.static
        self.break_quickly()
        proof_results = [
            ProofResult(False) if index in self._starts else self._decided(static.decide, index)
            for index in range(len(self.claims))
        ]
        self._open = [
            i for i, proof_result in enumerate(proof_results) if not proof_result.is_proven and i not in self._problems
        ]
        if self._open:
            unproven = self._open
            self._open = [index for index in unproven if index in self._starts or not self._reads_policys(index)]
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
        read = (part for body in self._asked(self.claims[index]) if _reads_variables(body) for part in walk(body))
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
        left = [index for index in self._open if index not in self._starts]
        models = (each for index in left for each in requests_of(static.inquiry(index), self.harness))
        proposed = list(with_each(models, self.harness.certificates))
        if left:
            claims = [self.claims[index] for index in left]
            found = break_claims(self.harness, static.proof, claims, self.expressions, proposed, self.tries)
            self._starts |= {left[number]: assignment for number, assignment in found.items()}
        for index in self._open:
            if index in self._starts and index not in self.broken:
                self._note(self.harness.run(self._starts[index]))
        if self._unbroken:
            self._explore(proposed)

    def _explore(self, starts: list[Assignment]) -> None:
        """Run the requests that reach goals of the policy, also with other responses of backends and services."""

        def ran(run: Run) -> bool:
            if run.result is not None:
                self._note(run)
            return not self._unbroken

        bounds = self.bounds.replaced(seconds=self.bounds.seconds / 2)
        found = Finder(self.harness, bounds, on_run=ran).explore(starts)
        asked = [
            run.assignment
            for run in found.runs
            if run.result and (run.result.reached_backend or run.result.sent_requests)
        ]
        for assignment in with_responses(asked[:_MOST_BASES], self.claims):
            if not self._unbroken:
                return
            self._note(self.harness.run(assignment))

    @property
    def _unbroken(self) -> list[int]:
        return [index for index in self._open if index not in self.broken]

    def _note(self, run: Run) -> None:
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

    def _shrunk(self, claim: Claim, run: Run) -> tuple[Run, str]:
        """Return the smallest request that breaks the claim, and the expression that decides it."""
        small = shrink(self.harness.run, run, lambda tried: is_broken_by(tried, claim, self.harness, self.expressions))
        assert small.result is not None
        assert small.gateway is not None
        variables = self.harness.variables_of(small.scenario)
        return small, ExplainingConditions(small.result, small.gateway, self.expressions, variables).why(claim)


def _reads_variables(body: Bound) -> bool:
    return any(isinstance(part, PropertyAccess) and part.property.name == "Variables" for part in walk(body))


def internal_error(error: Exception, *, debug: bool) -> str:
    """Return an internal error in words, with its traceback where that is wanted."""
    if debug:
        import traceback

        return "".join(traceback.format_exception(error))
    return f"internal error in apimpolicy ({type(error).__name__}: {error}); use --debug for its traceback"


# Why a claim does not hold for a request: the deciding expression, with the values of its parts


class ExplainingConditions(Conditions):
    """Keeps the evaluations of a claim's expressions, to explain the one that decides."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.evaluations: list[Evaluation] = []

    def evaluate(self, compiled: CompiledExpression, context: Context, sent: int | None) -> bool:
        recorder = Recorder()
        evaluation = Evaluation("claim", compiled.excerpt, recorder)
        evaluation.expression = compiled
        self.evaluations.append(evaluation)
        try:
            evaluation.value = compiled.evaluate(context, recorder=recorder)
        except DotnetException as error:
            evaluation.error = error
        return evaluation.value is True

    def why(self, claim: Claim) -> str:
        """Return the expression that decides why the claim does not hold, with its values; empty without one."""
        self.hold(claim)
        if not self.evaluations or ("then" not in claim.parts and "then-sent" not in claim.parts):
            return ""
        return render_clause(clause_of_evaluation(self.evaluations[-1], self.result))
