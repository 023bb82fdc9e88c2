"""Decides claims: proven by the prover alone, false by a request that has run, otherwise not decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from apimpolicy.binding.nodes import Expression, PropertyAccess
from apimpolicy.concolic.explorer import Explorer
from apimpolicy.concolic.inputs import Inputs
from apimpolicy.concolic.path import PathTooLong
from apimpolicy.concolic.shrinking import shrink
from apimpolicy.concolic.values import Unsupported
from apimpolicy.dotnet.environment import renew_watch
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.proving.proof import ProofResult
from apimpolicy.proving.requests import request_of
from apimpolicy.records import Record
from apimpolicy.semantics.walking import walk
from apimpolicy.testing.claims.candidate_requests import MOST_TRIES, break_claims
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.explanations import ExplainingConditions
from apimpolicy.testing.claims.forged_certificates import with_each
from apimpolicy.testing.claims.reading import trees_in, trees_of
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.testing.claims.traced_conditions import TracedConditions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.path import Path
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.result import Result
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.bounds import Bounds
    from apimpolicy.testing.claims.reading import Claim, Expressions

    Status = Literal["proven", "false", "undecided", "error"]

TOO_LONG = Unsupported("more branches on one path than are followed", "")
QUICK_TRIES = 12
"""Made-up requests that are tried before a proof."""
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
    """Static proofs and one search, for several claims about the policies of one harness.

    Only the prover proves claims. For others, requests are tried: from the constants of the policy, from the prover's
    models, and at last from a concolic search. `tries` limits those from constants. `on_run` is called for each run of
    the search.
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
        self.tries = tries
        self.harness = harness
        self.claims = list(claims)
        self.expressions = expressions
        self.bounds = bounds
        self.on_run = on_run
        self.inputs = Inputs(bounds)
        """The inputs that the search met, once it is over."""
        self.broken: dict[int, Run] = {}
        self._open: list[int] = []
        self._problems: dict[int, str] = {}
        self._just_broken: list[int] = []
        self._seen_paths: dict[int, list[Path]] = {index: [] for index in range(len(claims))}
        self._is_met = True
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
        from apimpolicy.testing.claims.candidate_requests import break_claims

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
        self._just_broken.clear()
        left = [index for index in self._open if index not in self._starts]
        models = (
            request_of(model, static.proof.unknowns, self.harness.certificates)
            for index in left
            for model in static.inquiry(index).models()
        )
        proposed = list(with_each(models, self.harness.certificates))
        starts = [self._starts[index] for index in self._open if index in self._starts]
        if left:
            claims = [self.claims[index] for index in left]
            found = break_claims(self.harness, static.proof, claims, self.expressions, proposed, self.tries)
            starts += found.values()
        self.harness.on_result = self._ask
        explorer = Explorer(self.harness, self.bounds, exhaustive=True, on_run=self._ran)
        explored = explorer.explore([*starts, *proposed])
        self.inputs = explored.inputs
        if not explored.runs:
            raise ConfigurationError(f"can't evaluate this claim: {explored.problem}")

    def _ask(self, tracer: Tracer, gateway: Gateway, result: Result) -> list[Path]:
        """Evaluate the open claims, and return the paths with the branches on which they depend."""
        paths: list[Path] = []
        for index in self._open:
            if index in self.broken:
                continue
            conditions = TracedConditions(result, gateway, self.expressions, tracer)
            try:
                is_broken = not conditions.hold(self.claims[index])
            except PathTooLong:
                continue
            if is_broken and not self.harness.stand_ins.have_run(result):
                self._just_broken.append(index)
            paths.append(conditions.path)
            self._seen_paths[index].append(conditions.path)
        return paths

    def _ran(self, run: Run) -> bool:
        """Keep the request for claims that it broke; return True when no claim is left."""
        self.on_run()
        for index in self._just_broken:
            self.broken[index] = run
            for path in self._seen_paths.pop(index):
                path.is_finished = True
        self._just_broken.clear()
        return all(index in self.broken for index in self._open)

    def _verdict(self, index: int, proof_result: ProofResult, static: StaticProofs) -> Verdict:
        claim = self.claims[index]
        if index in self._problems:
            return Verdict(claim, "error", problem=self._problems[index])
        if index in self.broken:
            return self._false(index)
        if not proof_result.is_proven:
            reasons = tuple(dict.fromkeys(map(str, proof_result.reasons))) or (UNKNOWN,)
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
        why: list[str] = []

        def judge(tracer: Tracer, gateway: Gateway, result: Result) -> list[Path]:
            conditions = Conditions(result, gateway, self.expressions, tracer.state.start)
            self._is_met = self.harness.stand_ins.have_run(result) or conditions.hold(claim)
            return []

        def explain(tracer: Tracer, gateway: Gateway, result: Result) -> list[Path]:
            why.append(ExplainingConditions(result, gateway, self.expressions, tracer.state.start).why(claim))
            return []

        self.harness.on_result = judge
        found = shrink(self.harness, self.inputs, run, lambda _: not self._is_met)
        self.harness.on_result = explain
        return self.harness.run(self.inputs, found.assignment), why[0]


def _reads_variables(body: Bound) -> bool:
    return any(isinstance(part, PropertyAccess) and part.property.name == "Variables" for part in walk(body))


def internal_error(error: Exception, *, debug: bool) -> str:
    """Return an internal error in words, with its traceback where that is wanted."""
    if debug:
        import traceback

        return "".join(traceback.format_exception(error))
    return f"internal error in apimpolicy ({type(error).__name__}: {error}); use --debug for its traceback"
