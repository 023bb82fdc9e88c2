"""The paths that a URL template matches, as `engine.api_routing` matches it: literal parts ignore case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.gateway.engine.api_routing import PARAMETER
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    Language,
    any_of_text,
    at_least_once,
    literal,
    one_of,
    optional,
    sequence,
)
from apimpolicy.reasoning.languages.units import of_text

SEGMENT = at_least_once(one_of(~of_text("/")))
SEGMENTS = ANYTHING
"""Any number of segments."""
BELOW = optional(sequence(literal("/"), ANYTHING))
"""A path below another one, or nothing."""
MAYBE_SLASH = optional(literal("/"))


class Piece(NamedTuple):
    """A segment of a path template: literal text in any case, or a language with a `default`.

    `parameter` is its name among the matched parameters.
    """

    default: str
    language: Language | None = None
    parameter: str | None = None

    def key(self, index: int) -> tuple[str, ...]:
        """Return the key of its input; `index` is its position among the segments."""
        return ("path", f"[{index}]") if self.parameter is None else ("matched", self.parameter)

    @property
    def texts(self) -> Language:
        return in_any_case(self.default) if self.language is None else self.language


def in_any_case(text: str) -> Language:
    """Return the texts that differ from one in the case of letters only."""
    return sequence(*(any_of_text(unit + unit.lower() + unit.upper()) for unit in to_utf16(text)))


def pieces_of(template: str) -> Iterator[Piece]:
    """Yield the segments of a template without its query; a slash may end the path."""
    text = template.rstrip("/")
    has_more = text.endswith("/*")
    text = text.removesuffix("/*").rstrip("/")
    position = 0
    for found in PARAMETER.finditer(text):
        if found.start() > position:
            yield Piece(text[position : found.start()])
        yield Piece("x", SEGMENTS if found[1] else SEGMENT, found[2])
        position = found.end()
    if position < len(text):
        yield Piece(text[position:])
    if has_more:
        yield Piece("/x", BELOW)
    elif not text.endswith("}") or "{*" not in text.rpartition("/")[2]:
        yield Piece("", MAYBE_SLASH)


def paths_of(pieces: Iterator[Piece] | tuple[Piece, ...]) -> Language:
    """Return the paths that segments match one after the other."""
    return sequence(*(piece.texts for piece in pieces))
