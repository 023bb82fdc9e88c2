"""What came of a search: what was found, and what is proven impossible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from apimpolicy.symbolic.path import Extent, Hole

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step
    from apimpolicy.symbolic.goals import Goal
    from apimpolicy.symbolic.inputs import Inputs
    from apimpolicy.symbolic.reach import Places
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
    """What came of a search: for each goal the first run that reached it; `is_complete`: all ways were gone."""

    world: World
    inputs: Inputs
    runs: list[Run] = attrs.field(factory=list)
    found: dict[Goal, Run] = attrs.field(factory=dict)
    is_complete: bool = False
    obstacles: dict[Obstacle, int] = attrs.field(factory=dict)
    blocking: dict[Goal, dict[Obstacle, int]] = attrs.field(factory=dict)
    holes: dict[Hole, None] = attrs.field(factory=dict)
    """From where requests may go on otherwise than was seen."""
    stops: dict[Step | None, list[Run]] = attrs.field(factory=dict)
    """Policies that only give values, and the runs that an error ended there of which not all is known."""
    figures: Figures = attrs.field(factory=Figures)
    problem: str = ""

    @property
    def missing(self) -> list[Goal]:
        """The goals that no run reached."""
        return [goal for goal in self.world.goals.all if goal not in self.found]

    @property
    def is_proof(self) -> bool:
        """Whether what no run reached is impossible, within the bounds: all ways were gone, and all is exact."""
        return self.is_complete and not self.obstacles and not self.figures.diverged

    @property
    def proven(self) -> list[Goal]:
        """The goals that no request reaches, within the bounds: nothing that is not known leads there.

        Every way to them was turned around, and everything on it is exact. What stands elsewhere spoils nothing.
        """
        if not self.runs:
            return []
        reach, open_places = self.world.reach, 0
        for hole in self.holes:
            open_places |= reach.of(hole)
        closed = [goal for goal in self.missing if not reach.places(goal) & open_places]
        return [goal for goal in closed if all(self._goes_on(goal, step) for step in self.stops)]

    def _goes_on(self, goal: Goal, step: Step | None) -> bool:
        """Whether runs that ended at a policy are like others that went on there, in what decides about a goal."""
        reach, places = self.world.reach, self.world.reach.places(goal)
        if not reach.of(Hole(step, Extent.ALL)) & places:
            return True
        if reach.of(Hole(step)) & places:
            return False
        passed = [self._deciding(run, step, places) for run in self.runs if run.is_real and run.passed(step)]
        return all(self._deciding(run, step, places) in passed for run in self.stops[step])

    def _deciding(self, run: Run, step: Step | None, places: Places) -> frozenset[tuple[int, bool]]:
        """What was answered before a policy ran, as far as it has a part in whether these places are reached."""
        found: set[tuple[int, bool]] = set()
        for decision in run.path.decisions:
            if decision.step is step:
                break
            if decision.term is not None and self.world.reach.of(run.path.hole(decision.step)) & places:
                found.add((decision.term.get_id(), decision.taken))
        return frozenset(found)

    def reasons(self, goal: Goal) -> list[Obstacle]:
        """What stood in the way of a goal that was not found: what decides it, else what stands anywhere."""
        own = self.blocking.get(goal) or self.obstacles
        return sorted(own, key=lambda each: (-own[each], each))
