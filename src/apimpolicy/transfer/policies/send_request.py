"""send-request: a request of the policy's own; its response is in a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.policies.registry import is_known
from apimpolicy.semantics.values import NULL, Value, merge
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.run import OwnRequest, Run

if TYPE_CHECKING:
    from collections.abc import Hashable

_COPIED = ("header", "query", "url", "method", "body")


def transfer(run: Run, step: Step) -> None:
    values = evaluate_all(run, step)
    attribute = step.element.get("ignore-error")
    ignores = attribute is not None and attribute.value.text.strip().lower() == "true"
    values += compose(run, step, ignores=ignores)
    send(run, step, values)
    what = f"whether {step.name} fails"
    run.unknowns.place = step.where
    failed = run.unknowns.chance(what)
    if not ignores:
        run.fail(failed)
    variable = step.element.get("response-variable-name")
    if variable is not None and variable.value.expression is not None:
        run.forget("variable")
    elif variable is not None and variable.value.text:
        answer = run.unknowns.value("IResponse", "the response of another service", null=False)
        run.state.set(merge(failed, NULL, answer) if ignores else answer, "variable", variable.value.text)
    run.mark(step)


def compose(run: Run, step: Step, *, ignores: bool) -> list[Value]:
    """Evaluate the policies inside, which work on the request that is sent; they change nothing else."""
    alive, errors, lost = run.alive, len(run.errors), len(run.lost)
    values: list[Value] = []
    for inner in step.steps_inside():
        run.reach(inner)
        if is_known(inner.name):
            run.source = inner.name
        values += evaluate_all(run, inner)
        run.fail(run.unknowns.truth(f"whether {inner.name} fails"))
        run.mark(inner)
        run.source = step.name
    if ignores:
        del run.errors[errors:]
        del run.lost[lost:]
        run.alive = alive
    return values


def send(run: Run, step: Step, values: list[Value]) -> None:
    """Keep what is sent, where two programs are compared: the response is the same only for the same request."""
    if run.canonical is None:
        return
    heap, bodies = run.unknowns.heap, run.unknowns.bodies
    mode = step.element.get("mode")
    copies = mode is not None and mode.value.text.strip().lower() != "new"
    copied = run.state.copy() if copies else None
    run.own_requests.append(OwnRequest(run.alive, run.canonical(step.element), tuple(values), copied))
    sent: list[Hashable] = [heap, bodies, *(value.key for value in values)]
    run.answer_by(step, *sent, run.state.signature(_COPIED) if copies else None)
