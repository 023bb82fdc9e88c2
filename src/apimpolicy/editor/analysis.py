"""Analysis of one open file: its policies, read and compiled, and the findings of `check`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

from apimpolicy.checks.expressions import CheckedExpression, Compiled, ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.editor.knowledge import Occurrence, occurrences
from apimpolicy.editor.place import offset_in, place_at
from apimpolicy.editor.ranking import Vocabulary
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded import policies_of, reader_for
from apimpolicy.project.files import ROOTS, begins_like_a_policy, is_meant_as_a_policy, root_name
from apimpolicy.text.document import Document, Element
from apimpolicy.text.markup import read
from apimpolicy.text.scanner import ENTITY
from apimpolicy.text.source import Excerpt, Source

XML_ENDINGS = (".xml", ".policy", ".cshtml")
"""Endings of files that are one policy as a whole."""

MOST_OTHERS = 64
"""Expressions that are kept besides those of open files: some may be typed again."""
MOST_AT_ONCE = 600
"""Limit while other files are read."""


class RecentExpressions(ExpressionCheck):
    """Keeps the expressions of open files: an editor compiles a new text with every keystroke."""

    __slots__ = ("_asked", "_needed", "vocabulary")

    def __init__(self) -> None:
        super().__init__()
        self._needed: dict[str, set[str]] = {}
        self._asked: set[str] = set()
        self.vocabulary = Vocabulary()
        """The names in the document of the last completion request."""

    def compile(self, excerpt: Excerpt) -> tuple[Excerpt, Compiled]:
        excerpt, found = super().compile(excerpt)
        known = self._compiled
        known[excerpt.text] = known.pop(excerpt.text, found)
        self._asked.add(excerpt.text)
        if len(known) > MOST_AT_ONCE + sum(map(len, self._needed.values())):
            self._forget()
        return excerpt, found

    @contextmanager
    def of_file(self, name: str) -> Iterator[None]:
        """Keep the expressions that are compiled meanwhile for a file, and forget those that no file needs."""
        self._asked = set()
        try:
            yield
        finally:
            self._needed[name], self._asked = self._asked, set()
            self._forget()

    def close(self, name: str) -> None:
        """Forget what a file needed."""
        self._needed.pop(name, None)

    def _forget(self) -> None:
        needed = set[str]().union(*self._needed.values())
        others = [text for text in self._compiled if text not in needed]
        for text in others[:-MOST_OTHERS]:
            del self._compiled[text]


class OpenPolicy:
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

    def vocabulary(self, without: int) -> Vocabulary:
        """Return the vocabulary of the expressions, except the one at an offset."""
        texts = (each.excerpt.text for each in self.expressions if each.excerpt.start != without)
        known = self._check.vocabulary if isinstance(self._check, RecentExpressions) else Vocabulary()
        known.update(texts)
        return known

    def offset_of(self, offset: int) -> int:
        """Return the offset in this reading of a character of the file; -1 when it is not in it."""
        return reading_offset(self.source, offset)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the file of a span of this reading."""
        return self.source.original_span(start, end)

    def code_span(self, excerpt: Excerpt, start: int, end: int) -> tuple[int, int]:
        """Return the span in the file of a span of C# that is not empty."""
        return self.span(excerpt.locate(start), excerpt.locate(end - 1) + 1)

    def expression_at(self, offset: int) -> tuple[CheckedExpression, int] | None:
        """Return the expression around an offset of this reading, even an unclosed one, and the offset in its C#."""
        for expression in self.expressions:
            excerpt = expression.excerpt
            if excerpt.start <= offset <= excerpt.end:
                return expression, offset_in(excerpt, offset)
        return self._unclosed_at(offset)

    def _unclosed_at(self, offset: int) -> tuple[CheckedExpression, int] | None:
        place = place_at(self.document, offset)
        if place.kind != "code" or place.node is None or place.element is None:
            return None
        text = self.source.text[place.start : place.node.end]
        if ENTITY.search(text):
            return None
        excerpt, compiled = self._check.compile(Excerpt(text, self.source, place.start, place.node.end))
        return CheckedExpression(excerpt, compiled, place.element, place.attribute), offset_in(excerpt, offset)


class CodeAt(NamedTuple):
    """An expression, and an offset in its C#."""

    policy: OpenPolicy
    expression: CheckedExpression
    offset: int


def reading_offset(source: Source, offset: int) -> int:
    """Return the offset in a source of a character of the file that it was made from; -1 when it is not in it."""
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


def may_hold_policies(text: str, path: str) -> bool:
    """Return whether a text has policies, or is an XML file in which the first element is still to be written."""
    head = text[:4096].encode("utf-8", "replace")
    if reader_for(path) is not None or begins_like_a_policy(head) or is_meant_as_a_policy(head):
        return True
    name = root_name(head)
    return path.lower().endswith(XML_ENDINGS) and any(root.startswith(name) for root in ROOTS)


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
    def policies(self) -> list[OpenPolicy]:
        """The policies of the file, in every reading; none in YAML or in other XML."""
        if not may_hold_policies(self.text, self.path):
            return []
        try:
            found, _ = policies_of(self.text.encode("utf-8", "replace"), self.path, self.settings.placeholders)
        except ConfigurationError:
            return []
        readings = [reading for readings in found for reading in readings]
        return [OpenPolicy(reading, self._check, self.settings) for reading in readings]

    @cached_property
    def occurrences(self) -> list[Occurrence]:
        """The names in the file that mean something beyond their place, in order."""
        return occurrences(self)

    def at(self, offset: int) -> tuple[OpenPolicy, int] | None:
        """Return the policy at an offset of the file, and the offset in its reading."""
        for policy in self.policies:
            place = policy.offset_of(offset)
            if place >= 0:
                return policy, place
        return None

    def element_at(self, offset: int) -> tuple[OpenPolicy, Element] | None:
        found = self.at(offset)
        element = found[0].subject.element_at(found[1]) if found is not None else None
        return (found[0], element) if found is not None and element is not None else None

    def code_at(self, offset: int) -> CodeAt | None:
        found = self.at(offset)
        code = found[0].expression_at(found[1]) if found is not None else None
        return CodeAt(found[0], *code) if found is not None and code is not None else None

    def elements(self) -> Iterator[tuple[OpenPolicy, Element]]:
        """Yield every element of the first reading of each policy."""
        for policy in self.policies:
            for element in policy.document.elements():
                yield policy, element
