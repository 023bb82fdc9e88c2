"""wait: policies that run at the same time; in which order they write is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.terms import term as terms
from apimpolicy.transfer.repetition import settled
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    from apimpolicy.semantics.state import State


def transfer(run: Run, step: Step) -> None:
    run.attribute(step, "for")
    run.mark(step)
    steps = [*step.steps_inside()]
    entered = run.alive

    def any_order(state: State) -> list[State]:
        """Run each as if it were the first; the states in which they leave."""
        after: list[State] = []
        for inner in steps:
            run.state = state.copy()
            run.alive = terms.all_of(entered, run.unknowns.truth("the order of policies in wait"))
            run.execute([inner])
            after.append(run.state)
        return after

    run.unknowns.change()
    run.unknowns.use_up()
    state = settled(run, run.state, any_order)
    any_order(state)
    run.state, run.alive = state.copy(), entered
