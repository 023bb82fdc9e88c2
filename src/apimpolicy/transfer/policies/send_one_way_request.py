"""send-one-way-request: a request of the policy's own, whose response is ignored."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.policies.send_request import answered, compose
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    sent = evaluate_all(run, step)
    answered(run, step, sent + compose(run, step, ignores=False))
    run.fail(run.unknowns.chance(f"whether {step.name} fails"))
    run.mark(step)
