"""Shrink a request: remove everything that the wanted outcome does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.scenarios.assignments import Assignment, Key

MOST_RUNS = 60


def shrink(harness: Harness, inputs: Inputs, run: Run, is_wanted: Callable[[Run], bool], most: int = MOST_RUNS) -> Run:
    """Return a smaller run that is still wanted; `most` bounds the tries."""
    tries = 0
    for key in sorted(run.assignment, key=lambda key: (len(key), key)):
        if tries >= most:
            break
        if key not in run.assignment or _has_default(inputs, key, run.assignment[key]):
            continue
        tried = harness.run(inputs, _without(run.assignment, key))
        tries += 1
        if tried.result is not None and is_wanted(tried):
            run = tried
    return run


def _has_default(inputs: Inputs, key: Key, value: Any) -> bool:
    """Return whether an input is stated although it has its default, because it may vary otherwise."""
    known = inputs.known.get(key)
    return known is not None and bool(known.default == value)


def _without(assignment: Assignment, key: Key) -> Assignment:
    """Return an assignment without an input, and without those inside it."""
    left = {each: value for each, value in assignment.items() if each[: len(key)] != key}
    if key[-1] == "there":
        left = {each: value for each, value in left.items() if each[: len(key) - 1] != key[:-1]}
    return left
