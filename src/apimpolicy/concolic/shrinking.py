"""The same request with less: what is not needed for what it is wanted for is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.inputs import Assignment, Inputs, Key

MOST_RUNS = 60


def shrink(harness: Harness, inputs: Inputs, run: Run, is_wanted: Callable[[Run], bool], most: int = MOST_RUNS) -> Run:
    """A run with as little in its request as there can be while it is still wanted; `most` are the tries."""
    tries = 0
    for key in sorted(run.assignment, key=lambda key: (len(key), key)):
        if tries >= most:
            break
        if key not in run.assignment or _is_as_ever(inputs, key, run.assignment[key]):
            continue
        tried = harness.run(inputs, _without(run.assignment, key))
        tries += 1
        if tried.result is not None and is_wanted(tried):
            run = tried
    return run


def _is_as_ever(inputs: Inputs, key: Key, value: Any) -> bool:
    """Whether an input is said although it is what it is anyway: elsewhere that may be something else."""
    known = inputs.known.get(key)
    return known is not None and bool(known.default == value)


def _without(assignment: Assignment, key: Key) -> Assignment:
    """An assignment that says nothing of an input, and of what is inside it."""
    left = {each: value for each, value in assignment.items() if each[: len(key)] != key}
    if key[-1] == "there":
        left = {each: value for each, value in left.items() if each[: len(key) - 1] != key[:-1]}
    return left
