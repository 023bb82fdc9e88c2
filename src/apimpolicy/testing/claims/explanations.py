"""Why a claim does not hold for a request: the deciding expression, with the values of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.emit.recorder import Recorder
from apimpolicy.engine.trace import Evaluation
from apimpolicy.report.explain_text import render_clause
from apimpolicy.report.explanation import clause_of_evaluation
from apimpolicy.testing.claims.conditions import Conditions

if TYPE_CHECKING:
    from apimpolicy.context.execution import Context
    from apimpolicy.emit.expression import CompiledExpression
    from apimpolicy.testing.claims.reading import Claim


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
