"""`gate --format json`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from apimpolicy.report.outputs.check import FindingPlace, FindingText
from apimpolicy.report.outputs.parts import Count, ProgramReport, Seconds, WithStandIns, keywords, one_of

PartName = Annotated[str, one_of("check", "tests", "claims", "audit", "diff")]
PartStatus = Annotated[str, one_of("passed", "failed", "doesn't apply")]
GateStatus = Annotated[str, one_of("passed", "failed")]
GateCode = Annotated[str, keywords(pattern="^([A-Z]+[0-9]+|audit|diff|gate|test)$")]


class GateReason(TypedDict):
    part: Annotated[str, "The part that found it."]
    word: Annotated[str, "The word of --fail and --allow."]
    count: Annotated[Count, "Findings."]


class GateFindingData(FindingPlace, FindingText):
    word: Annotated[str | None, "The word that allows the finding; null for one that never fails."]
    code: Annotated[GateCode, "Of the C# compiler (CS), the gateway (APIM), or ours (POL)."]


class GatePartData(TypedDict):
    name: PartName
    status: PartStatus
    summary: Annotated[str, "The line about the part."]
    known: Annotated[Count, "Findings in the baseline, which are left out."]
    findings: list[GateFindingData]


class GateOutput(ProgramReport, WithStandIns):
    status: GateStatus
    exit_code: Annotated[Count, "The exit code of the command."]
    verdict: Annotated[str, "The outcome in words."]
    failed_by: list[GateReason]
    allowed: list[GateReason]
    parts: list[GatePartData]
    seconds: Seconds
