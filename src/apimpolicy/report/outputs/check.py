"""`check --format json`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from apimpolicy.report.outputs.parts import Count, Position, ProgramReport, Seconds, Severity, keywords

RuleCode = Annotated[str, keywords(pattern="^[A-Z]+[0-9]+$")]


class CheckSummary(TypedDict):
    files: Annotated[Count, "Files that were checked."]
    files_with_findings: Annotated[Count, "Files with a finding."]
    files_with_placeholders: Annotated[Count, "Files with placeholders of a template, which were assumed valid."]
    errors: Annotated[Count, "Findings."]
    warnings: Annotated[Count, "Findings."]
    infos: Annotated[Count, "Findings."]
    seconds: Annotated[Seconds, "How long it took."]


class FindingPlace(TypedDict):
    path: Annotated[str, "The file."]
    line: Annotated[Position, "From 1."]
    column: Annotated[Position, "From 1, in characters."]
    end_line: Annotated[Position, "From 1."]
    end_column: Annotated[Position, "From 1; exclusive."]


class FindingText(TypedDict):
    severity: Annotated[Severity, "How bad it is."]
    message: Annotated[str, "What is wrong."]
    label: Annotated[str, "Beside the marked place; may be empty."]
    help: Annotated[str, "What to do; may be empty."]


class Finding(FindingPlace, FindingText):
    code: Annotated[RuleCode, "Of the C# compiler (CS), the gateway (APIM), or ours (POL)."]


class CheckReport(ProgramReport):
    summary: CheckSummary
    diagnostics: list[Finding]
