"""validate-jwt: what passes has presented a token; the variable then has it."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.values import is_there
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all, fail, refuse
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    unknown = run.unknowns.truth(f"whether {step.name} refuses")
    presented = terms.TRUE
    for attribute, kind in (("header-name", "header"), ("query-parameter-name", "query")):
        given = step.element.get(attribute)
        if given is not None and given.value.expression is None:
            presented = is_there(run.state.get(kind, given.value.text.strip().lower()))
    refuse(run, step, terms.any_of(unknown, terms.not_(presented)))
    fail(run, step)
    variable = step.element.get("output-token-variable-name")
    if variable is not None and variable.value.text:
        token = run.unknowns.value("Jwt", "a token that was validated", null=False)
        run.state.set(token, "variable", variable.value.text)
    run.mark(step)
