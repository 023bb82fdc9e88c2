"""Evaluate the conditions of claims for a request that has run.

A string is `reaches-backend`, the name of a policy that runs and does not fail, or an expression over the request as it
came; an expression that throws is false. A table is met when all of its keys are (`testing.format.CONDITION`), a list
when all of its items are. Evaluation stops once the result is known, as with `&&` and `||`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit.expression import CompiledExpression
from apimpolicy.csharp.emit.recording import Recorder
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.evaluation import EXPRESSION_FAILURES
from apimpolicy.gateway.engine.own_answers import reaches_backend
from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry
from apimpolicy.gateway.engine.variables import set_variables
from apimpolicy.gateway.policies.registry import has_trait, is_known
from apimpolicy.report.explanation import clause_of_evaluation, render_clause
from apimpolicy.testing.claims.format import CONDITION
from apimpolicy.testing.claims.reading import REACHES_BACKEND, Claim, Expressions, is_expression
from apimpolicy.testing.expectations import differences_in
from apimpolicy.testing.tree import Tree

if TYPE_CHECKING:
    from apimpolicy.gateway.context.execution import Context
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result

GATEWAY, POLICY, BACKEND = "gateway", "policy", "backend"
_OF_THE_CALL = ("api", "operation", "product", "subscription", "user", "workspace")


def answered_by(result: Result) -> str:
    """Return the response's source: `backend`, `policy`, or `gateway`, where something failed.

    A backend that can't be reached, or times out, counts as the backend; a policy that refuses a request on purpose
    counts as a policy.
    """
    error = result.error
    if result.exchange.answer is not None:
        return POLICY
    if error is None:
        return BACKEND if result.reached_backend else GATEWAY
    if error.reason in EXPRESSION_FAILURES:
        return GATEWAY
    source = error.source or ""
    if has_trait(source, "forwards"):
        return BACKEND
    return POLICY if has_trait(source, "refuses") else GATEWAY


def _failed(trace: Sequence[TraceEntry]) -> Iterator[int]:
    """Yield the identities of policies that failed, also because of a part, or while they composed a message.

    Policies that run others don't fail with these.
    """
    for entry in trace:
        failed = entry if entry.error is not None else None
        while failed is not None:
            yield id(failed)
            around = failed.parent
            if around is None or around.effect is not None or has_trait(around.name, "runs-policies"):
                break
            specification = around.step.specification
            is_part = not is_known(failed.name)
            failed = around if is_part or (specification is not None and specification.own_message) else None


class Conditions:
    """Evaluates conditions for one request that has run; `variables` are those that it began with."""

    def __init__(
        self, result: Result, gateway: Gateway, expressions: Expressions, variables: Mapping[str, object] | None = None
    ) -> None:
        self.result = result
        self.gateway = gateway
        self.expressions = expressions
        self.variables = variables or {}

    def hold(self, claim: Claim) -> bool:
        """Return whether a claim holds for the request. Raises DiagnosticError for an invalid expression."""
        parts = claim.parts
        if "if" in parts and not self.is_met(parts["if"]):
            return True
        if "then" in parts and not self.is_met(parts["then"]):
            return False
        if "then-sent" in parts and not self.holds_when_sent(parts["then-sent"]):
            return False
        return not ("never" in parts and self.is_met(parts["never"]))

    def is_met(self, tree: Tree) -> bool:
        if isinstance(tree.value, list):
            return all(self.is_met(item) for item in tree.items())
        if isinstance(tree.value, dict):
            given = tree.known(CONDITION)
            return all(self.is_key_met(key, given[key]) for key in sorted(given, key=_ORDER.index))
        text = tree.text()
        if is_expression(text):
            return self.expression(tree, None)
        return reaches_backend(self.result) if text == REACHES_BACKEND else self.runs(text)

    def is_key_met(self, key: str, tree: Tree) -> bool:
        combined = _COMBINED.get(key)
        if combined is not None:
            return combined(self, tree)
        return next(differences_in(key, tree, self.result), None) is None

    def runs(self, name: str) -> bool:
        failed = set(_failed(self.result.trace))
        return any(
            name in (entry.name, entry.step.policy_id) and is_known(entry.name) and id(entry) not in failed
            for entry in self.result.trace
        )

    # Expressions

    def holds_when_sent(self, tree: Tree) -> bool:
        return all(
            self.expression(item, index) for item in tree.items() for index in range(len(self.result.backend_requests))
        )

    def expression(self, tree: Tree, sent: int | None) -> bool:
        """Return whether an expression is true for the request as it came, or as it was sent for the nth time."""
        compiled = self.expressions.compiled(tree)
        request = self.result.request if sent is None else self.result.backend_requests[sent]
        with use_environment(self.gateway.environment()):
            return self.evaluate(compiled, self.context_of(request), sent)

    def evaluate(self, compiled: CompiledExpression, context: Context, sent: int | None) -> bool:
        """Return the value of an expression; false when it throws."""
        try:
            return compiled.evaluate(context) is True
        except DotnetException:
            return False

    def context_of(self, request: Request) -> Context:
        """Return the `context` of a request before any policy: that of the call, without its response and variables."""
        exchange = self.gateway.exchange(request)
        set_variables(exchange, self.variables)
        context, of_call = exchange.context, self.result.exchange.context
        for name in _OF_THE_CALL:
            setattr(context, name, getattr(of_call, name))
        matched = of_call.request.matched_parameters.entries()
        context.request.match_parameters(dict(matched))
        return context


class EvaluatedConditions(Conditions):
    """Keeps the evaluations of expressions with the values of their parts, in order."""

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
        """Return the expression that decides why a claim does not hold, with its values; empty without one."""
        self.hold(claim)
        if not self.evaluations or ("then" not in claim.parts and "then-sent" not in claim.parts):
            return ""
        return render_clause(clause_of_evaluation(self.evaluations[-1], self.result))


_COMBINED: dict[str, Callable[[Any, Tree], bool]] = {
    "all": lambda conditions, tree: all(map(conditions.is_met, tree.items())),
    "any": lambda conditions, tree: any(map(conditions.is_met, tree.items())),
    "not": lambda conditions, tree: not conditions.is_met(tree),
    REACHES_BACKEND: lambda conditions, tree: reaches_backend(conditions.result) is tree.value,
    "by": lambda conditions, tree: answered_by(conditions.result) == tree.value,
    "runs": lambda conditions, tree: all(map(conditions.runs, tree.texts())),
    "tool": lambda conditions, tree: conditions.result.mcp is not None and conditions.result.mcp.tool in tree.texts(),
}
"""Conditions that only the path of a request decides, and combinations of conditions."""
_ORDER = [REACHES_BACKEND, "by", "runs", "error", "branch", *(key for key in CONDITION if key not in _COMBINED)]
_ORDER += [key for key in CONDITION if key not in _ORDER]
"""Conditions that the path decides are evaluated first: they constrain no inputs."""
