"""retry: the first round exactly; any later one from a state in which all that rounds write is unknown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.policies.registry import has_trait
from apimpolicy.policies.retry import MOST_RETRIES
from apimpolicy.semantics.state import State
from apimpolicy.semantics.values import constant_truth
from apimpolicy.terms import term as terms
from apimpolicy.transfer.repetition import settled
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term


def transfer(run: Run, step: Step) -> None:
    for name in ("count", "interval", "max-interval", "delta", "first-fast-retry"):
        if step.element.get(name) is not None and not _is_valid(name, run.constant(run.attribute(step, name))):
            run.fail(run.unknowns.truth(f"a value of {step.name}"))
    run.mark(step)
    steps = [*step.steps_inside()]
    entered = run.alive

    def attempt() -> tuple[Term, State]:
        """Run the policies once; return where they succeed, with the state.

        After an error of a policy that forwards, the condition is evaluated too, in the state that is left in `run`.
        """
        errors = len(run.errors)
        run.execute(steps)
        succeeded = run.alive, run.state
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
        return succeeded

    def again(state: State) -> tuple[Term, State]:
        """Evaluate the condition, then run the policies once more; return where they succeed, with the state."""
        run.state = state.copy()
        condition = run.truth(run.attribute(step, "condition"))
        run.alive = terms.all_of(run.alive, condition, run.unknowns.truth("whether retry tries again"))
        return attempt()

    def round_(state: State) -> list[State]:
        _, succeeded = again(state)
        return [succeeded, run.state]

    alive, first = attempt()
    if run.alive is terms.FALSE:
        return
    run.unknowns.change()
    run.unknowns.use_up()
    between = settled(run, run.state, round_)
    repeats = run.unknowns.truth("whether retry tries again")
    run.alive = terms.all_of(entered, repeats)
    later_alive, later = again(between)
    run.state = State.merged(repeats, later, first)
    run.alive = terms.choice(repeats, later_alive, alive)
    _evaluate_at_last(run, step, terms.all_of(repeats, run.unknowns.truth("whether retry has no repetitions left")))


def _evaluate_at_last(run: Run, step: Step, exhausted: Term) -> None:
    """Evaluate the condition after the last run, unless no repetition is left: it may throw."""
    alive = run.alive
    run.alive = terms.all_of(alive, terms.not_(exhausted))
    run.truth(run.attribute(step, "condition"))
    run.alive = terms.any_of(run.alive, terms.all_of(alive, exhausted))


def _is_valid(name: str, text: str | None) -> bool:
    """Return whether a text certainly is a value that the gateway accepts: waits that are short, however often."""
    if text is None or name == "first-fast-retry":
        return text in ("true", "false")
    is_short = re.fullmatch(r"[0-9]{1,4}", text) is not None
    return is_short and (name != "count" or 1 <= int(text) <= MOST_RETRIES)
