"""Named values and fragments that were made up because they are missing.

A proof must not depend on them: the prover treats them as unknown (`transfer.run.MadeUp`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.registry import is_known
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from apimpolicy.engine.result import Result
    from apimpolicy.engine.steps import Step
    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt, Source


class StandIns:
    """The names of named values and fragments that are made up."""

    def __init__(self, named_values: Collection[str] = (), fragments: Collection[str] = ()) -> None:
        self.named_values = frozenset(named_values)
        self.fragments = frozenset(fragments)
        self._known: dict[int, tuple[object, bool]] = {}

    def __bool__(self) -> bool:
        return bool(self.named_values or self.fragments)

    def in_expression(self, excerpt: Excerpt) -> bool:
        """Return whether an expression contains a named value that is made up."""
        known = self._known.get(id(excerpt))
        if known is None:
            found = self._has(excerpt.source, excerpt.start, excerpt.end)
            known = self._known[id(excerpt)] = excerpt, found
        return known[1]

    def in_texts(self, step: Step) -> bool:
        """Return whether a policy contains one outside expressions, its parts included."""
        known = self._known.get(id(step))
        if known is None:
            found = any(self._has(element.source, start, end) for element, start, end in _texts(step))
            known = self._known[id(step)] = step, found
        return known[1]

    def is_fragment(self, step: Step) -> bool:
        """Return whether a policy includes a fragment that is made up."""
        attribute = step.element.get("fragment-id")
        return step.name == "include-fragment" and attribute is not None and attribute.value.text in self.fragments

    def have_run(self, result: Result) -> bool:
        """Return whether a request ran through a fragment that is made up: nothing is known about its response."""
        return bool(self.fragments) and any(self.is_fragment(entry.step) for entry in result.trace)

    def _has(self, source: Source, start: int, end: int) -> bool:
        if not self.named_values:
            return False
        while True:  # a text of infrastructure code has names that its file doesn't have
            found = find_named_values(source.text[start:end])
            if any(each.name in self.named_values for each in found):
                return True
            if source.origin is None:
                return False
            start, end = source.span_in_origin(start, end)
            source = source.origin


def _texts(step: Step) -> Iterator[tuple[Element, int, int]]:
    """Yield the spans of a policy and its parts that are not expressions."""
    element = step.element
    for attribute in element.attributes:
        if attribute.value.expression is None:
            yield element, attribute.value.start, attribute.value.end
    inner = list(step.steps_inside())
    if not inner and element.expression is None:
        yield element, element.content_start, element.content_end
    for each in inner:
        if not is_known(each.name):
            yield from _texts(each)
