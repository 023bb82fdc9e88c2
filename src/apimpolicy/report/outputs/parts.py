"""Kinds of values, and the records that several reports share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    TypedDict,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

RecordT = TypeVar("RecordT")

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


def in_milliseconds(seconds: float) -> float:
    return round(seconds, 3)


def null_if_empty(value: Any) -> Any:
    return value or None


Seconds = Annotated[float, keywords(minimum=0), in_milliseconds]
TextOrNull = Annotated[str | None, null_if_empty]
"""A text that is empty in the program where there is none."""
Percent = Annotated[float, keywords(minimum=0, maximum=100)]
Header = Annotated[list[str], keywords(minItems=2, maxItems=2)]
"""A name and a value."""
Severity = Annotated[str, one_of("error", "warning", "info")]


class Field(NamedTuple):
    """A field of a record. The annotation's metadata are its description, keywords, and conversions of its values."""

    name: str
    kind: Any
    is_required: bool
    conversions: tuple[Callable[[Any], Any], ...]


@cache
def fields_of(record: type) -> tuple[Field, ...]:
    """Return the fields of a record in the order of JSON, those of base classes first."""
    found: list[Field] = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        is_required = get_origin(hint) is not NotRequired
        kind = hint if is_required else get_args(hint)[0]
        plain = getattr(kind, "__origin__", kind)
        conversions = [each for each in getattr(kind, "__metadata__", ()) if callable(each)]
        if plain is list or get_origin(plain) is list:
            conversions.append(list)
        found.append(Field(name, kind, is_required, tuple(conversions)))
    return tuple(found)


def record_of(record: type[RecordT], source: object, **given: Any) -> RecordT:
    """Return a record with the attributes of an object; `given` are fields that have other names or values there.

    Fields that can be missing are only those that are given.
    """
    made: dict[str, Any] = {}
    for field in fields_of(cast("Any", record)):
        if field.name in given or field.is_required:
            value = given[field.name] if field.name in given else getattr(source, field.name)
            for convert in field.conversions:
                value = convert(value)
            made[field.name] = value
    return cast("RecordT", made)


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
