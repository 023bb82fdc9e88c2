"""Rules of an organisation that are data: `[[check.rules]]` in apimpolicy.toml (`project.rule_tables` reads them).

A convention selects documents, and elements in them, and states what they must be. It reports only what is certain:
text that a template inserts later may be what a rule wants, and so may an unknown fragment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import ClassVar, NamedTuple

from apimpolicy.checks.rule import Diagnostic, Element, Findings, Rule, Subject
from apimpolicy.gateway.policies.placement import SCOPES
from apimpolicy.text.document import Document
from apimpolicy.text.source import has_hole

TEXT = "text"
"""The key of an element's own text among its attributes."""

Values = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of attributes, or `text`, each with the patterns that its value may have."""


class Selector(NamedTuple):
    """Elements by name (`*`: any policy but `base`), by an element around them, and by values that they have."""

    names: tuple[str, ...]
    within: tuple[str, ...] = ()
    values: Values = ()

    def selects(self, element: Element) -> bool:
        return self.may_select(element) and all(is_like(element, name, texts) for name, texts in self.values)

    def may_select(self, element: Element) -> bool:
        """Return whether the element is selected, or could be once a template has inserted its texts."""
        is_named = element.name in self.names or (
            "*" in self.names and element.name != "base" and Subject.is_policy(element)
        )
        return (
            is_named
            and (not self.within or any(found.name in self.within for found in element.ancestors()))
            and all(is_like(element, name, texts) is not False for name, texts in self.values)
        )


class Convention(NamedTuple):
    """One rule: where it applies (everywhere, if empty), the elements that it is about, and what it wants of them."""

    message: str
    help: str = ""
    scopes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    element: Selector | None = None
    must: Values = ()
    must_not: Values = ()
    contains: Selector | None = None
    is_forbidden: bool = False
    only_in: tuple[str, ...] = ()
    only_after: Selector | None = None
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()


class ConventionRule(Rule):
    """Base class of the rules that tables define; each has its `convention`."""

    convention: ClassVar[Convention]

    def finish(self) -> Findings:
        if not self._applies():
            return
        wanted = self.convention
        if wanted.contains is not None:
            if self.document.roots and self.has(self.document, wanted.contains) is False:
                yield self.at_element(self.document.roots[0], wanted.message, help=wanted.help)
            return
        for element in self.subject.elements:
            if wanted.element is not None and wanted.element.selects(element):
                yield from self._about(element, wanted)

    def _applies(self) -> bool:
        wanted, settings, path = self.convention, self.settings, self.subject.written.path
        if self.subject.is_fragment and (wanted.contains is not None or wanted.scopes):
            return False
        return (
            (not wanted.scopes or settings.scope in wanted.scopes)
            and (not wanted.apis or any(fnmatchcase(settings.api or "", pattern) for pattern in wanted.apis))
            and (not wanted.paths or not path or any(fnmatchcase(absolute(path), each) for each in wanted.paths))
        )

    def _about(self, element: Element, wanted: Convention) -> Findings:
        message, help = wanted.message, wanted.help
        if (
            wanted.is_forbidden
            or (wanted.only_in and not self._is_in(element, wanted.only_in))
            or (wanted.only_after is not None and self._comes_before(element, wanted.only_after))
        ):
            yield self.at_element(element, message, help=help)
        for name, texts in wanted.must:
            if is_like(element, name, texts) is False:
                yield self._at(element, name)
        for name, texts in wanted.must_not:
            if is_like(element, name, texts):
                yield self._at(element, name)

    def _at(self, element: Element, name: str) -> Diagnostic:
        message, help = self.convention.message, self.convention.help
        if name == TEXT or element.get(name) is None:
            return self.at_element(element, message, help=help)
        return self.at_value(element, name, message, help=help)

    def _is_in(self, element: Element, names: tuple[str, ...]) -> bool:
        scope = self.settings.scope
        if any(found.name in names for found in element.ancestors()):
            return True
        return scope in names or (scope is None and not set(names).isdisjoint(SCOPES))

    def _comes_before(self, element: Element, selector: Selector) -> bool:
        """Return whether no selected element certainly runs before this one, and none of them may."""
        if selector.may_select(element) or any(map(selector.may_select, element.descendants())):
            return False
        around = list(element.ancestors())
        return not any(found.may_hold_more for found in around) and not any(
            selector.may_select(other) or self._included_has(other, selector) is not False
            for other in self.subject.elements
            if other.end <= element.start and other.parent in around
        )

    def has(self, document: Document, selector: Selector) -> bool | None:
        """Return whether a document has a selected element, with its fragments and wider scopes; None: not known."""
        return self._have(document.elements(), selector)

    def _have(self, elements: Iterable[Element], selector: Selector, depth: int = 0) -> bool | None:
        is_open = False
        for element in elements:
            found = selector.selects(element) or self._included_has(element, selector, depth)
            if found:
                return True
            is_open = is_open or found is None or element.may_hold_more or selector.may_select(element)
        return None if is_open else False

    def _included_has(self, element: Element, selector: Selector, depth: int = 0) -> bool | None:
        """Return whether what an element includes has a selected element: a fragment, or the known wider scopes."""
        if element.name == "base" and depth == 0 and self.settings.wider:
            section = Subject.section_of(element)
            wider = (scope.document for path in self.settings.wider for scope in path)
            sections = (root for document in wider for root in document.elements() if root.name == section)
            return self._have((found for root in sections for found in root.descendants()), selector, depth + 1)
        if element.name != "include-fragment":
            return False
        fragment = self.subject.included_by(element)
        anywhere = selector._replace(within=())  # a fragment has no sections
        if fragment is None or depth > _MOST_INCLUDES:
            return None
        return self._have(fragment.elements(), anywhere, depth + 1)


_MOST_INCLUDES = 5


def is_like(element: Element, name: str, patterns: tuple[str, ...]) -> bool | None:
    """Return whether a value is like one of the patterns, as written or with named values; None: a hole may be so."""
    attribute = element.get(name)
    if name != TEXT and attribute is None:
        return None if element.may_have_more_attributes else False
    part = element if attribute is None else attribute.value
    start, end = (element.content_start, element.content_end) if attribute is None else (part.start, part.end)
    value = (element.text if attribute is None else attribute.value.text).strip()
    if has_hole(value):
        return None
    outer = element.source
    while outer.origin is not None:
        outer = outer.origin
    first, last = element.source.original_span(start, end)
    written = outer.text[first:last].strip()
    return any(fnmatchcase(each, pattern) for pattern in patterns for each in (value, written))


def absolute(path: str) -> str:
    """Return a path as patterns of `paths` are compared with."""
    return os.path.abspath(path).replace(os.sep, "/")
