"""The goals of a search in a policy: its branches, and the outcomes of its conditions.

They are those that coverage counts (`testing.coverage.places`): each `when` and `otherwise`, a `choose` without
`otherwise` that is passed, `retry` repeated and not; each condition true and false, or null and not null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.binding.flow import NULLNESS, conditions_of, key_of
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.errors import DiagnosticError, LimitExceededError, NotSimulatedError
from apimpolicy.gateway.engine.partial_runs import own_expressions
from apimpolicy.gateway.engine.steps import Program, Step, compiled
from apimpolicy.gateway.policies.effects import Retried, is_taken
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.trace import Trace, TraceEntry
    from apimpolicy.text.document import Element

BRANCH, CONDITION = "branch", "condition"


class Goal(NamedTuple):
    """A goal: `at` is its place in the file, `outcome` the number of one of its outcomes, from 0."""

    kind: str
    file: str
    at: tuple[Any, ...]
    outcome: int


class GoalLabel(NamedTuple):
    """The label of a goal: the path of a branch, or the code of a condition; and the names of its outcomes."""

    name: str
    section: str
    outcomes: tuple[str, ...]


class Goals:
    """The goals of a program; those of documents that are named in `ignored` do not count."""

    def __init__(self, program: Program, ignored: frozenset[str] = frozenset()) -> None:
        self.places: dict[tuple[str, str, tuple[Any, ...]], GoalLabel] = {}
        self.of_node: dict[int, tuple[Bound, str, tuple[Any, ...], bool]] = {}
        """By the identity of a condition's node: its place, and whether it is about null."""
        self._around: dict[int, list[Goal]] = {}
        self._ignored = ignored
        self._keeps: list[Any] = []
        self._starts: dict[tuple[str, int], list[int]] = {}
        """By a place in a file: the offsets of what a template makes of it, one for each round of a loop."""
        self._spans: dict[tuple[str, int], Excerpt] = {}
        self._nodes: dict[tuple[str, tuple[Any, ...]], tuple[Excerpt, Bound]] = {}
        for step in program.steps():
            if step.element.source.path not in ignored:
                self._step(step)

    @property
    def all(self) -> list[Goal]:
        """All goals, in the order of the document."""
        return [
            Goal(kind, file, at, outcome)
            for (kind, file, at), place in self.places.items()
            for outcome in range(len(place.outcomes))
        ]

    def name(self, goal: Goal) -> str:
        """Return the name of a goal."""
        place = self.places[goal.kind, goal.file, goal.at]
        words = place.outcomes[goal.outcome]
        return f"{place.section} {place.name}" + ("" if words == "taken" else f": {words}")

    def branch(self, element: Element, outcome: int = 0) -> Goal:
        """Return the goal of an element's branch."""
        return Goal(BRANCH, element.source.path, self._at(element), outcome)

    def node(self, goal: Goal) -> tuple[Excerpt, Bound]:
        """Return the expression and the node of a condition."""
        return self._nodes[goal.file, goal.at]

    def is_at(self, step: Step, goal: Goal) -> bool:
        """Return whether a goal is the branch of a step, or a condition in one of its expressions."""
        if goal.kind == BRANCH:
            return self.branch(step.element) == goal._replace(outcome=0)
        if step.specification is None or step.element.source.path != goal.file:
            return False
        excerpt, _ = self.node(goal)
        return any(each is excerpt for each in own_expressions(step.element, step.specification))

    def around(self, element: Element) -> list[Goal]:
        """Return the branches of a choose or retry."""
        found = self._around.get(id(element))
        if found is None:
            file = element.source.path
            arms = [each for each in element.elements() if each.name in ("when", "otherwise")]
            places = [self._at(each) for each in (element, *arms)]
            found = self._around[id(element)] = [
                Goal(BRANCH, file, at, outcome)
                for at in places
                if (place := self.places.get((BRANCH, file, at))) is not None
                for outcome in range(len(place.outcomes))
            ]
        return found

    def reached(self, trace: Trace) -> set[Goal]:
        """Return the goals that a run has reached."""
        found: set[Goal] = set()
        for entry in trace:
            if entry.element.source.path in self._ignored:
                continue
            found.update(self.branch(entry.element, number) for number in outcomes_of(entry))
            for evaluation in entry.evaluations:
                if evaluation.recorder is not None:
                    found.update(self._conditions(evaluation.excerpt, evaluation.recorder.entries))
        return found

    def _conditions(self, excerpt: Excerpt, entries: list[tuple[Bound, Any]]) -> Iterator[Goal]:
        known = self.of_node
        asked = self._spans.get((excerpt.source.path, excerpt.start))
        for node, value in entries if asked is not None else ():
            place = known.get(id(node))
            if place is None and asked is not excerpt:  # bound again from the same text
                at = self._place_of(excerpt, node)
                named = self.places.get((CONDITION, excerpt.source.path, at))
                place = None if named is None else (node, excerpt.source.path, at, named.outcomes is NULLNESS)
            if place is not None:
                _, file, at, is_null = place
                yield Goal(CONDITION, file, at, int(value is not None) if is_null else int(not value))

    def _step(self, step: Step) -> None:
        element = step.element
        if has_trait(step.name, "branches"):
            arms = [each for each in step.steps_inside() if each.name in ("when", "otherwise")]
            for inner in arms:
                self._branch(inner, inner.path, ("taken",))
            if all(inner.name == "when" for inner in arms):
                self._branch(step, step.path, ("passed with every condition false",))
        elif has_trait(step.name, "repeats"):
            self._branch(step, step.path, ("repeated", "not repeated"))
        for excerpt in own_expressions(element, step.specification) if step.specification is not None else ():
            self._expression(excerpt, step)

    def _branch(self, step: Step, name: str, outcomes: tuple[str, ...]) -> None:
        key = (BRANCH, step.element.source.path, self._at(step.element))
        self.places.setdefault(key, GoalLabel(name, step.section, outcomes))

    def _expression(self, excerpt: Excerpt, step: Step) -> None:
        try:
            bound = compiled(excerpt).bound
        except (DiagnosticError, LimitExceededError, NotSimulatedError):
            return
        self._keeps.append(bound)
        outcomes_of = {key_of(node): outcomes for node, outcomes in conditions_of(bound.body)}
        if not outcomes_of:
            return
        file = excerpt.source.path
        self._spans[file, excerpt.start] = excerpt
        waiting: list[Bound] = [bound.body]
        while waiting:
            node = waiting.pop()
            outcomes = outcomes_of.get(key_of(node))
            if outcomes is not None:
                at = self._place_of(excerpt, node)
                self.of_node[id(node)] = node, file, at, outcomes is NULLNESS
                self._nodes[file, at] = excerpt, node
                code = " ".join(excerpt.text[node.syntax.start : node.syntax.end].split())
                self.places.setdefault((CONDITION, file, at), GoalLabel(code, f"{step.section} {step.path}:", outcomes))
            waiting.extend(node.children())

    def _at(self, element: Element) -> tuple[int, ...]:
        """Return where an element begins in its file, before named values were replaced."""
        start, _ = element.source.original_span(element.start, element.start + 1)
        return start, *self._round(element.source, start, element.start)

    def _place_of(self, excerpt: Excerpt, node: Bound) -> tuple[Any, ...]:
        """Return the span of a node in the file."""
        start, end = excerpt.locate(node.syntax.start), excerpt.locate(max(node.syntax.end - 1, node.syntax.start)) + 1
        first, last = excerpt.source.original_span(start, max(start, end))
        return type(node).__name__, first, last, *self._round(excerpt.source, first, start)

    def _round(self, source: Source, first: int, start: int) -> tuple[int, ...]:
        """Return the number of the round of a template's loop that made something; nothing for the first one."""
        starts = self._starts.setdefault((source.path, first), [])
        if start not in starts:
            starts.append(start)
        number = starts.index(start)
        return (number,) if number else ()


def outcomes_of(entry: TraceEntry) -> Iterator[int]:
    """Yield the numbers of the outcomes of a branch that a trace shows."""
    effect = entry.effect
    if has_trait(entry.name, "repeats"):
        if any(evaluation.what == "condition" and evaluation.value is True for evaluation in entry.evaluations):
            yield 0
        if isinstance(effect, Retried):
            yield 0 if effect.waits else 1
    elif is_taken(effect):
        yield 0
