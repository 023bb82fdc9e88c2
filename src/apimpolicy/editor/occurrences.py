"""Names that refer to something elsewhere: variables, fragments, backends, certificates, named values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from apimpolicy.checks.subject import Subject
from apimpolicy.checks.variables import variable_reads
from apimpolicy.policies.conversions import header_name
from apimpolicy.policies.registry import has_trait
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.editor.analysis import Analysis, PolicyText
    from apimpolicy.text.document import Attribute, Element

Kind = Literal["variable", "fragment", "backend", "certificate", "named value", "api", "operation", "header"]

_BY_ATTRIBUTE: tuple[tuple[str, Kind], ...] = (
    ("fragment-id", "fragment"),
    ("backend-id", "backend"),
    ("certificate-id", "certificate"),
)
_HEADER = re.compile(r'\bHeaders\s*(?:\[|\.\s*\w+\s*\()\s*(?:"|&quot;)([\w-]+)')
_VARIABLE = re.compile(r'\bVariables\s*(?:\[|\.\s*\w+\s*(?:<[^"()]{0,80}>)?\s*\()\s*(?:"|&quot;)([^"&\\\r\n]{0,200})')


class Occurrence(NamedTuple):
    """One occurrence of a name in a file. `sets`: a variable or a header gets its value here."""

    kind: Kind
    name: str
    start: int
    end: int
    sets: bool = False

    def is_the_same(self, other: Occurrence) -> bool:
        """Return whether both name one thing, as far as one request knows it."""
        return self.kind == other.kind and self.key == other.key

    @property
    def key(self) -> str:
        """The name for comparisons: those of headers ignore case."""
        return self.name.lower() if self.kind == "header" else self.name


def occurrences(analysis: Analysis) -> list[Occurrence]:
    """Return every occurrence in a file, in order, each once."""
    found: set[Occurrence] = set()
    for policy in analysis.policies:
        for occurrence in of_policy(policy):
            start, end = policy.span(occurrence.start, occurrence.end)
            if analysis.text[start:end] == occurrence.name:
                found.add(occurrence._replace(start=start, end=end))
    return sorted(found, key=lambda occurrence: (occurrence.start, not occurrence.sets))


def occurrence_at(analysis: Analysis, offset: int) -> Occurrence | None:
    """Return the occurrence that an offset touches."""
    return next((found for found in analysis.occurrences if found.start <= offset <= found.end), None)


def of_policy(policy: PolicyText) -> Iterator[Occurrence]:
    """Yield the occurrences in one policy, at their offsets in its reading."""
    for element in policy.document.elements():
        for attribute in element.attributes:
            yield from _of_attribute(element, attribute)
    for name, start, end in find_named_values(policy.source.text):
        inner = policy.source.text.find(name, start, end)
        yield Occurrence("named value", name, inner, inner + len(name))
    yield from _reads(policy)


def _of_attribute(element: Element, attribute: Attribute) -> Iterator[Occurrence]:
    value = attribute.value
    text = value.raw
    name = text.strip()
    if value.parts or not name or "{{" in name:
        return
    start = value.start + text.index(name)
    kind = kind_of_attribute(element.name, attribute.name)
    if kind is None and names_header(element, attribute.name):
        kind = "header"
    if kind is not None:
        yield Occurrence(kind, name, start, start + len(name), sets=kind in ("variable", "header"))


def kind_of_attribute(element: str, attribute: str) -> Kind | None:
    """Return the kind of name in an attribute."""
    if (attribute == "name" and has_trait(element, "sets-variable")) or attribute.endswith("variable-name"):
        return "variable"
    return next((kind for suffix, kind in _BY_ATTRIBUTE if attribute.endswith(suffix)), None)


def names_header(element: Element, attribute: str) -> bool:
    """Return whether the value of an attribute is the name of a header."""
    slot = Subject.slot_of(element, attribute)
    return slot is not None and (slot.convert is header_name or attribute.endswith("header-name"))


def _reads(policy: PolicyText) -> Iterator[Occurrence]:
    """Yield the headers and variables that expressions read: by their binding, or else by their text."""
    for expression in policy.expressions:
        excerpt = expression.excerpt
        for match in _HEADER.finditer(excerpt.text):
            start = excerpt.locate(match.start(1))
            yield Occurrence("header", match[1], start, start + len(match[1]))
        if "Variables" not in excerpt.text:
            continue
        names = {read.name for read in variable_reads(expression)} if expression.compiled.is_legal else None
        for match in _VARIABLE.finditer(excerpt.text):
            name = match[1]
            if name and (names is None or name in names):
                start = excerpt.locate(match.start(1))
                yield Occurrence("variable", name, start, start + len(name))
