"""Search for a request that breaks a claim, as for one that reaches a goal of a policy."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from apimpolicy.errors import ApimPolicyError
from apimpolicy.proposing.guided import Guided, SearchGoal, approach
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.inverting import SENT, ClaimInversion, Want

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.harness import Harness, Run
    from apimpolicy.testing.claims.reading import Claim, Expressions


class ClaimBreaker:
    """Searches for requests that break claims; `send` runs a request."""

    def __init__(self, harness: Harness, expressions: Expressions, send: Callable[[Assignment], Run | None]) -> None:
        self.harness = harness
        self.expressions = expressions
        self.send = send
        self.guided = Guided(harness, send)

    def search(
        self, claim: Claim, starts: Iterable[Assignment], is_over: Callable[[], bool], most: int, width: int = 3
    ) -> Run | None:
        """Return a run that breaks a claim, after at most so many tries; None where none was found."""
        target = SearchGoal(
            lambda run: is_broken_by(run, claim, self.harness, self.expressions),
            lambda run: self._closeness(claim, run),
            lambda run: self._candidates(claim, run),
        )
        return approach(self.send, target, starts, is_over, most, width)

    def _closeness(self, claim: Claim, run: Run) -> float:
        """Return how nearly a run breaks a claim: the share of the conditions that are as wanted."""
        assert run.result is not None
        seen = ClaimInversion(self.guided, self.expressions, run)
        subjects, breaches = _wants(claim)
        met = sum(map(seen.degree, subjects)) + max(map(seen.degree, breaches))
        return met + len(run.result.trace) / 5000 - len(run.assignment) / 200

    def _candidates(self, claim: Claim, run: Run) -> Iterator[Assignment]:
        """Yield requests that may come closer to breaking a claim than a run did, taking turns between conditions."""
        seen = ClaimInversion(self.guided, self.expressions, run)
        subjects, breaches = _wants(claim)
        for turn in zip_longest(*(seen.requests(want) for want in (*subjects, *breaches))):
            yield from (each for each in turn if each is not None)
        for key, text in run.assignment.items():  # checks overlook that a field may come twice
            if len(key) == 2 and key[0] in ("header", "query"):
                yield from ({**run.assignment, (*key, "values"): each} for each in ((text, "x"), ("x", text)))


def is_broken_by(run: Run, claim: Claim, harness: Harness, expressions: Expressions) -> bool:
    """Return whether a request has broken a claim; never one that ran through what is made up."""
    if run.result is None or run.gateway is None or harness.stand_ins.have_run(run.result):
        return False
    try:
        conditions = Conditions(run.result, run.gateway, expressions, harness.variables_of(run.scenario))
        return not conditions.hold(claim)
    except (ApimPolicyError, ValueError):
        return False


def _wants(claim: Claim) -> tuple[list[Want], list[Want]]:
    """Return what all breaches of a claim have in common, and the alternatives of which each is a breach."""
    parts = claim.parts
    subjects = [Want("", parts["if"], True)] if "if" in parts else []
    breaches = [Want("", parts[key], key == "never") for key in ("then", "never") if key in parts]
    return subjects, [*breaches, *([Want(SENT, parts[SENT], False)] if SENT in parts else [])]
