"""Test cases, for people and for programs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from apimpolicy.report.bounds import bounded, shortened
from apimpolicy.report.columns import PLAIN, Style, counted, printable, width
from apimpolicy.report.log_commands import indented, program_report
from apimpolicy.report.outputs.cases import CaseData
from apimpolicy.report.outputs.parts import UnreadableFile, record_of
from apimpolicy.report.stand_in_text import with_stand_ins
from apimpolicy.report.terminal import path_from_here

# For programs: `test --format json`; the schema is `apimpolicy/schemas/apimpolicy-test-output.schema.json`.


def cases_to_json(reports: Sequence[CaseReport], unreadable: Mapping[str, str], seconds: float) -> str:
    """Return the report, indented, without a final line break. `unreadable` maps files to their problems."""
    counts = {word: sum(report.status == status for report in reports) for status, word in _STATUSES.items()}
    report = program_report(
        summary={**counts, "seconds": round(seconds, 3)},
        cases=[bounded(_case(report)) for report in reports],
        unreadable=unreadable_data(unreadable),
    )
    return indented(with_stand_ins(report))


def unreadable_data(unreadable: Mapping[str, str]) -> list[UnreadableFile]:
    """Return files that can't be read with their problems, for programs."""
    return [{"path": path_from_here(path), "problem": problem} for path, problem in unreadable.items()]


_STATUSES = {"passed": "passed", "failed": "failed", "error": "errors", "skipped": "skipped"}
"""A case's status, and what the summary calls those."""


def _case(report: CaseReport) -> CaseData:
    return record_of(CaseData, report, path=path_from_here(report.path), differences=report.sentences)


# For people: a mark for each case, what failed with its reason, a summary.

MARKS = {"passed": "✓", "failed": "✗", "error": "E", "skipped": "-"}
_MEANINGS = {"passed": "good", "failed": "error", "error": "error", "skipped": "dim"}


class CaseReport(NamedTuple):
    """The result of a case as strings and numbers, to be sent between processes.

    `status` is passed, failed, error or skipped; `line` is that of the test file; `sentences` say what is not as
    expected, `problem` why the case could not be run, or why it was skipped; `explanation` tells the request's way.
    """

    path: str
    name: str
    line: int
    status: str
    sentences: tuple[str, ...] = ()
    problem: str = ""
    explanation: str = ""
    seconds: float = 0.0
    page: str = ""
    """The journey of the last request as HTML, if requested."""
    api: str = ""
    """The id of the API that the last request met; empty if none did."""

    @property
    def is_good(self) -> bool:
        return self.status in ("passed", "skipped")


def marks(path: str, outcomes: Sequence[CaseReport], style: Style = PLAIN) -> str:
    """Return the line of a file: its path, a mark per case, their number."""
    signs = "".join(MARKS[outcome.status] for outcome in outcomes)
    painted = "".join(style.paint(_MEANINGS[outcome.status], MARKS[outcome.status]) for outcome in outcomes)
    count = counted(len(outcomes), "case")
    room = style.width - width(path) - width(signs) - len(count) - 1
    return f"{printable(path)} {painted}{' ' * max(room, 1)}{style.paint('dim', count)}"


def failure(outcome: CaseReport, style: Style = PLAIN) -> str:
    """Return a case that did not pass: its name and place, what is wrong, and how the request went."""
    place = printable(f"{_whose(outcome.path)}{os.path.basename(outcome.path)}:{outcome.line}")
    name = printable(outcome.name)
    room = style.width - 2 - width(name) - width(place)
    gap = "\n  " if room <= 0 and style.is_terminal else " " * max(room, 1)
    head = f"{style.paint('error', MARKS[outcome.status])} {style.paint('strong', name)}{gap}{place}"
    lines = [head, *(f"  {printable(shortened(sentence))}" for sentence in outcome.sentences)]
    lines += [f"  {printable(line)}" for line in outcome.problem.splitlines()]
    if outcome.explanation:
        lines += ["", *(f"  {line}".rstrip() for line in outcome.explanation.splitlines())]
    return style.fit("\n".join(lines))


def _whose(path: str) -> str:
    """`orders / get-order, ` for a file of an operation in an extract, where all files have the same name."""
    from apimpolicy.project.layout import place_of

    folder = os.path.dirname(os.path.abspath(path))
    place = place_of(os.path.join(folder, "policy.xml"))
    if place.api is not None:
        return f"{place.api}{f' / {place.operation}' if place.operation else ''}, "
    if place.scope is None and place.fragment is None:
        return ""
    return "" if place.scope == "global" else f"{place.scope or 'fragment'} {os.path.basename(folder)}, "


def summary(outcomes: Sequence[CaseReport], seconds: float, style: Style = PLAIN) -> str:
    """`6 passed, 1 failed in 0.31 s`"""
    words = counts_in_words(outcomes)
    is_bad = any(outcome.status in ("failed", "error") for outcome in outcomes)
    return style.paint("error" if is_bad else "good", f"{words} in {seconds:.2f} s")


def counts_in_words(outcomes: Sequence[CaseReport]) -> str:
    """`6 passed, 1 failed`"""
    return ", ".join(f"{count:,} {word}" for word, count in _counts(outcomes)) or "no cases"


def _counts(outcomes: Sequence[CaseReport]) -> Iterator[tuple[str, int]]:
    for status, word in (("passed", "passed"), ("failed", "failed"), ("error", "with errors"), ("skipped", "skipped")):
        if count := sum(outcome.status == status for outcome in outcomes):
            yield word, count
