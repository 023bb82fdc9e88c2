"""The path of one request: every branch that it took, and what was not understood on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.solver import Term
    from apimpolicy.engine.steps import Step
    from apimpolicy.scenarios.assignments import Assignment

Goal = tuple[Any, ...]
"""A branch or the outcome of a condition, by its place; see `goals`."""


class Decision(NamedTuple):
    """A branch that a path took, with its outcome.

    `term` is None where the condition has no term: `unsupported` tells why. `place` is what branched, `owner` the
    policy whose condition it belongs to, `step` the policy that ran. A `fixed` one is not negated; an earlier policy
    has taken an `is_repeated` one already.
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
    """The condition, where it has no term."""

    @property
    def constraint(self) -> Term:
        """The term, or its negation, that was true."""
        assert self.term is not None
        return self.term if self.taken else solver.not_(self.term)


class OpenExit(NamedTuple):
    """A policy after which requests with the same decisions can continue differently from this run.

    `stopped_at` are the policies at which the run ended, and which other requests may pass.
    """

    step: Step | None
    stopped_at: frozenset[Step | None] = frozenset()


class PathTooLong(Exception):
    """A path has more branches than the bound."""


class Path:
    """Collects the decisions of a run."""

    def __init__(self, inputs: Inputs, assignment: Assignment) -> None:
        self.inputs = inputs
        self.assignment = assignment
        self.decisions: list[Decision] = []
        self.unsupported_features: dict[Unsupported, None] = {}
        self.mispredicted: list[Decision] = []
        """Branches whose term contradicts the run: errors of a form."""
        self.internal_errors: list[Exception] = []
        """Internal errors, each of which left an expression without terms."""
        self.owner: Any = None
        self.step: Step | None = None
        """The policy that runs."""
        self.stopped_at: set[Step | None] = set()
        """The policies that failed or ended the request: other requests may continue there."""
        self.is_finished = False
        """Set when later decisions no longer matter."""
        self.random_values: Assignment = {}
        """Inputs with random values in this run."""
        self.changed: dict[tuple[str, ...], ConcolicValue] = {}
        """Values that policies put into input trees, by key."""
        self._known: dict[int, set[Step | None]] = {}
        """The terms that were branched on, with the policies that did."""
        self._times: dict[int, int] = {}
        """The number of branches at each place."""

    def open_exit(self, step: Step | None) -> OpenExit:
        """Return the open exit of a policy for other requests, once the run is over."""
        return OpenExit(step, frozenset(self.stopped_at))

    def fork(self) -> Path:
        """Return a copy of the path to continue differently; it collects its own unsupported features."""
        made = Path(self.inputs, self.assignment)
        made.decisions = list(self.decisions)
        made._known = {term: set(steps) for term, steps in self._known.items()}
        return made

    def record_random(self, *key: str, value: Any) -> None:
        """Record the random value of an input; from here on it is given."""
        if key not in self.assignment and value is not None:
            self.assignment[key] = self.random_values[key] = value

    def observe(self, *key: str, value: Any) -> None:
        """Record the value of an input that results from others."""
        if value is not None:
            self.assignment[key] = self.random_values[key] = value

    def mark_inexact(self, unsupported: Unsupported) -> None:
        """Record something without a term."""
        self.unsupported_features.setdefault(unsupported)

    def decide(self, concolic: ConcolicValue, place: Any = None) -> bool:
        """Branch on the truth of a value."""
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
        """Add a branch on a term; `value` is what has no term."""
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
        """Add a branch again that an earlier policy has taken."""
        asked = self._known[term.get_id()]
        if self.step not in asked and len(self.decisions) < self.inputs.bounds.decisions:
            asked.add(self.step)
            self.decisions.append(
                Decision(term, taken, place, self.owner, None, step=self.step, is_repeated=True),
            )

    def branch_on_value(self, term: Term, choices: Iterable[Any], actual: Any, place: Any = None) -> None:
        """Branch on a term being one of several values: one comparison after another until it is equal."""
        for each in choices:
            self.add_branch(solver.equal(term, solver.constant(each)), each == actual, place)
            if each == actual:
                return

    def branch_on_count(self, term: Term, actual: int, most: int, place: Any = None) -> None:
        """Branch on a count: once for each item."""
        for number in range(min(actual + 1, most)):
            self.add_branch(term > number, actual > number, place)

    def branch_on(self, term: Term, place: Any = None) -> bool:
        """Return whether a term is true in this run, and branch on it."""
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
    """Return a key of a branch that is the same in all runs."""
    place = decision.place
    if isinstance(place, tuple) and not isinstance(place[0], str):
        return id(place[0])
    if place is None or isinstance(place, (str, tuple)):
        return place, 0 if decision.owner is None else id(decision.owner.step)
    return id(place)
