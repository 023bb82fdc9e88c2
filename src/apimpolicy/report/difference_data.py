"""In what two versions of policies differ, in texts and numbers, for people and for programs."""

from __future__ import annotations

from typing import NamedTuple

EQUIVALENT, DIFFERENT, UNDECIDED, ADDED, REMOVED, ERROR, SAME = (
    "equivalent",
    "different",
    "undecided",
    "added",
    "removed",
    "error",
    "same",
)


class Journey(NamedTuple):
    """The outcome of a request: the response, who decided it, its path, and the whole explanation."""

    answer: str
    decided_by: str
    path: str
    explanation: str


class DifferenceItem(NamedTuple):
    """A kind of requests that are treated differently: in what, the smallest request, and what came of it."""

    sentence: str
    request: str
    old: Journey
    new: Journey


class DifferenceReport(NamedTuple):
    """The result of comparing two versions of a policy.

    `status` is `equivalent` (proven), `different`, `undecided`, `added`, `removed`, or `error` with a `problem`;
    `same` when neither the policy nor anything around it differs, which is not shown.
    `reasons` tell why other differences are not excluded; without any there are none.
    """

    path: str
    old: str
    new: str
    status: str
    items: tuple[DifferenceItem, ...] = ()
    reasons: tuple[str, ...] = ()
    problem: str = ""
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Return whether everything that is not listed is proven to be the same."""
        return self.status in (EQUIVALENT, DIFFERENT) and not self.reasons
