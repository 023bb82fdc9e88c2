"""The mutants of a policy file: each one change of its text, with the tests that reach the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.coverage_data import CONDITION, POLICY
from apimpolicy.report.mutation_results import Mutant
from apimpolicy.testing.mutation.checks import CheckIndex
from apimpolicy.testing.mutation.elements import changes_of
from apimpolicy.testing.mutation.suppressions import reasons

if TYPE_CHECKING:
    from apimpolicy.engine.document import Policy
    from apimpolicy.report.coverage_data import FileCoverage, Place
    from apimpolicy.text.document import Element


class ReachingTests:
    """The tests that reach each place of a file."""

    def __init__(self, file: FileCoverage) -> None:
        self._conditions = [place for place in file.places if place.kind == CONDITION]
        self._policies = {place.start: place for place in file.places if place.kind == POLICY}

    def tests(self, owner: Element, start: int, end: int) -> list[str]:
        """Return the tests that reach a policy; or those that evaluate the condition around the span, if there is one.

        Tests in which the expression threw count too, since it is unknown how far it got.
        """
        around = [place for place in self._conditions if place.start <= start and end <= place.end]
        if around:
            place = min(around, key=_width)
            return sorted({*place.tests, *place.failed})
        policy = self._policies.get(owner.source.original(owner.start))
        return [] if policy is None else policy.tests


def mutants_of(policy: Policy, file: FileCoverage, checks: CheckIndex | None = None) -> list[Mutant]:
    """Return the mutants of a document, in the order of the text; `checks` covers all documents that run with it."""
    if checks is None:
        checks = CheckIndex.of([policy])
    reach = ReachingTests(file)
    quiet = reasons(policy)
    source = policy.original
    found: dict[tuple[int, int, str], Mutant] = {}
    for owner, change in changes_of(policy, checks):
        if source.text[change.start : change.end] == change.text:
            continue
        line, column = source.position(change.start)
        found.setdefault(
            (change.start, change.end, change.text),
            Mutant(
                path=file.path,
                kind=change.kind,
                start=change.start,
                end=change.end,
                text=change.text,
                line=line,
                column=column,
                description=change.description,
                tests=tuple(reach.tests(owner, change.start, change.end)),
                removes=change.removes,
                about=change.about,
                reason=next((each.reason for each in quiet if each.covers(change)), ""),
            ),
        )
    return [found[key] for key in sorted(found)]


def spread(mutants: list[Mutant], limit: int | None) -> list[Mutant]:
    """Return at most so many mutants, evenly from the whole; the same ones each time."""
    if limit is None or len(mutants) <= limit:
        return mutants
    return [mutants[index * len(mutants) // limit] for index in range(limit)]


def _width(place: Place) -> int:
    return place.end - place.start
