"""`test --format json`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from apimpolicy.report.outputs.parts import (
    Count,
    MayBeShortened,
    Position,
    ProgramReport,
    Seconds,
    TextOrNull,
    UnreadableFile,
    WithStandIns,
    one_of,
)

CaseStatus = Annotated[str, one_of("passed", "failed", "error", "skipped")]


class CasesSummary(TypedDict):
    passed: Annotated[Count, "Cases."]
    failed: Annotated[Count, "Cases that differ from what was expected."]
    errors: Annotated[Count, "Cases that could not be run."]
    skipped: Annotated[Count, "Cases."]
    seconds: Seconds


class CaseData(MayBeShortened):
    path: Annotated[str, "The test file."]
    line: Annotated[Position, "Of what was expected first, or of the case."]
    name: str
    status: Annotated[CaseStatus, "What came of it."]
    differences: Annotated[list[str], "Sentences about what is not as expected."]
    problem: Annotated[TextOrNull, "Why it could not be run, or why it is skipped."]
    explanation: Annotated[TextOrNull, "The request's way through the policies, when it failed."]
    seconds: Seconds


class CasesReport(ProgramReport, WithStandIns):
    summary: CasesSummary
    cases: list[CaseData]
    unreadable: Annotated[list[UnreadableFile], "Test files that cannot be read."]
