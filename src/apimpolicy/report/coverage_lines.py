"""Coverage by lines, for formats that know nothing smaller: what is on a line, and how often tests came by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from apimpolicy.report.coverage_data import POLICY, Place

if TYPE_CHECKING:
    from apimpolicy.report.coverage_data import FileCoverage


@attrs.define(eq=False)
class LineCoverage:
    """A line of a policy file on which something begins. `hits` is the number of tests that came by."""

    number: int
    policies: list[Place] = attrs.field(factory=list)
    decisions: list[Place] = attrs.field(factory=list)
    """The branches and conditions that begin on the line."""

    @property
    def hits(self) -> int:
        """The number of tests that reached anything on the line."""
        return len({test for place in (*self.policies, *self.decisions) for test in place.tests})

    @property
    def covered(self) -> int:
        """The outcomes of its branches and conditions that tests saw."""
        return sum(len(place.outcomes) - len(place.missing) for place in self.decisions)

    @property
    def total(self) -> int:
        """The outcomes of its branches and conditions."""
        return sum(len(place.outcomes) for place in self.decisions)


def lines_of(file: FileCoverage) -> list[LineCoverage]:
    """Return the lines of a file on which a policy, a branch or a condition begins, in order."""
    lines: dict[int, LineCoverage] = {}
    for place in sorted(file.places, key=lambda place: (place.start, -place.end)):
        line = lines.setdefault(place.line, LineCoverage(place.line))
        (line.policies if place.kind == POLICY else line.decisions).append(place)
    return [lines[number] for number in sorted(lines)]
