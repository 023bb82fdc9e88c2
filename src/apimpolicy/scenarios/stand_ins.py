"""Named values and fragments that were made up because they are missing.

A proof must not depend on them: the prover treats them as unknown (`transfer.run.MadeUp`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Collection

    from apimpolicy.engine.result import Result
    from apimpolicy.engine.steps import Step
    from apimpolicy.text.source import Excerpt, Source


class StandIns:
    """The names of named values and fragments that are made up."""

    def __init__(self, named_values: Collection[str] = (), fragments: Collection[str] = ()) -> None:
        self.named_values = frozenset(named_values)
        self.fragments = frozenset(fragments)
        self._known: dict[int, tuple[Excerpt, bool]] = {}

    def __bool__(self) -> bool:
        return bool(self.named_values or self.fragments)

    def in_expression(self, excerpt: Excerpt) -> bool:
        """Return whether an expression contains a named value that is made up."""
        known = self._known.get(id(excerpt))
        if known is None:
            found = bool(self.in_text(excerpt.source, excerpt.start, excerpt.end))
            known = self._known[id(excerpt)] = excerpt, found
        return known[1]

    def in_text(self, source: Source, start: int, end: int) -> frozenset[str]:
        """Return the names of the named values in a text of a document that are made up.

        Each text that it was made from may have them: those of infrastructure code and of templates aren't in the file.
        """
        found: frozenset[str] = frozenset()
        while self.named_values:
            found |= self.named_values.intersection(each.name for each in find_named_values(source.text[start:end]))
            if source.origin is None:
                break
            start, end = source.span_in_origin(start, end)
            source = source.origin
        return found

    def begins(self, source: Source, start: int) -> bool:
        """Return whether the value of one begins there, as the value of any named value may."""
        return bool(self.in_text(source, start, start + 1))

    def is_fragment(self, step: Step) -> bool:
        """Return whether a policy includes a fragment that is made up."""
        attribute = step.element.get("fragment-id")
        if step.name != "include-fragment" or attribute is None:
            return False
        value = attribute.value
        return value.text in self.fragments or bool(self.in_text(value.source, value.start, value.end))

    def have_run(self, result: Result) -> bool:
        """Return whether a request ran through a fragment that is made up: nothing is known about its response."""
        return bool(self.fragments) and any(self.is_fragment(entry.step) for entry in result.trace)
