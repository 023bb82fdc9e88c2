"""`test --coverage-report FILE.json`."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from apimpolicy.report.outputs.parts import Count, Percent, Position, one_of

PlaceKind = Annotated[str, one_of("policy", "branch", "condition")]


class CoveredOutcomes(TypedDict):
    covered: Annotated[Count, "Outcomes that a test saw."]
    total: Annotated[Count, "All outcomes."]


class CoverageTotals(TypedDict):
    policies: CoveredOutcomes
    branches: CoveredOutcomes
    conditions: CoveredOutcomes


class CoveredPlace(TypedDict):
    kind: Annotated[PlaceKind, "What it is."]
    name: str
    line: Annotated[Position, "From 1."]
    column: Annotated[Position, "From 1."]
    outcomes: Annotated[dict[str, list[str]], "The tests that saw each outcome."]


class CoveredFile(TypedDict):
    path: str
    percent: Percent | None
    totals: CoverageTotals
    places: list[CoveredPlace]


class CoverageData(TypedDict):
    schema: Annotated[Literal[1], "Raised when a field changes or goes; new ones may come."]
    percent: Percent | None
    totals: CoverageTotals
    tests: list[str]
    files: list[CoveredFile]
