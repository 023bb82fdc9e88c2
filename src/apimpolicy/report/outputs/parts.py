"""Kinds of values, and the records that several reports share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

Keywords = tuple[tuple[str, Any], ...]
"""Keywords of JSON Schema with their values; annotations must be hashable."""


def keywords(**values: Any) -> Keywords:
    return tuple(values.items())


def one_of(*words: str) -> Keywords:
    """Return the keyword for a text that is one of these words."""
    return keywords(enum=words)


Count = Annotated[int, keywords(minimum=0)]
Position = Annotated[int, keywords(minimum=1)]
"""A line or a column, from 1."""
Seconds = Annotated[float, keywords(minimum=0)]
Percent = Annotated[float, keywords(minimum=0, maximum=100)]
Header = Annotated[list[str], keywords(minItems=2, maxItems=2)]
"""A name and a value."""
Severity = Annotated[str, one_of("error", "warning", "info")]


class Tool(TypedDict):
    name: Literal["apimpolicy"]
    version: str


class Versioned(TypedDict):
    version: Annotated[Literal[1], "Raised when a field changes or goes; new ones may come."]


class ProgramReport(Versioned):
    tool: Tool


class Place(TypedDict):
    file: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]


class StandInData(Place):
    kind: str
    name: str
    purpose: str
    configuration: Annotated[dict[str, Any], "The tables of apimpolicy.toml that take its place."]


class ProblemData(Place):
    message: str
    severity: Severity
    help: str
    api: Annotated[str | None, "The API that it is about."]


class WithStandIns(TypedDict):
    """The fields of a report about a service for which something was made up or left out."""

    stand_ins: NotRequired[Annotated[list[StandInData], "Stand-ins for what services miss."]]
    problems: NotRequired[Annotated[list[ProblemData], "Parts of services that were left out."]]


class Shortened(TypedDict):
    values: Annotated[Count, "Values that were cut."]
    entries: Annotated[Count, "Entries of lists that were left out."]


class MayBeShortened(TypedDict):
    shortened: NotRequired[
        Annotated[
            Shortened, "What was cut because the report would be too long; --full shows it. Missing when nothing was."
        ]
    ]


class UnreadableFile(TypedDict):
    path: str
    problem: str
