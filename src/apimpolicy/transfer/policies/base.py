"""base: the policies of the wider scope."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    run.mark(step)
    run.execute(step.inserted)
