"""The places of a policy document that tests can reach: its policies, branches and conditions.

Counted are the policies themselves, without `<base />`, which is the place of a wider scope's. The branches are each
`when` and `otherwise`, for a `choose` without `otherwise` that no condition was true, and for `retry` that it repeated
and that it did not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

import attrs

from apimpolicy.csharp.binding.flow import conditions_of, key_of
from apimpolicy.csharp.emit.runtime import file_of
from apimpolicy.errors import DiagnosticError, LimitExceededError, NotSimulatedError
from apimpolicy.gateway.engine.document import Policy
from apimpolicy.gateway.engine.partial_runs import own_expressions
from apimpolicy.gateway.engine.steps import compiled
from apimpolicy.gateway.policies.registry import has_trait, specification_of
from apimpolicy.gateway.policies.spec import ChildrenSlot, Specification
from apimpolicy.report.coverage_data import BRANCH, CONDITION, POLICY, CoveragePoint
from apimpolicy.report.values import folded
from apimpolicy.text.document import Element
from apimpolicy.text.source import Excerpt, Source

REACHED, TAKEN, UNTAKEN, REPEATED = (
    ("reached",),
    ("taken",),
    ("passed with every condition false",),
    ("repeated", "not repeated"),
)

NodeKey = tuple[str, int, int]


@attrs.define(eq=False)
class DocumentPlaces:
    """The places of one document, and how the engine's own data finds them.

    `policies`, `branches` are by the offset of the element in the document (named values in it): the index of its
    place. `conditions` are by the span of the expression, then by the node: the index.
    """

    places: list[CoveragePoint] = attrs.field(factory=list)
    policies: dict[int, int] = attrs.field(factory=dict)
    branches: dict[int, int] = attrs.field(factory=dict)
    conditions: dict[tuple[int, int], dict[NodeKey, int]] = attrs.field(factory=dict)


def places_of(policy: Policy) -> DocumentPlaces:
    walk = _PlaceFinder()
    for elements in policy.sections.values():
        for element in elements:
            walk.policy(element, specification_of(element.name), None)
    return walk.found


def span_in_file(excerpt: Excerpt, start: int, end: int) -> tuple[int, int]:
    """Return the span in the file of a span of an expression."""
    first = excerpt.locate(start)
    last = excerpt.locate(end) if end < len(excerpt.text) else excerpt.end
    return excerpt.source.original_span(first, max(first, last))


_SPACE = re.compile(r"\s+")


def code_in_file(excerpt: Excerpt, start: int, end: int) -> str:
    """Return a span of an expression as it is in the file, on one line: named values by name, never by value."""
    if excerpt.source.origin is None:
        return folded(excerpt.text, start, end)
    first, last = span_in_file(excerpt, start, end)
    raw = file_of(excerpt.source).text[first:last]
    return _SPACE.sub(" ", unescape(raw) if is_escaped(excerpt) else raw)


def is_escaped(excerpt: Excerpt) -> bool:
    """Return whether an expression is written with entities, `&amp;&amp;`."""
    return excerpt.text != excerpt.source.text[excerpt.start : excerpt.end]


class _PlaceFinder:
    def __init__(self) -> None:
        self.found = DocumentPlaces()

    def policy(self, element: Element, specification: Specification | None, around: int | None) -> None:
        """Add a policy, with everything in it."""
        if specification is None:
            return
        if element.name != "base":
            around = self.found.policies[element.start] = self.tag(POLICY, element.name, element, around, REACHED)
        self.inside(element, specification, around, around)
        if has_trait(element.name, "branches") and element.find("otherwise") is None:
            self.found.branches[element.start] = self.tag(BRANCH, element.name, element, around, UNTAKEN)
        elif has_trait(element.name, "repeats"):
            self.found.branches[element.start] = self.tag(BRANCH, element.name, element, around, REPEATED)

    def inside(self, element: Element, specification: Specification, around: int | None, own: int | None) -> None:
        """Add what is in a policy or a part: its expressions are in the place `around`, its policies in its own."""
        for excerpt in own_expressions(element, specification):
            self.expression(excerpt, around)
        for slot in specification.children:
            if slot.part is None:
                for inner in element.elements():
                    if inner.name not in specification.own_children:
                        self.policy(inner, specification_of(inner.name), own)
            else:
                self.parts(element, specification, slot, own)

    def parts(self, element: Element, specification: Specification, slot: ChildrenSlot, around: int | None) -> None:
        number = 0
        for inner in element.elements():
            part = specification.part(inner.name) if inner.name == slot.name else None
            if part is None:
                continue
            number += 1
            own = around
            if has_trait(element.name, "branches"):
                name = f"when {number}" if inner.name == "when" else inner.name
                own = self.found.branches[inner.start] = self.tag(BRANCH, name, inner, around, TAKEN)
            # A condition is evaluated whether its branch is taken or not: it lies in the choose.
            self.inside(inner, part, around, own)

    def expression(self, excerpt: Excerpt, around: int | None) -> None:
        try:
            body = compiled(excerpt).bound.body
        except (DiagnosticError, LimitExceededError, NotSimulatedError):
            return
        found: dict[NodeKey, int] = {}
        for node, outcomes in conditions_of(body):
            start, end = span_in_file(excerpt, node.syntax.start, node.syntax.end)
            name = code_in_file(excerpt, node.syntax.start, node.syntax.end)
            found[key_of(node)] = self.add(CONDITION, name, excerpt.source, start, end, around, outcomes)
        if found:
            self.found.conditions[excerpt.start, excerpt.end] = found

    def tag(self, kind: str, name: str, element: Element, around: int | None, outcomes: Iterable[str]) -> int:
        start, end = element.source.original_span(element.start, element.content_start)
        return self.add(kind, name, element.source, start, end, around, outcomes)

    def add(
        self, kind: str, name: str, source: Source, start: int, end: int, around: int | None, outcomes: Iterable[str]
    ) -> int:
        line, column = file_of(source).position(start)
        seen: dict[str, set[str]] = {outcome: set() for outcome in outcomes}
        self.found.places.append(CoveragePoint(kind, name, start, end, line, column, around, seen))
        return len(self.found.places) - 1
