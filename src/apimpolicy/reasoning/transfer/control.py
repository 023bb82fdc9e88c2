"""Policies that run others: once, one branch, several times, or in any order.

Requests that no branch of `choose` ends or fails continue under the condition that they came with: independent choices
leave no trace in it. The first round of `retry` is exact; later ones begin in a state in which all that rounds write
is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from apimpolicy.gateway.engine.steps import Step
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.gateway.policies.retry import MOST_RETRIES
from apimpolicy.reasoning.semantics.state import Cell, State
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import constant_text, constant_truth
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer.effects import status_of
from apimpolicy.reasoning.transfer.flow import WiderScope
from apimpolicy.reasoning.transfer.run import Run, names_of


def transfer_base(run: Run, step: Step) -> None:
    run.mark(step)
    if run.canonical is not None and step.name == "base":
        run.wider_scopes.append(WiderScope(run.alive, run.section, run.state.copy()))
    run.execute(step.inserted)


def transfer_include_fragment(run: Run, step: Step) -> None:
    if run.made_up is not None and run.made_up.is_fragment(step):
        raise Unsupported("a fragment that isn't known")
    transfer_base(run, step)


def transfer_choose(run: Run, step: Step) -> None:
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


def transfer_limit_concurrency(run: Run, step: Step) -> None:
    run.attribute(step, "key")
    run.unknowns.place = step.where
    by_policy = terms.truth(has_trait(step.name, "refuses"))
    run.fail(run.unknowns.chance("too many requests at once"), status_of(run, step), by_policy=by_policy)
    run.mark(step)
    run.execute([*step.steps_inside()])


_MOST_TRIES = 4
_MOST_NESTED = 2
"""Policies that repeat inside each other; inside more of them all is unknown, because each tries those inside it."""


def settled(run: Run, before: State, round_: Callable[[State], list[State]]) -> State:
    """Return a state that is any state between two rounds: what a round writes is unknown in it.

    A round is tried from that state until it writes nothing else. What the tries meet is not counted.
    """
    state = before.copy()
    alive = run.alive
    if run.repetitions >= _MOST_NESTED:
        run.state = state
        run.forget_everything()
        return state
    run.repetitions += 1
    try:
        return _tried(run, state, alive, round_)
    finally:
        run.repetitions -= 1


def _tried(run: Run, state: State, alive: Term, round_: Callable[[State], list[State]]) -> State:
    unknown: set[Cell] = set()
    for _ in range(_MOST_TRIES):
        marks = len(run.errors), len(run.ends), len(run.served), len(run.sent), len(run.lost)
        run.alive = alive
        after = [*round_(state), *(error.state for error in run.errors[marks[0] :])]
        written = {cell for end in after for cell in end.changed(state)}
        del run.errors[marks[0] :], run.ends[marks[1] :], run.served[marks[2] :]
        del run.sent[marks[3] :], run.lost[marks[4] :]
        run.state, run.alive = state, alive
        written = {cell for cell in written - unknown if (cell[0], "*") not in unknown}
        if not written:
            return state
        unknown |= written
        run.state = state = state.copy()
        for kind, name in written:
            if name == "*":
                run.forget(kind)
            else:
                run.forget_cell(kind, name)
    run.forget_everything()
    return state


def transfer_retry(run: Run, step: Step) -> None:
    is_doubtful = False
    for name in ("count", "interval", "max-interval", "delta", "first-fast-retry"):
        if step.element.get(name) is not None and not _is_valid(name, run.constant(run.attribute(step, name))):
            is_doubtful = True
            run.fail(run.unknowns.truth(f"a value of {step.name}"))
    around = {name: run.state.get("ran", name) for name in names_of(step)}
    run.mark(step)
    steps = [*step.steps_inside()]
    entered = run.alive

    def condition() -> Term:
        """Evaluate the condition: where it throws, or a wait is too long, `retry` itself has failed."""
        for name, ran in around.items():
            run.state.set(ran, "ran", name)
        is_met = run.truth(run.attribute(step, "condition"))
        if is_doubtful:
            run.fail(run.unknowns.truth(f"a value of {step.name}"))
        run.mark(step)
        return is_met

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
        run.alive = terms.all_of(run.alive, condition(), run.unknowns.truth("whether retry tries again"))
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
    exhausted = terms.all_of(repeats, run.unknowns.truth("whether retry has no repetitions left"))
    alive = run.alive
    run.alive = terms.all_of(alive, terms.not_(exhausted))
    condition()
    run.alive = terms.any_of(run.alive, terms.all_of(alive, exhausted))


def _is_valid(name: str, text: str | None) -> bool:
    """Return whether a text certainly is a value that the gateway accepts: waits that are short, however often."""
    if text is None or name == "first-fast-retry":
        return text in ("true", "false")
    is_short = re.fullmatch(r"[0-9]{1,4}", text) is not None
    return is_short and (name != "count" or 1 <= int(text) <= MOST_RETRIES)


def transfer_wait(run: Run, step: Step) -> None:
    if run.constant(run.attribute(step, "for", constant_text("all"))) not in ("all", "any"):
        run.fail(run.unknowns.truth("whether wait has a valid 'for'"))
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
