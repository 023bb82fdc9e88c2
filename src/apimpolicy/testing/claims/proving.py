"""Looks for a request for which a claim does not hold, and says when there is none.

Every way through the policy is gone (`Explorer`, thorough), and at the end of each the claims are asked. What a claim
depends on there is turned around like the decisions of the policy. A claim is false when a request that has run says
so; it is proven when all ways are gone and everything on them, and in the claim, is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from apimpolicy.errors import ConfigurationError
from apimpolicy.records import Record
from apimpolicy.symbolic.explorer import Explorer
from apimpolicy.symbolic.path import TooLong
from apimpolicy.symbolic.shorter import shorter
from apimpolicy.symbolic.values import Obstacle
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.explaining import Explaining
from apimpolicy.testing.claims.followed import FollowedConditions
from apimpolicy.testing.claims.reading import trees_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.result import Result
    from apimpolicy.symbolic.bounds import Bounds
    from apimpolicy.symbolic.explorer import Exploration
    from apimpolicy.symbolic.following import Follower
    from apimpolicy.symbolic.inputs import Inputs
    from apimpolicy.symbolic.path import Path
    from apimpolicy.symbolic.world import Run, World
    from apimpolicy.testing.claims.reading import Claim, Expressions

    Status = Literal["proven", "false", "undecided"]

OUT_OF_TIME = Obstacle("the time, or the number of requests, was not enough", "")
ANOTHER_WAY = Obstacle("a request that went another way than was foreseen", "")
TOO_LONG = Obstacle("more decisions on one way than are followed", "")


class Verdict(Record):
    """What came of a claim.

    `run` is the request for which it does not hold, and `why` the expression that decides it, with its values;
    `obstacles` are what stood in the way of a decision.
    """

    claim: Claim
    status: Status
    run: Run | None = None
    why: str = ""
    obstacles: tuple[Obstacle, ...] = ()


class Proof:
    """One search, for several claims about the policies of one world. `on_run` is told of each request."""

    def __init__(
        self,
        world: World,
        claims: Sequence[Claim],
        expressions: Expressions,
        bounds: Bounds,
        on_run: Callable[[], None] = lambda: None,
    ) -> None:
        self.world = world
        self.claims = list(claims)
        self.expressions = expressions
        self.bounds = bounds
        self.on_run = on_run
        self.inputs: Inputs | None = None
        """The inputs that the search met, once it is over."""
        self.broken: dict[int, Run] = {}
        self.obstacles: dict[int, dict[Obstacle, None]] = {index: {} for index in range(len(claims))}
        self._just_broken: list[int] = []
        self._ways: dict[int, list[Path]] = {index: [] for index in range(len(claims))}
        self._is_met = True

    def verdicts(self) -> list[Verdict]:
        """Search, and say what came of each claim. Raises DiagnosticError when an expression does not compile."""
        for claim in self.claims:
            for tree in trees_of(claim):
                self.expressions.compiled(tree)
        self.world.asking = self._ask
        explorer = Explorer(self.world, self.bounds, thorough=True, on_run=self._ran)
        explored = explorer.explore()
        self.inputs = explored.inputs
        if not explored.runs:
            raise ConfigurationError(f"no request gets through: {explored.problem}")
        return [self._verdict(index, claim, explored) for index, claim in enumerate(self.claims)]

    def _ask(self, follower: Follower, gateway: Gateway, result: Result) -> list[Path]:
        """Ask the claims that no request has broken yet; the ways on which each of them was asked."""
        ways: list[Path] = []
        for index, claim in enumerate(self.claims):
            if index in self.broken:
                continue
            conditions = FollowedConditions(result, gateway, self.expressions, follower)
            try:
                is_broken = not conditions.hold(claim)
            except TooLong:
                self.obstacles[index].setdefault(TOO_LONG)
                continue
            self.obstacles[index].update(conditions.path.obstacles)
            if is_broken:
                self._just_broken.append(index)
            ways.append(conditions.path)
            self._ways[index].append(conditions.path)
        return ways

    def _ran(self, run: Run) -> bool:
        """Keep the request for claims that it broke; true when there is no claim left to ask."""
        self.on_run()
        for index in self._just_broken:
            self.broken[index] = run
            for path in self._ways.pop(index):
                path.is_over = True
        self._just_broken.clear()
        return len(self.broken) == len(self.claims)

    def _verdict(self, index: int, claim: Claim, explored: Exploration) -> Verdict:
        if index in self.broken:
            return Verdict(claim, "false", *self._shorter(claim, self.broken[index], explored))
        obstacles = dict(self.obstacles[index])
        obstacles.update(dict.fromkeys(sorted(explored.obstacles, key=lambda each: -explored.obstacles[each])))
        if explored.figures.diverged:
            obstacles.setdefault(ANOTHER_WAY)
        if not explored.is_complete:
            obstacles.setdefault(OUT_OF_TIME)
        return Verdict(claim, "undecided" if obstacles else "proven", obstacles=tuple(obstacles))

    def _shorter(self, claim: Claim, run: Run, explored: Exploration) -> tuple[Run, str]:
        """The request with as little in it as breaks the claim, and what decides it."""
        why: list[str] = []

        def judge(follower: Follower, gateway: Gateway, result: Result) -> list[Path]:
            self._is_met = Conditions(result, gateway, self.expressions, follower.state.start).hold(claim)
            return []

        def explain(follower: Follower, gateway: Gateway, result: Result) -> list[Path]:
            why.append(Explaining(result, gateway, self.expressions, follower.state.start).why(claim))
            return []

        self.world.asking = judge
        found = shorter(self.world, explored.inputs, run, lambda _: not self._is_met)
        self.world.asking = explain
        return self.world.run(explored.inputs, found.assignment), why[0]
