"""Find the policies and goals that can follow a policy, in document order.

A branch influences what can follow it, but not earlier policies, other branches, or sections that have ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import data_flow
from apimpolicy.policies.registry import has_trait
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.scenarios.goals import BRANCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apimpolicy.concolic.path import OpenExit
    from apimpolicy.engine.steps import Program, Step
    from apimpolicy.scenarios.goals import Goal, Goals

ON_ERROR = "on-error"
Places = int
"""A set of places in a program, as the bits of a number."""


class Reachability:
    """Steps that can follow each step of a program, and places of its goals."""

    def __init__(self, program: Program, goals: Goals) -> None:
        self.program = program
        self._bits: dict[int, Places] = {}
        self._inside: dict[int, Places] = {}
        self._readers: dict[int, list[Step] | None] = {}
        self._of_exit: dict[OpenExit, Places] = {}
        self._below: dict[int, Places] = {}
        self._of_file: dict[tuple[str, int], Places] = {}
        self._spans: list[tuple[str, int, int, Places]] = []
        self._steps = list(program.steps())
        for number, step in enumerate(self._steps):
            self._bits[id(step)] = 1 << number
            file = step.element.source.path
            start, end = step.element.source.original_span(step.element.start, step.element.end)
            self._of_file[file, start] = self._of_file.get((file, start), 0) | 1 << number
            self._spans.append((file, start, end, 1 << number))
        self.everything: Places = (1 << len(self._bits)) - 1
        self._goals = {goal: self._places_of(goal) for goal in goals.all}

    def places(self, goal: Goal) -> Places:
        """Return the steps at which a goal is reached; one in a fragment has one for each inclusion."""
        return self._goals[goal]

    def of(self, open_exit: OpenExit) -> Places:
        """Return the steps that an open exit can change; all steps where the policy is unknown."""
        if open_exit.step is None or id(open_exit.step) not in self._bits:
            return self.everything
        known = self._of_exit.get(open_exit)
        if known is None:
            known = self._of_exit[open_exit] = self._influenced(open_exit.step, open_exit)
        return known

    def _readers_of(self, step: Step) -> list[Step] | None:
        if id(step) not in self._readers:
            self._readers[id(step)] = data_flow.readers(step, self._steps)
        return self._readers[id(step)]

    def leads_to(self, open_exit: OpenExit, step: Step | None) -> bool:
        """Return whether an open exit can influence the result of a step, or whether it runs."""
        if step is None or open_exit.step is None or step is open_exit.step:
            return True
        return bool(self.of(open_exit) & self._bits.get(id(step), -1))

    def _influenced(self, step: Step, open_exit: OpenExit) -> Places:
        """Return the steps affected when a policy acts differently.

        For a policy that only produces values, these are its readers and what they influence; for a branch, what it
        contains. Where the request ended, all later steps.
        """
        found: Places = 0
        known: set[int] = set()
        waiting = [step]
        while waiting:
            each = waiting.pop()
            if id(each) in known:
                continue
            known.add(id(each))
            found |= self._bits[id(each)] | self.failing(each)
            if each in open_exit.stopped_at:
                found |= self._following(each)
                continue
            readers = self._readers_of(each)
            arms = _arms(each)
            if readers is not None:
                later = self._following(each)
                waiting += [reader for reader in readers if self._bits[id(reader)] & later]
            elif arms is not None:
                found |= self._all(arms) | self._bits[id(arms[0].parent)]
                waiting += [inner for arm in arms for inner in arm.steps_inside()]
            elif each.inserted:
                waiting += each.inserted
            elif not has_trait(each.name, "terminates"):
                found |= self._following(each)
        return found

    def failing(self, step: Step | None) -> Places:
        """Return the steps that can run if `step` fails."""
        if step is None or id(step) not in self._bits:
            return self.everything
        found: Places = 0 if step.section == ON_ERROR else self._section(ON_ERROR)
        around = step.parent
        while around is not None:
            if has_trait(around.name, "repeats") or has_trait(around.name, "parallel"):
                found |= self._following(around)
            around = around.parent
        return found

    def _following(self, step: Step) -> Places:
        known = self._below.get(id(step))
        if known is None:
            known = self._below[id(step)] = self._in_order(step)
        return known

    def _in_order(self, step: Step) -> Places:
        """Return the steps that can run after a step has begun, in document order."""
        found = self.inside(step)
        inner, around = step, step.parent
        while around is not None:
            if has_trait(around.name, "branches"):
                if inner is step:  # its own condition: the branches below it are evaluated as well
                    found |= self._bits[id(around)] | self._all(_below(step, around.steps_inside()))
            elif _is_sequence(around):
                found |= self._all(_below(inner, around.steps_inside()))
            else:
                found |= self.inside(around)
            inner, around = around, around.parent
        found |= self._all(_below(inner, self.program.sections[step.section]))
        for section in SECTIONS[SECTIONS.index(step.section) + 1 :]:
            found |= self._section(section)
        return found

    def inside(self, step: Step) -> Places:
        """Return a step with all that it contains."""
        known = self._inside.get(id(step))
        if known is None:
            known = self._inside[id(step)] = self._bits[id(step)] | self._all(step.steps_inside())
        return known

    def _all(self, steps: Iterable[Step]) -> Places:
        found: Places = 0
        for step in steps:
            found |= self.inside(step)
        return found

    def _section(self, name: str) -> Places:
        return self._all(self.program.sections.get(name, ()))

    def _places_of(self, goal: Goal) -> Places:
        if goal.kind == BRANCH:
            return self._of_file.get((goal.file, goal.at[0]), self.everything)
        _, start, end = goal.at
        around = [
            (last - first, bit)
            for file, first, last, bit in self._spans
            if file == goal.file and first <= start and end <= last
        ]
        if not around:
            return self.everything
        least = min(length for length, _ in around)
        found: Places = 0
        for length, bit in around:
            found |= bit if length == least else 0
        return found


def _arms(step: Step) -> list[Step] | None:
    """Return the branches among which a condition decides, or all of them; None for anything else."""
    around = step.parent
    if around is not None and has_trait(around.name, "branches"):
        return [step, *_below(step, around.steps_inside())]
    return list(step.steps_inside()) if has_trait(step.name, "branches") else None


def _is_sequence(step: Step) -> bool:
    """Return whether the steps inside run one after another, each at most once."""
    if step.inserted:
        return True
    around = step.parent
    return around is not None and has_trait(around.name, "branches")


def _below(step: Step, steps: Iterable[Step]) -> Sequence[Step]:
    """Return the steps that come after one of them."""
    listed = list(steps)
    for index, each in enumerate(listed):
        if each is step:
            return listed[index + 1 :]
    return listed
