"""The way of one request: every decision that was taken on it, and what stood in the way of understanding it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.symbolic import solver
from apimpolicy.symbolic.values import Dual, Obstacle, term_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.engine.steps import Step
    from apimpolicy.symbolic.inputs import Assignment, Inputs
    from apimpolicy.symbolic.solver import Term

Goal = tuple[Any, ...]
"""What tests can reach: a branch or the outcome of a condition, by its place; see `goals`."""


class Decision(NamedTuple):
    """A question that the way met, and how it was answered.

    `term` is None where it has no symbolic form: `lost` says why. `place` is what asked, `owner` the branch whose
    condition it belongs to, `step` the policy that ran. A `fixed` one is an assumption of ours that is not turned
    around; an earlier policy has met an `is_repeated` one already.
    """

    term: Term | None
    taken: bool
    place: Any
    owner: Any
    lost: Obstacle | None
    fixed: bool = False
    step: Step | None = None
    is_repeated: bool = False
    value: Dual | None = None
    """What was decided, where that has no form."""

    @property
    def constraint(self) -> Term:
        """What held."""
        assert self.term is not None
        return self.term if self.taken else solver.no(self.term)


class Extent(Enum):
    """What may be otherwise after a policy of which something is not known."""

    FAILURE = "it may fail"
    VALUE = "it may fail, and what it gives may be something else"
    ALL = "all that comes after it"


class Hole(NamedTuple):
    """A policy from which requests of the same way may go on otherwise than was seen.

    `stopped` are the policies at which the request ended, which others may pass.
    """

    step: Step | None
    extent: Extent = Extent.VALUE
    stopped: frozenset[Step | None] = frozenset()


class TooLong(Exception):
    """A way has more decisions than the bound."""


class Path:
    """Collects the decisions of a run."""

    def __init__(self, inputs: Inputs, assignment: Assignment) -> None:
        self.inputs = inputs
        self.assignment = assignment
        self.decisions: list[Decision] = []
        self.obstacles: dict[Obstacle, None] = {}
        self.wrong: list[Decision] = []
        """Decisions whose form said something else than the run: mistakes of a form."""
        self.mistakes: list[Exception] = []
        """Mistakes of ours, each of which left an expression without a meaning."""
        self.owner: Any = None
        self.step: Step | None = None
        """The policy that runs."""
        self.stopped: set[Step | None] = set()
        """The policies that failed or ended the request: whatever is not known of them, others may go on from there."""
        self.is_over = False
        """Nobody wants to know any more where its decisions lead."""
        self.chance: Assignment = {}
        """What came by chance in this run."""
        self.changed: dict[tuple[str, ...], Dual] = {}
        """What policies put into trees that came from outside, by key."""
        self._known: dict[int, set[Step | None]] = {}
        """The terms that were asked for, with the policies in which they were."""
        self._times: dict[int, int] = {}
        """How often each place has decided."""

    def hole(self, step: Step | None, extent: Extent = Extent.VALUE) -> Hole:
        """What may be otherwise when something about a policy is, once the run is over."""
        goes_on = step in self.stopped and extent is not Extent.FAILURE
        return Hole(step, Extent.ALL if goes_on else extent, frozenset(self.stopped))

    def branch(self) -> Path:
        """The same way so far, to go on with something else; obstacles are only those that it meets itself."""
        made = Path(self.inputs, self.assignment)
        made.decisions = list(self.decisions)
        made._known = {term: set(steps) for term, steps in self._known.items()}
        return made

    def drawn(self, *key: str, value: Any) -> None:
        """An input that nobody gave had this value by chance; from here on it is given."""
        if key not in self.assignment and value is not None:
            self.assignment[key] = self.chance[key] = value

    def turned_out(self, *key: str, value: Any) -> None:
        """An input that comes of others had this value in the run, whatever was wished for."""
        if value is not None:
            self.assignment[key] = self.chance[key] = value

    @property
    def is_exact(self) -> bool:
        """Whether all that happened is understood."""
        return not self.obstacles

    def blocked(self, obstacle: Obstacle) -> None:
        """Something without a symbolic form was met."""
        self.obstacles.setdefault(obstacle)

    def decide(self, dual: Dual, place: Any = None) -> bool:
        """A question was answered by the truth of this value."""
        taken = dual.value is True or (dual.value is not False and bool(dual.value))
        if dual.is_constant:
            return taken
        term = term_of(dual)
        self.hold(term, taken, place, dual.lost, value=dual)
        return taken

    def hold(
        self,
        term: Term | None,
        taken: bool,
        place: Any = None,
        lost: Obstacle | None = None,
        *,
        fixed: bool = False,
        value: Dual | None = None,
    ) -> None:
        """A term was true, or was not; `value` is what has no term."""
        if term is not None:
            term = solver.simplified(term)
            if solver.known_truth(term) is taken:
                return
            if term.get_id() in self._known:
                self._ask_again(term, taken, place)
                return
            found = self.inputs.value(term, self.assignment)
            if found is not taken:
                lost = lost or Obstacle(f"form that disagrees with the run: {str(term)[:200]}", "")
                self.wrong.append(Decision(term, taken, place, self.owner, lost))
                term = None
            else:
                self._known[term.get_id()] = {self.step}
        if term is None:
            self.blocked(lost or Obstacle("condition", ""))
        if term is not None and place is not None and not isinstance(place, (str, tuple)):
            times = self._times[id(place)] = self._times.get(id(place), 0) + 1
            fixed = fixed or times > self.inputs.bounds.rounds
        if len(self.decisions) >= self.inputs.bounds.decisions:
            raise TooLong
        value = value if term is None else None
        self.decisions.append(Decision(term, taken, place, self.owner, lost, fixed, self.step, value=value))

    def _ask_again(self, term: Term, taken: bool, place: Any) -> None:
        """What was answered already decides in this policy as well."""
        asked = self._known[term.get_id()]
        if self.step not in asked and len(self.decisions) < self.inputs.bounds.decisions:
            asked.add(self.step)
            self.decisions.append(
                Decision(term, taken, place, self.owner, None, step=self.step, is_repeated=True),
            )

    def choose(self, term: Term, choices: Iterable[Any], actual: Any, place: Any = None) -> None:
        """A term was this one of several values: each that comes before it was asked for, and was not it."""
        for each in choices:
            self.hold(solver.equal(term, solver.constant(each)), each == actual, place)
            if each == actual:
                return

    def count(self, term: Term, actual: int, most: int, place: Any = None) -> None:
        """A number of things was this many: one more each time."""
        for number in range(min(actual + 1, most)):
            self.hold(term > number, actual > number, place)

    def split(self, term: Term, place: Any = None) -> bool:
        """Whether a term is true in this run, which decides the way."""
        term = solver.simplified(term)
        known = solver.known_truth(term)
        if known is not None:
            return known
        found = self.inputs.value(term, self.assignment)
        if not isinstance(found, bool):
            self.blocked(Obstacle("condition", ""))
            return False
        self.hold(term, found, place)
        return found


def place_key(decision: Decision) -> Any:
    """What a decision has in common with those of other runs at the same place."""
    place = decision.place
    if isinstance(place, tuple) and not isinstance(place[0], str):
        return id(place[0])
    if place is None or isinstance(place, (str, tuple)):
        return place, 0 if decision.owner is None else id(decision.owner.step)
    return id(place)
