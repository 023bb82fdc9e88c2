"""Repairs of a proposal by its run: keys of the cache, and doubles for policies that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.effects import CacheAccessed
from apimpolicy.policies.registry import has_trait, is_known
from apimpolicy.proposing.policies import unknown_entry
from apimpolicy.scenarios.doubles import PASSES

if TYPE_CHECKING:
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.steps import Step
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.harness import Harness


def repair(harness: Harness, result: Result, assignment: Assignment, *, with_doubles: bool) -> Assignment:
    """Return a request with what its run shows: keys of the cache, and doubles for policies that fail."""
    repaired = dict(assignment)
    for entry in result.trace:
        effect = entry.effect
        if isinstance(effect, CacheAccessed):
            name = unknown_entry(harness.double_of(entry.step) or entry.step.place)
            for key, value in assignment.items():
                if key[:2] == ("cache", name):
                    repaired.pop(key, None)
                    repaired["cache", str(effect.key), *key[2:]] = value
    step = None if result.error is None else failed_step(result)
    if step is not None and (with_doubles or has_trait(step.name, "refuses", "checks-token")):
        double = harness.double_of(step)
        if double is not None and ("double", double) not in repaired:
            repaired["double", double] = PASSES
    return repaired


def failed_step(result: Result) -> Step | None:
    """Return the policy that failed last."""
    step = next((entry.step for entry in reversed(list(result.trace)) if entry.error is not None), None)
    while step is not None and not is_known(step.name):  # a part of a policy
        step = step.parent
    return step
