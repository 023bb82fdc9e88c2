"""send-request: a request of the policy's own; its response is in a variable."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.policies.registry import is_known
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, merge
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    ignores = _ignores_errors(run, step)
    compose(run, step, ignores=ignores)
    what = f"whether {step.name} fails"
    run.unknowns.place = step.where
    failed = run.unknowns.chance(what)
    if not ignores:
        run.fail(failed)
    variable = run.literal(step.element, "response-variable-name")
    if variable is None:
        run.forget("variable")
    elif variable:
        answer = run.unknowns.value("IResponse", "the response of another service", null=False)
        run.state.set(merge(failed, NULL, answer) if ignores else answer, "variable", variable)
    run.mark(step)


def _ignores_errors(run: Run, step: Step) -> bool:
    """Return whether errors leave the variable null."""
    given = run.literal(step.element, "ignore-error")
    if given is None:
        raise Unsupported("the attribute ignore-error, which isn't known")
    return given.strip().lower() == "true"


def compose(run: Run, step: Step, *, ignores: bool) -> None:
    """Evaluate the policies inside, which work on the request that is sent; they change nothing else."""
    alive, errors, lost = run.alive, len(run.errors), len(run.lost)
    for inner in step.steps_inside():
        run.reach(inner)
        if is_known(inner.name):
            run.source = inner.name
        evaluate_all(run, inner)
        run.fail(run.unknowns.truth(f"whether {inner.name} fails"))
        run.mark(inner)
        run.source = step.name
    if ignores:
        del run.errors[errors:]
        del run.lost[lost:]
        run.alive = alive
