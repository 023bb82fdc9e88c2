"""`prove --format json`."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from apimpolicy.report.outputs.parts import (
    Count,
    Header,
    Position,
    ProgramReport,
    Seconds,
    TextOrNull,
    UnreadableFile,
    WithStandIns,
    one_of,
)

ClaimStatus = Annotated[str, one_of("proven", "false", "undecided", "error", "skipped")]


class ClaimsSummary(TypedDict):
    proven: Annotated[Count, "Claims that hold for every request."]
    false: Annotated[Count, "Claims that a request breaks."]
    undecided: Annotated[Count, "Claims of which neither is known."]
    errors: Annotated[Count, "Claims that could not be looked at."]
    skipped: Annotated[Count, "Claims."]
    seconds: Seconds


class ApiVerdict(TypedDict):
    api: str
    status: ClaimStatus
    vacuous: Annotated[bool, "Whether it is proven because it is about no request."]
    seconds: Seconds


class BreakingRequest(TypedDict):
    method: str
    url: str
    headers: Annotated[list[Header], "Name and value of each header; one that is repeated comes once for each value."]
    body: str | None


class ClaimData(TypedDict):
    path: Annotated[str, "The test file, or the configuration."]
    line: Annotated[Position, "Of the claim."]
    name: str
    about: Annotated[TextOrNull, "The operation of a service that it is about."]
    apis: NotRequired[Annotated[list[ApiVerdict], "The verdict for each API, where the claim is about a service."]]
    status: Annotated[ClaimStatus, "What came of it."]
    summary: Annotated[TextOrNull, "The request that breaks it in a sentence, and what came of that."]
    request: Annotated[BreakingRequest | None, "The request that breaks it."]
    why: Annotated[TextOrNull, "The expression of the claim that does not hold, with its values."]
    explanation: Annotated[TextOrNull, "The request's way through the policies."]
    case: Annotated[TextOrNull, "A test case with the request, in YAML."]
    reasons: Annotated[list[str], "Why the claim is not decided."]
    problem: Annotated[TextOrNull, "Why it could not be looked at, or why it is skipped."]
    assumptions: Annotated[list[str], "What the proof depends on; empty: it is proven for every request."]
    vacuous: Annotated[TextOrNull, "Why it is about no request, where it is proven for that reason."]
    hint: Annotated[TextOrNull, "What the claim probably means instead of what it says."]
    seconds: Seconds


class ClaimsReport(ProgramReport, WithStandIns):
    summary: ClaimsSummary
    claims: list[ClaimData]
    unreadable: Annotated[list[UnreadableFile], "Files that cannot be read."]
