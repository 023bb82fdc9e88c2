"""send-request: a request of the policy's own; its response is in a variable."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.policies.registry import is_known
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Function, Host, Value, leaves, merge
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.flow import OwnRequest
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    sent = evaluate_all(run, step)
    ignores = _ignores_errors(run, step)
    sent += compose(run, step, ignores=ignores)
    answered(run, step, sent)
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


def answered(run: Run, step: Step, sent: list[Value]) -> None:
    """Set what the response depends on: the values that are sent, and the message that they are made of or show."""
    mode = step.element.get("mode")
    is_copy = mode is None or mode.value.text.strip().lower() != "new"
    has_template = any(element.get("template") is not None for element in step.element.descendants())
    shows_state = any(isinstance(leaf, (Host, Function)) for value in sent for leaf in leaves(value))
    depends = run.state.signature() if run.canonical and (is_copy or has_template or shows_state) else None
    if run.canonical is not None:
        state = run.state.copy() if is_copy or has_template or shows_state else None
        run.own_requests.append(OwnRequest(run.alive, run.canonical(step.element), tuple(sent), state))
    run.answered(step, depends, *(value.key for value in sent))


def compose(run: Run, step: Step, *, ignores: bool) -> list[Value]:
    """Evaluate the policies inside, which work on the request that is sent; they change nothing else."""
    sent: list[Value] = []
    alive, errors, lost = run.alive, len(run.errors), len(run.lost)
    for inner in step.steps_inside():
        run.reach(inner)
        if is_known(inner.name):
            run.source = inner.name
        sent += evaluate_all(run, inner)
        run.fail(run.unknowns.truth(f"whether {inner.name} fails"))
        run.mark(inner)
        run.source = step.name
    if ignores:
        del run.errors[errors:]
        del run.lost[lost:]
        run.alive = alive
    return sent
