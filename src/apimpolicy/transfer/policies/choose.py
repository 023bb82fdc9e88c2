"""choose: the first branch whose condition is true.

Requests that no branch ends or fails continue under the condition that they came with: independent choices leave no
trace in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.state import State
from apimpolicy.terms import term as terms
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term


def transfer(run: Run, step: Step) -> None:
    run.mark(step)
    entered, lost = run.alive, run.lost
    run.lost = []
    ends: list[tuple[Term, State, Term]] = []
    for when in _steps(step, "whens"):
        if run.alive is terms.FALSE:
            break
        run.reach_otherwise(when, "asked")
        condition = run.truth(run.attribute(when, "condition"))
        rest, state = run.alive, run.state
        _take(run, when, terms.all_of(rest, condition), ends)
        run.state, run.alive = state, terms.all_of(rest, terms.not_(condition))
    otherwise = step.fields.get("otherwise")
    if otherwise is not None and not isinstance(otherwise, list) and run.alive is not terms.FALSE:
        _take(run, otherwise, run.alive, ends)
    else:
        run.reach_otherwise(step, "none")
        ends.append((run.alive, run.state, run.alive))
    inside, run.lost = run.lost, lost
    run.lost += inside
    _merge(run, entered, ends, inside)


def _steps(step: Step, field: str) -> list[Step]:
    found = step.fields[field]
    return found if isinstance(found, list) else []


def _take(run: Run, branch: Step, condition: Term, ends: list[tuple[Term, State, Term]]) -> None:
    """Run the policies of a branch where its condition is true."""
    if condition is terms.FALSE:
        return
    run.state, run.alive = run.state.copy(), condition
    run.reach(branch)
    run.execute(_steps(branch, "steps"))
    ends.append((condition, run.state, run.alive))


def _merge(run: Run, entered: Term, ends: list[tuple[Term, State, Term]], lost: list[Term]) -> None:
    """Continue with the requests that no branch has ended."""
    alive = [(condition, state) for condition, state, left in ends if left is not terms.FALSE]
    if not alive:
        run.alive = terms.FALSE
        return
    merged = alive[-1][1]
    for condition, state in reversed(alive[:-1]):
        merged = State.merged(condition, state, merged)
    run.state = merged
    run.alive = terms.all_of(entered, *(terms.not_(each) for each in lost))
