"""What an answer depends on: which problems and stand-ins of a service may have changed it.

A problem of another API can't have changed the answer of one; what isn't known to be about another part may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.project.service.description import Problem
    from apimpolicy.project.service.stand_ins import StandIn

_PART = re.compile(r"\b(API|product|subscription|backend|fragment|named value) '([^']*)'")


def parts_of(problem: Problem) -> dict[str, str]:
    """Return the names of the parts that a problem is about, by their nouns; an operation counts as its API."""
    found = dict(_PART.findall(problem.part))
    return found if problem.api is None else {**found, "API": problem.api}


def api_key(id_: str) -> str:
    """Return what the revisions of an API have in common."""
    return id_.partition(";rev=")[0].lower()


class Concerns:
    """What concerns a report that names what it doesn't know itself: nothing else does.

    `is_narrow`: the answer is about a part of the service.
    """

    is_narrow = False

    def is_about(self, problem: Problem) -> bool:
        """Return whether a problem is about a part that the answer depends on."""
        return False

    def may_be_about(self, problem: Problem) -> bool:
        """Return whether a problem may be about a part that the answer depends on."""
        return False

    def has_stand_in(self, each: StandIn) -> bool:
        """Return whether the answer depends on a stand-in."""
        return False


class ListConcerns(Concerns):
    """What concerns a list of the parts of a service: what was left out of it."""

    def may_be_about(self, problem: Problem) -> bool:
        return problem.leaves_out


class AllConcerns(Concerns):
    """What concerns the answer of a policy outside of a service: whatever was read for it."""

    def is_about(self, problem: Problem) -> bool:
        return True

    def has_stand_in(self, each: StandIn) -> bool:
        return True


class ApiConcerns(Concerns):
    """What concerns answers of these APIs; an empty id is that of an answer that no API gave."""

    is_narrow = True

    def __init__(self, apis: Iterable[str]) -> None:
        self._apis = frozenset(map(api_key, apis))

    def is_about(self, problem: Problem) -> bool:
        api = parts_of(problem).get("API")
        return api is not None and api_key(api) in self._apis

    def may_be_about(self, problem: Problem) -> bool:
        parts = parts_of(problem)
        return not parts or (problem.leaves_out and self._may_have(parts))

    def _may_have(self, parts: Mapping[str, str]) -> bool:
        """Return whether an answer may depend on parts of which something was left out."""
        return "" in self._apis
