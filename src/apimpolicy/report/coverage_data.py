"""Coverage of policies as data, and as people read it in a terminal."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import attrs

from apimpolicy.report.columns import PLAIN, Style, clip, printable, width
from apimpolicy.report.terminal import path_from_here

# As data, which is sent between processes and merged: a report has files, a file places (policies, branches and
# conditions), a place its outcomes, with the tests that saw each.
#
# An outcome is what counts: a policy that is reached, a branch that is taken, a condition that was true, that was
# false.

POLICY, BRANCH, CONDITION = KINDS = ("policy", "branch", "condition")
PLURALS = {POLICY: "policies", BRANCH: "branches", CONDITION: "conditions"}


@attrs.define(eq=False)
class CoveragePoint:
    """A policy, branch or condition that tests can reach.

    `start` and `end` are offsets in the file's text, `line` and `column` count from 1; of a policy and a branch it is
    the start tag. `name` says what it is (`set-header`, `when 1`), or is the code of a condition. `outcomes` are the
    things that can happen here, each with the names of the tests in which it did. `around` is the index of the policy
    or branch that this is in. `failed` are the tests in which the expression of a condition threw: it may have come to
    the condition or not.
    """

    kind: str
    name: str
    start: int
    end: int
    line: int
    column: int
    around: int | None
    outcomes: dict[str, set[str]]
    failed: set[str] = attrs.field(factory=set)

    @property
    def missing(self) -> list[str]:
        return [outcome for outcome, tests in self.outcomes.items() if not tests]

    @property
    def is_reached(self) -> bool:
        return any(self.outcomes.values())

    @property
    def tests(self) -> list[str]:
        return sorted(set().union(*self.outcomes.values()))

    def sentence(self) -> str:
        """Return the gap as a sentence: `` `a == null` was never true ``."""
        missing = self.missing
        if self.kind == CONDITION:
            never = "evaluated" if len(missing) == len(self.outcomes) else missing[0]
            return f"`{self.name}` was never {never}"
        return f"{self.name} was never {' nor '.join(missing)}"


@attrs.define
class Count:
    """A number of covered outcomes, and their total."""

    covered: int = 0
    total: int = 0

    def __str__(self) -> str:
        return f"{self.covered}/{self.total}"


@attrs.define(eq=False)
class FileCoverage:
    """The coverage of one policy file.

    `path` is absolute, or the name of a text that never was a file; `number` tells several texts of one name apart.
    """

    path: str
    text: str
    places: list[CoveragePoint] = attrs.field(factory=list)
    number: int = 1

    def count(self, kind: str) -> Count:
        return _count(place for place in self.places if place.kind == kind)

    @property
    def percent(self) -> float | None:
        """The covered share of all outcomes; None without any."""
        return _percent([_count(self.places)])

    @property
    def shown_path(self) -> str:
        """The path from here, when the file is below."""
        if self.path.startswith("<"):
            return self.path if self.number == 1 else f"{self.path[:-1]} {self.number}>"
        return path_from_here(self.path)

    def missing(self) -> Iterator[CoveragePoint]:
        """Yield the places with gaps in the order of the file, but none inside an unreached place."""
        for place in sorted(self.places, key=lambda place: (place.start, -place.end)):
            if not place.missing:
                continue
            around = None if place.around is None else self.places[place.around]
            if around is None or around.is_reached:
                yield place


@attrs.define(eq=False)
class CoverageReport:
    """The coverage of all files; `tests` are the names of all that ran."""

    files: list[FileCoverage] = attrs.field(factory=list)
    tests: list[str] = attrs.field(factory=list)

    def count(self, kind: str) -> Count:
        counts = [file.count(kind) for file in self.files]
        return Count(sum(count.covered for count in counts), sum(count.total for count in counts))

    @property
    def percent(self) -> float | None:
        """The covered share of all outcomes of all files; None without any."""
        return _percent([_count(file.places) for file in self.files])


def merged(reports: Iterable[CoverageReport]) -> CoverageReport:
    """Several reports as one, files in order of their paths: by path and text, places by what they are and where."""
    found: dict[tuple[str, str], FileCoverage] = {}
    tests: dict[str, None] = {}
    for report in reports:
        tests.update(dict.fromkeys(report.tests))
        for file in report.files:
            _add(found.setdefault((file.path, file.text), FileCoverage(file.path, file.text)), file)
    files = [found[key] for key in sorted(found)]
    for before, file in pairwise(files):
        file.number = before.number + 1 if file.path == before.path else 1
    return CoverageReport(files, list(tests))


def place_keys(places: Iterable[CoveragePoint]) -> Iterator[tuple[Any, ...]]:
    """Yield a key for each place of a file: kind, span, outcomes, and a number among equal ones."""
    counts: dict[tuple[Any, ...], int] = {}
    for place in places:
        key = (place.kind, place.start, place.end, *place.outcomes)
        counts[key] = counts.get(key, 0) + 1
        yield (*key, counts[key])


def _add(file: FileCoverage, other: FileCoverage) -> None:
    known = {key: index for index, key in enumerate(place_keys(file.places))}
    moved: list[int] = []
    for key, place in zip(place_keys(other.places), other.places, strict=True):
        index = known.get(key)
        if index is None:
            index = len(file.places)
            around = None if place.around is None else moved[place.around]
            outcomes = {outcome: set(tests) for outcome, tests in place.outcomes.items()}
            file.places.append(attrs.evolve(place, around=around, outcomes=outcomes, failed=set(place.failed)))
        else:
            file.places[index].failed |= place.failed
            for outcome, tests in place.outcomes.items():
                file.places[index].outcomes[outcome] |= tests
        moved.append(index)


def _count(places: Iterable[CoveragePoint]) -> Count:
    count = Count()
    for place in places:
        count.total += len(place.outcomes)
        count.covered += len(place.outcomes) - len(place.missing)
    return count


def _percent(counts: list[Count]) -> float | None:
    total = sum(count.total for count in counts)
    return 100.0 * sum(count.covered for count in counts) / total if total else None


# For people: one line, a table, and what is missing.

MOST_CODE = 100
"""Columns of a condition's code in a line about it."""


def coverage_line(report: CoverageReport) -> str:
    """`coverage: policies 9/9, branches 5/6, conditions 10/12`"""
    return "coverage: " + ", ".join(f"{PLURALS[kind]} {report.count(kind)}" for kind in KINDS)


def coverage_table(report: CoverageReport, style: Style = PLAIN) -> str:
    """Return a line per file, and their total when there are several."""
    heads = ["file", *(PLURALS[kind] for kind in KINDS), "%"]
    rows = [[printable(file.shown_path), *_counts(file), percent(file.percent)] for file in report.files]
    if len(rows) > 1:
        rows.append(["total", *_counts(report), percent(report.percent)])
    widths = [max(width(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    lines = [style.paint("dim", _row(heads, widths))]
    lines += [
        style.paint("good", line) if line.endswith(" 100 %") else line for line in (_row(row, widths) for row in rows)
    ]
    return "\n".join(lines)


def missing_lines(report: CoverageReport, style: Style = PLAIN, *, without: Iterable[str] = ()) -> list[str]:
    """Return the gaps, one per line; of the files in `without`, which no test uses, none."""
    left_out = set(map(os.path.abspath, without))
    return [
        style.fit(
            f"{style.paint('strong', f'{printable(file.shown_path)}:{place.line}')}  {_sentence(place.sentence())}"
        )
        for file in report.files
        if file.path not in left_out
        for place in file.missing()
    ]


def percent(value: float | None) -> str:
    """`89 %`; only what is complete is 100 %, and of nothing there is no part."""
    return "–" if value is None else f"{math.floor(value)} %"


def _counts(whole: CoverageReport | FileCoverage) -> list[str]:
    return [str(whole.count(kind)) for kind in KINDS]


def _sentence(text: str) -> str:
    code, _, rest = text.rpartition("` was ")
    return f"{clip(code, MOST_CODE)}` was {rest}" if code else printable(text)


def _row(cells: list[str], widths: list[int]) -> str:
    first = cells[0] + " " * (widths[0] - width(cells[0]))
    return "  ".join(
        [first, *(" " * (room - width(cell)) + cell for cell, room in zip(cells[1:], widths[1:], strict=True))]
    )
