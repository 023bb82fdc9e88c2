"""The way of one request: every decision that was taken on it, and what stood in the way of understanding it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.concolic.inputs import Assignment, Inputs
    from apimpolicy.concolic.solver import Term
    from apimpolicy.engine.steps import Step

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
    unsupported: Unsupported | None
    fixed: bool = False
    step: Step | None = None
    is_repeated: bool = False
    value: ConcolicValue | None = None
    """What was decided, where that has no form."""

    @property
    def constraint(self) -> Term:
        """What held."""
        assert self.term is not None
        return self.term if self.taken else solver.not_(self.term)


class Impact(Enum):
    """What may be otherwise after a policy of which something is not known."""

    FAILURE = "it may fail"
    VALUE = "it may fail, and what it gives may be something else"
    ALL = "all that comes after it"


class OpenExit(NamedTuple):
    """A policy from which requests of the same way may go on otherwise than was seen.

    `stopped` are the policies at which the request ended, which others may pass.
    """

    step: Step | None
    extent: Impact = Impact.VALUE
    stopped: frozenset[Step | None] = frozenset()


class PathTooLong(Exception):
    """A way has more decisions than the bound."""


class Path:
    """Collects the decisions of a run."""

    def __init__(self, inputs: Inputs, assignment: Assignment) -> None:
        self.inputs = inputs
        self.assignment = assignment
        self.decisions: list[Decision] = []
        self.unsupported_features: dict[Unsupported, None] = {}
        self.mispredicted: list[Decision] = []
        """Decisions whose form said something else than the run: mistakes of a form."""
        self.internal_errors: list[Exception] = []
        """Mistakes of ours, each of which left an expression without a meaning."""
        self.owner: Any = None
        self.step: Step | None = None
        """The policy that runs."""
        self.stopped_at: set[Step | None] = set()
        """The policies that failed or ended the request: whatever is not known of them, others may go on from there."""
        self.is_finished = False
        """Nobody wants to know any more where its decisions lead."""
        self.random_values: Assignment = {}
        """What came by chance in this run."""
        self.changed: dict[tuple[str, ...], ConcolicValue] = {}
        """What policies put into trees that came from outside, by key."""
        self._known: dict[int, set[Step | None]] = {}
        """The terms that were asked for, with the policies in which they were."""
        self._times: dict[int, int] = {}
        """How often each place has decided."""

    def open_exit(self, step: Step | None, extent: Impact = Impact.VALUE) -> OpenExit:
        """What may be otherwise when something about a policy is, once the run is over."""
        goes_on = step in self.stopped_at and extent is not Impact.FAILURE
        return OpenExit(step, Impact.ALL if goes_on else extent, frozenset(self.stopped_at))

    def fork(self) -> Path:
        """The same way so far, to go on with something else; obstacles are only those that it meets itself."""
        made = Path(self.inputs, self.assignment)
        made.decisions = list(self.decisions)
        made._known = {term: set(steps) for term, steps in self._known.items()}
        return made

    def record_random(self, *key: str, value: Any) -> None:
        """An input that nobody gave had this value by chance; from here on it is given."""
        if key not in self.assignment and value is not None:
            self.assignment[key] = self.random_values[key] = value

    def observe(self, *key: str, value: Any) -> None:
        """An input that comes of others had this value in the run, whatever was wished for."""
        if value is not None:
            self.assignment[key] = self.random_values[key] = value

    @property
    def is_exact(self) -> bool:
        """Whether all that happened is understood."""
        return not self.unsupported_features

    def mark_inexact(self, unsupported: Unsupported) -> None:
        """Something without a symbolic form was met."""
        self.unsupported_features.setdefault(unsupported)

    def decide(self, concolic: ConcolicValue, place: Any = None) -> bool:
        """A question was answered by the truth of this value."""
        taken = concolic.value is True or (concolic.value is not False and bool(concolic.value))
        if concolic.is_constant:
            return taken
        term = term_of(concolic)
        self.add_branch(term, taken, place, concolic.unsupported, value=concolic)
        return taken

    def add_branch(
        self,
        term: Term | None,
        taken: bool,
        place: Any = None,
        unsupported: Unsupported | None = None,
        *,
        fixed: bool = False,
        value: ConcolicValue | None = None,
    ) -> None:
        """A term was true, or was not; `value` is what has no term."""
        if term is not None:
            term = solver.simplify(term)
            if solver.truth_value(term) is taken:
                return
            if term.get_id() in self._known:
                self._ask_again(term, taken, place)
                return
            found = self.inputs.value(term, self.assignment)
            if found is not taken:
                unsupported = unsupported or Unsupported(f"form that disagrees with the run: {str(term)[:200]}", "")
                self.mispredicted.append(Decision(term, taken, place, self.owner, unsupported))
                term = None
            else:
                self._known[term.get_id()] = {self.step}
        if term is None:
            self.mark_inexact(unsupported or Unsupported("condition", ""))
        if term is not None and place is not None and not isinstance(place, (str, tuple)):
            times = self._times[id(place)] = self._times.get(id(place), 0) + 1
            fixed = fixed or times > self.inputs.bounds.rounds
        if len(self.decisions) >= self.inputs.bounds.decisions:
            raise PathTooLong
        value = value if term is None else None
        self.decisions.append(Decision(term, taken, place, self.owner, unsupported, fixed, self.step, value=value))

    def _ask_again(self, term: Term, taken: bool, place: Any) -> None:
        """What was answered already decides in this policy as well."""
        asked = self._known[term.get_id()]
        if self.step not in asked and len(self.decisions) < self.inputs.bounds.decisions:
            asked.add(self.step)
            self.decisions.append(
                Decision(term, taken, place, self.owner, None, step=self.step, is_repeated=True),
            )

    def branch_on_value(self, term: Term, choices: Iterable[Any], actual: Any, place: Any = None) -> None:
        """A term was this one of several values: each that comes before it was asked for, and was not it."""
        for each in choices:
            self.add_branch(solver.equal(term, solver.constant(each)), each == actual, place)
            if each == actual:
                return

    def branch_on_count(self, term: Term, actual: int, most: int, place: Any = None) -> None:
        """A number of things was this many: one more each time."""
        for number in range(min(actual + 1, most)):
            self.add_branch(term > number, actual > number, place)

    def branch_on(self, term: Term, place: Any = None) -> bool:
        """Whether a term is true in this run, which decides the way."""
        term = solver.simplify(term)
        known = solver.truth_value(term)
        if known is not None:
            return known
        found = self.inputs.value(term, self.assignment)
        if not isinstance(found, bool):
            self.mark_inexact(Unsupported("condition", ""))
            return False
        self.add_branch(term, found, place)
        return found


def place_key(decision: Decision) -> Any:
    """What a decision has in common with those of other runs at the same place."""
    place = decision.place
    if isinstance(place, tuple) and not isinstance(place[0], str):
        return id(place[0])
    if place is None or isinstance(place, (str, tuple)):
        return place, 0 if decision.owner is None else id(decision.owner.step)
    return id(place)
