"""Facts that a solver has proven about a policy document, for the rules that report them: `check --prove`."""

from __future__ import annotations

from typing import NamedTuple

BRANCH, CONDITION, CHECK, FAILURE = "branch", "condition", "check", "failure"


class Fact(NamedTuple):
    """A fact about every request.

    `kind` is a branch that none takes, a condition that always comes to the same, a check of the caller that refuses
    none, or a policy that always fails; `start` and `end` are offsets in the file, `what` what it always comes to.
    """

    kind: str
    start: int
    end: int
    what: str = ""


class Proofs(NamedTuple):
    """The facts about one file; `bounds` describe the requests for which they are true.

    `undecided` says why there may be more of them; empty where there are none, or where findings say it.
    """

    facts: tuple[Fact, ...] = ()
    bounds: tuple[str, ...] = ()
    undecided: str = ""

    def of(self, kind: str) -> list[Fact]:
        """Return the facts of a kind."""
        return [fact for fact in self.facts if fact.kind == kind]
