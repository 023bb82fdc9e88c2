"""The mutants of a policy file: each one change of its text, with the tests that reach the place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.report.coverage_data import CONDITION, POLICY, FileCoverage, Place
from apimpolicy.report.mutation_results import Mutant
from apimpolicy.testing.mutation.checks import CheckIndex
from apimpolicy.testing.mutation.elements import Change, changes_of

if TYPE_CHECKING:
    from apimpolicy.engine.document import Policy
    from apimpolicy.text.document import Comment, Element


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


# Comments that say why a change makes no difference, so that it is not tried:
# <!-- apimpolicy: equivalent: the backend ignores this header -->
#     <!-- apimpolicy: equivalent constant, comparison: any number from 1 on will do -->
# Such a comment counts for the element that follows it, with all that is in it; with names of kinds only for those. It
# needs a reason: without one, it is a mistake in the policy file.

KINDS = ("remove", "condition", "operand", "comparison", "constant", "attribute")

_FORM = re.compile(r"\s*apimpolicy:\s*equivalent(?P<kinds>(?:[\s,]+[a-z]+)*)\s*(?::(?P<reason>.*))?", re.DOTALL)


@attrs.frozen
class Reason:
    """A comment: the span of the file, the kinds (all, when there are none), and the reason."""

    start: int
    end: int
    kinds: tuple[str, ...]
    reason: str

    def covers(self, change: Change) -> bool:
        return self.start <= change.start < self.end and (not self.kinds or change.kind in self.kinds)


def reasons(policy: Policy) -> list[Reason]:
    """Return the comments of a document. Raises ConfigurationError for a missing reason, or an unknown kind."""
    document = policy.document
    if "equivalent" not in document.source.text:
        return []
    return [reason for comment, following in document.comments() for reason in _read(comment, following)]


def _read(comment: Comment, following: Element | None) -> Iterator[Reason]:
    match = _FORM.fullmatch(comment.text)
    if match is None:
        return
    kinds = tuple(re.findall(r"[a-z]+", match["kinds"]))
    reason = " ".join((match["reason"] or "").split())
    source = comment.source
    where = f"{source.path}:{source.position(comment.start).line}"
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise ConfigurationError(f"{where}: '{unknown[0]}' is not a kind of change; there are {', '.join(KINDS)}")
    if not reason:
        raise ConfigurationError(f"{where}: say why it makes no difference: <!-- apimpolicy: equivalent: reason -->")
    if following is not None:
        yield Reason(*source.original_span(following.start, following.end), kinds, reason)
