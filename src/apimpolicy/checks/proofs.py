"""Facts that a solver has proven about a policy document, for the rules that report them: `check --prove`."""

from __future__ import annotations

from typing import NamedTuple

PROVEN_BRANCH, PROVEN_CONDITION, PROVEN_CHECK, PROVEN_FAILURE = "branch", "condition", "check", "failure"


class ProvenFact(NamedTuple):
    """A fact about every request.

    `kind` is a branch that none takes, a condition with one value, a check of the caller that refuses
    none, or a policy that always fails; `start` and `end` are offsets in the file, `what` is that value, or the error.
    """

    kind: str
    start: int
    end: int
    what: str = ""


class Proofs(NamedTuple):
    """The facts about one file; `bounds` describe the requests for which they are true.

    `undecided` is the reason why there may be more facts; empty if there are none, or if findings report it.
    """

    facts: tuple[ProvenFact, ...] = ()
    bounds: tuple[str, ...] = ()
    undecided: str = ""

    def of(self, kind: str) -> list[ProvenFact]:
        return [fact for fact in self.facts if fact.kind == kind]
