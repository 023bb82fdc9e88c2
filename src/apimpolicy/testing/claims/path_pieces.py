"""The segments of a path template, and the texts that match them as `engine.operations` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.languages.language import ANYTHING, any_of_text, at_least_once, literal, one_of, optional, sequence
from apimpolicy.languages.units import of_text

if TYPE_CHECKING:
    from apimpolicy.languages.language import Language
    from apimpolicy.scenarios.assignments import Key

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

    def key(self, index: int) -> Key:
        """Return the key of its input; `index` is its position among the segments."""
        return ("path", f"[{index}]") if self.parameter is None else ("matched", self.parameter)

    @property
    def texts(self) -> Language:
        if self.language is not None:
            return self.language
        return sequence(*(any_of_text(unit.lower() + unit.upper()) for unit in self.default))
