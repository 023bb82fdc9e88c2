"""set-status: the status of the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step
    from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    status = run.status(run.attribute(step, "code"), step.name)
    run.attribute(step, "reason")
    run.state.set(status, "status")
    run.mark(step)
