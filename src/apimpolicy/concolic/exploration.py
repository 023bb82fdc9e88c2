"""The results of a search. A goal that was not reached is not proven impossible (see `proving`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.values import Unsupported
    from apimpolicy.scenarios.goals import Goal


@attrs.define
class Statistics:
    """Figures of a search: runs, solver queries, those that timed out, and runs that diverged from the prediction."""

    runs: int = 0
    queries: int = 0
    undecided: int = 0
    predicted: int = 0
    diverged: int = 0
    mispredictions: int = 0
    seconds: float = 0.0


@attrs.define
class Exploration:
    """The results of a search: for each goal the first run that reached it."""

    harness: Harness
    inputs: Inputs
    runs: list[Run] = attrs.field(factory=list)
    found: dict[Goal, Run] = attrs.field(factory=dict)
    unsupported_features: dict[Unsupported, int] = attrs.field(factory=dict)
    blocking: dict[Goal, dict[Unsupported, int]] = attrs.field(factory=dict)
    statistics: Statistics = attrs.field(factory=Statistics)
    problem: str = ""

    @property
    def missing(self) -> list[Goal]:
        """The goals that no run reached."""
        return [goal for goal in self.harness.goals.all if goal not in self.found]

    def reasons(self, goal: Goal) -> list[Unsupported]:
        """Return why a goal was not reached: what its condition depends on, else everything unsupported."""
        own = self.blocking.get(goal) or self.unsupported_features
        return sorted(own, key=lambda each: (-own[each], each))
