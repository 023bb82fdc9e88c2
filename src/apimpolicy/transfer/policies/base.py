"""base: the policies of the wider scope."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.transfer.flow import WiderScope
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    run.mark(step)
    if run.canonical is not None and step.name == "base":
        run.wider_scopes.append(WiderScope(run.alive, run.section, run.state.copy()))
    run.execute(step.inserted)
