"""limit-concurrency: 429 where too many are inside, else the policies inside."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.transfer.effects import status_of
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    run.attribute(step, "key")
    run.unknowns.place = step.where
    run.fail(run.unknowns.chance("too many requests at once"), status_of(run, step))
    run.mark(step)
    run.execute([*step.steps_inside()])
