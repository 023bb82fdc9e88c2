"""What is known of one file as it stands in the editor: its policies, read and compiled, and what `check` finds."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.editor.place import offset_in
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded import policies_of
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression, Compiled
    from apimpolicy.text.document import Document, Element
    from apimpolicy.text.source import Excerpt


MOST_REMEMBERED = 600
"""Expressions that are kept with what was found in them: those of open files, and some that were typed."""


class RecentExpressions(ExpressionCheck):
    """Remembers what was asked last: an editor compiles a new text with every keystroke."""

    def compile(self, excerpt: Excerpt) -> tuple[Excerpt, Compiled]:
        excerpt, found = super().compile(excerpt)
        known = self._compiled
        known[excerpt.text] = known.pop(excerpt.text, found)
        while len(known) > MOST_REMEMBERED:
            del known[next(iter(known))]
        return excerpt, found


class PolicyText:
    """One policy in a file: one reading of it, when it is a template."""

    def __init__(self, reading: Source, check: ExpressionCheck, settings: Settings) -> None:
        self.source = reading
        self.settings = settings
        self._check = check

    @cached_property
    def document(self) -> Document:
        return read(self.source)

    @cached_property
    def subject(self) -> Subject:
        return Subject(self.document, self._check, self.settings)

    @cached_property
    def expressions(self) -> list[CheckedExpression]:
        return self.subject.expressions

    def offset_of(self, offset: int) -> int:
        """The offset in this reading of a character of the file; -1 when it is not in it."""
        return reading_offset(self.source, offset)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of this reading stands in the file."""
        return self.source.original_span(start, end)

    def expression_at(self, offset: int) -> tuple[CheckedExpression, int] | None:
        """The whole expression around an offset of this reading, and the offset in its C#."""
        for expression in self.expressions:
            excerpt = expression.excerpt
            if excerpt.start <= offset <= excerpt.end:
                return expression, offset_in(excerpt, offset)
        return None


def reading_offset(source: Source, offset: int) -> int:
    """The offset in a source of a character of the file that it was made from; -1 when it is not in it."""
    if source.origin is None:
        return offset if 0 <= offset <= len(source.text) else -1
    inner = reading_offset(source.origin, offset)
    if inner < 0:
        return -1
    anchors = source.anchors
    for index, (mine, theirs, in_step) in enumerate(anchors):
        end = anchors[index + 1][0] if index + 1 < len(anchors) else len(source.text)
        if in_step and theirs <= inner <= theirs + end - mine and (end > mine or len(anchors) == 1):
            return mine + inner - theirs
    return -1


class Analysis:
    """One version of a file. Raises nothing: a file without policies has none."""

    def __init__(self, text: str, path: str, check: ExpressionCheck, settings: Settings | None = None) -> None:
        self.text = text
        self.path = path
        self.settings = settings or Settings()
        self._check = check

    @cached_property
    def source(self) -> Source:
        return Source(self.text, self.path)

    @cached_property
    def policies(self) -> list[PolicyText]:
        """The policies of the file, in every reading."""
        try:
            found, _ = policies_of(self.text.encode("utf-8", "replace"), self.path, self.settings.placeholders)
        except ConfigurationError:
            return []
        readings = [reading for readings in found for reading in readings]
        return [PolicyText(reading, self._check, self.settings) for reading in readings]

    def at(self, offset: int) -> tuple[PolicyText, int] | None:
        """The policy at an offset of the file, and the offset in its reading."""
        for policy in self.policies:
            place = policy.offset_of(offset)
            if place >= 0:
                return policy, place
        return None

    def elements(self) -> Iterator[tuple[PolicyText, Element]]:
        """Every element of the first reading of each policy."""
        for policy in self.policies:
            for element in policy.document.elements():
                yield policy, element
