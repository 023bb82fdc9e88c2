"""`mutate --format json`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from apimpolicy.report.outputs.parts import Count, Percent, Position, ProgramReport, Seconds, TextOrNull, one_of

MutantKind = Annotated[str, one_of("remove", "condition", "operand", "comparison", "constant", "attribute")]
MutantStatus = Annotated[str, one_of("killed", "survived", "invalid", "unjudged", "suppressed")]
CheckName = Annotated[str, one_of("certificate", "token", "limit")]


class MutationSummary(TypedDict):
    changes: Annotated[Count, "Those that count: killed and survived."]
    killed: Annotated[Count, "A test noticed."]
    survived: Annotated[Count, "No test noticed."]
    invalid: Annotated[Count, "Azure would refuse the document, or something is not simulated."]
    unjudged: Annotated[Count, "The run of pytest broke off."]
    suppressed: Annotated[Count, "Left out by a comment."]
    percent: Annotated[Percent, "How many of changes were killed."]
    seconds: Seconds


class CheckResult(TypedDict):
    noticed: Annotated[bool, "Whether a test fails for every change that takes the check away."]
    sentence: str


class CheckResults(TypedDict):
    certificate: CheckResult | None
    token: CheckResult | None
    limit: CheckResult | None


class MutantData(TypedDict):
    path: str
    line: Annotated[Position, "From 1."]
    column: Annotated[Position, "From 1."]
    kind: Annotated[MutantKind, "What is changed."]
    description: str
    start: Annotated[Count, "The first character of the file that goes, from 0."]
    end: Annotated[Count, "The first one that stays."]
    replacement: Annotated[str, "What stands there instead."]
    status: Annotated[MutantStatus, "What became of it."]
    tests: Annotated[list[str], "Those that come there."]
    killed_by: Annotated[TextOrNull, "The test that noticed."]
    problem: Annotated[TextOrNull, "Why it could not be judged, or that it took too long."]
    reason: Annotated[TextOrNull, "Of the comment that leaves it out."]
    diff: Annotated[TextOrNull, "The lines that change, of what survived."]
    removes: Annotated[list[CheckName], "What is gone with it."]
    about: Annotated[list[CheckName], "What is changed by it."]


class MutationReport(ProgramReport):
    summary: MutationSummary
    checks: Annotated[
        CheckResults,
        "Checks of the client certificate and of tokens, limits of calls; "
        "null when no change that was tried takes one away.",
    ]
    mutants: list[MutantData]
