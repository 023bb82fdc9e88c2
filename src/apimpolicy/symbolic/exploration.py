"""What a search found; what it did not find is not impossible (see `proving`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from apimpolicy.symbolic.goals import Goal
    from apimpolicy.symbolic.inputs import Inputs
    from apimpolicy.symbolic.values import Obstacle
    from apimpolicy.symbolic.world import Run, World


@attrs.define
class Figures:
    """What a search took: runs, questions to the solver and those not decided in time, runs that went another way."""

    runs: int = 0
    questions: int = 0
    undecided: int = 0
    predicted: int = 0
    diverged: int = 0
    wrong_forms: int = 0
    seconds: float = 0.0


@attrs.define
class Exploration:
    """What came of a search: for each goal the first run that reached it."""

    world: World
    inputs: Inputs
    runs: list[Run] = attrs.field(factory=list)
    found: dict[Goal, Run] = attrs.field(factory=dict)
    obstacles: dict[Obstacle, int] = attrs.field(factory=dict)
    blocking: dict[Goal, dict[Obstacle, int]] = attrs.field(factory=dict)
    figures: Figures = attrs.field(factory=Figures)
    problem: str = ""

    @property
    def missing(self) -> list[Goal]:
        """The goals that no run reached."""
        return [goal for goal in self.world.goals.all if goal not in self.found]

    def reasons(self, goal: Goal) -> list[Obstacle]:
        """What stood in the way of a goal that was not found: what decides it, else what stands anywhere."""
        own = self.blocking.get(goal) or self.obstacles
        return sorted(own, key=lambda each: (-own[each], each))
