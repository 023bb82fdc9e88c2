"""Policies that run several times, or in any order: from a state in which all they write is unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.semantics.state import Cell, State
    from apimpolicy.terms.term import Term
    from apimpolicy.transfer.run import Run

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
        written = {cell for each in after for cell in each.changed(state)}
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
