"""The results of a search. A goal that was not reached is not proven impossible (see `proving`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness, Run


@attrs.define
class Statistics:
    """Figures of a search: the number of runs, seconds of processor time."""

    runs: int = 0
    seconds: float = 0.0


@attrs.define
class Exploration:
    """The results of a search: for each goal the first run that reached it."""

    harness: Harness
    runs: list[Run] = attrs.field(factory=list)
    found: dict[Goal, Run] = attrs.field(factory=dict)
    statistics: Statistics = attrs.field(factory=Statistics)
    problem: str = ""

    @property
    def missing(self) -> list[Goal]:
        """The goals that no run reached."""
        return [goal for goal in self.harness.goals.all if goal not in self.found]

    def starts(self, most: int = 40) -> list[Assignment]:
        """Return the requests that reached something new, each once."""
        runs = dict.fromkeys((*self.runs[:1], *self.found.values()))
        return [run.assignment for run in list(runs)[-most:]]
