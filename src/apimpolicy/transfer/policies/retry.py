"""retry: the first round exactly; any later one from a state in which all that rounds write is unknown."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.policies.registry import has_trait
from apimpolicy.semantics.state import State
from apimpolicy.semantics.values import constant_truth
from apimpolicy.terms import term as terms
from apimpolicy.transfer.repetition import settled
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    for name in ("count", "interval", "max-interval", "delta", "first-fast-retry"):
        if step.element.get(name) is not None:
            value = run.attribute(step, name)
            if run.constant(value) is None:
                run.fail(run.unknowns.truth(f"a value of {step.name}"))
    run.fail(run.unknowns.truth("the count of retry"))
    run.mark(step)
    steps = [*step.steps_inside()]
    entered = run.alive

    def attempt() -> None:
        """Run the policies once. After an error of a policy that forwards, the condition is evaluated too."""
        errors = len(run.errors)
        run.execute(steps)
        for error in run.errors[errors:]:
            if has_trait(error.source, "forwards"):
                if error.condition in run.lost:
                    run.lost.remove(error.condition)  # it may be recovered from
                recovered = error.state.copy()
                recovered.set(error.status, "status")
                recovered.set(constant_truth(True), "has-response")
                run.state = (
                    recovered if run.alive is terms.FALSE else State.merged(error.condition, recovered, run.state)
                )
                run.alive = terms.any_of(run.alive, error.condition)

    def again(state: State) -> list[State]:
        """Ask the condition, then run the policies once more; the state in which they leave."""
        run.state = state.copy()
        condition = run.truth(run.attribute(step, "condition"))
        run.alive = terms.all_of(run.alive, condition, run.unknowns.truth("whether retry tries again"))
        attempt()
        return [run.state]

    attempt()
    first = run.state
    if run.alive is terms.FALSE:
        return
    run.unknowns.change()
    run.unknowns.use_up()
    between = settled(run, first, again)
    run.alive = terms.all_of(entered, run.unknowns.truth("whether retry tries again"))
    again(between)
    run.state, run.alive = between.copy(), terms.all_of(entered, run.unknowns.truth("whether retry continues"))
    run.truth(run.attribute(step, "condition"))
