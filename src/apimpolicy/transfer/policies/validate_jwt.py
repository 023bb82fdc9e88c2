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
        if step.element.get(attribute) is not None and (name := run.literal(step.element, attribute)) is not None:
            presented = is_there(run.state.get(kind, name.strip().lower()))
    refuse(run, step, terms.any_of(unknown, terms.not_(presented)))
    fail(run, step)
    variable = run.literal(step.element, "output-token-variable-name")
    if variable is None:
        run.forget("variable")
    elif variable:
        token = run.unknowns.value("Jwt", "a token that was validated", null=False)
        run.state.set(token, "variable", variable)
    run.mark(step)
