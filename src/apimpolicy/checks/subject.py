"""The input of a rule: a document, its compiled expressions, and the settings of its deployment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.expressions import CheckedExpression, ExpressionCheck
from apimpolicy.gateway.policies.registry import has_trait, is_known, specification_of
from apimpolicy.text.document import Characters, Document, Element
from apimpolicy.text.named_values import NamedValueReference, find_named_values

if TYPE_CHECKING:
    from apimpolicy.checks.failures import Wider
    from apimpolicy.checks.flow import DataFlow
    from apimpolicy.checks.proofs import Proofs
    from apimpolicy.checks.references import KnownService
    from apimpolicy.checks.rule import Rule
    from apimpolicy.diagnostics import Severity
    from apimpolicy.gateway.policies.spec import AttributeSlot, Specification
    from apimpolicy.text.source import Source


class Settings(NamedTuple):
    """Settings of a run of `check`, and knowledge beyond the document.

    - `select`, `extend`, `ignore`: codes or beginnings of codes (`POL3`). With `select` nothing else is looked for;
      `extend` adds what is off by default; where several beginnings fit a code, the longest decides
    - `severities`: another severity for a code
    - `scope`, `tier`, `gateway`, `url_template`, `method`, `negotiates`, `requires_subscription`: where the document
      runs; None is "not known", and rules that need to know stay silent
    - `mcp`: `tools` or `existing` where the document runs for an MCP server of this kind; None where it doesn't
    - `release`: the release of API Management whose changes are listed
    - `fragment`: the id of the fragment that the file holds by its place; None is "not known"
    - `api`, `operation`: the ids of the API and the operation that the file belongs to by its place
    - `service`: the service around the file, where it is known
    - `fragments`: the documents of fragments by id, where known
    - `named_values`: their values, where known
    - `secrets`: by the name of a named value whether it is secret, where known
    - `placeholders`: patterns of texts that a deployment replaces; `…` is the name: `#{…}#`
    - `rules`: rules besides those of the catalogue
    - `wider`: the documents of wider scopes around this one, nearest first, once for each path to it (one product or
      another); empty is "not known"
    - `others`: the documents of all other scopes that run with this one, narrower ones too; None is "not known"
    - `proofs`: what a solver has proven about the file, if it ran
    """

    select: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = {}
    scope: str | None = None
    tier: str | None = None
    release: str | None = None
    gateway: str | None = None
    url_template: str | None = None
    method: str | None = None
    negotiates: bool | None = None
    requires_subscription: bool | None = None
    mcp: str | None = None
    fragments: Mapping[str, Document] | None = None
    named_values: Mapping[str, str] | None = None
    placeholders: tuple[str, ...] = ()
    rules: tuple[type[Rule], ...] = ()
    fragment: str | None = None
    proofs: Proofs | None = None
    wider: tuple[tuple[Wider, ...], ...] = ()
    others: tuple[Wider, ...] | None = None
    secrets: Mapping[str, bool] = {}
    api: str | None = None
    operation: str | None = None
    service: KnownService | None = None

    def wants(self, code: str, by_default: bool = True) -> bool:
        if not (self.select or self.extend or self.ignore):
            return by_default
        selected = _longest((*self.select, *self.extend), code)
        ignored = _longest(self.ignore, code)
        if selected < 0 and ignored < 0:
            return by_default and not self.select
        return selected > ignored


class Subject:
    """One document under the rules."""

    def __init__(
        self,
        document: Document,
        check: ExpressionCheck,
        settings: Settings,
        written: Source | None = None,
        named_values: Mapping[str, str] | None = None,
    ) -> None:
        self.document = document
        self.settings = settings
        self.written = written or document.source
        """The text before named values were replaced."""
        self.named_values = named_values
        self._check = check

    @cached_property
    def elements(self) -> list[Element]:
        """Every element, in document order."""
        return list(self.document.elements())

    def element_at(self, offset: int) -> Element | None:
        """Return the innermost element around an offset of the document."""
        index = bisect_right(self.elements, offset, key=lambda element: element.start) - 1
        around = _with_ancestors(self.elements[index] if index >= 0 else None)
        return next((found for found in around if offset < max(found.end, found.name_end)), None)

    @cached_property
    def file_text(self) -> str:
        """The text of the file, before named values are replaced."""
        source = self.document.source
        while source.origin is not None:
            source = source.origin
        return source.text

    @cached_property
    def named_value_references(self) -> list[NamedValueReference]:
        """Every `{{named-value}}` in the file, at its offset there."""
        return find_named_values(self.file_text)

    def is_written(self, start: int, end: int) -> bool:
        """Return whether the file itself has a text, and not the value of a `{{named-value}}`."""
        first, last = self.document.source.original_span(start, end)
        return "{{" not in self.file_text[first:last]

    @cached_property
    def expressions(self) -> list[CheckedExpression]:
        """Every expression, in document order of the elements."""
        return [found for element in self.elements for found in self._of(element)]

    @cached_property
    def by_element(self) -> dict[int, list[CheckedExpression]]:
        """The expressions by the `id` of their element."""
        found: dict[int, list[CheckedExpression]] = {}
        for expression in self.expressions:
            found.setdefault(id(expression.element), []).append(expression)
        return found

    def expressions_of(self, element: Element) -> list[CheckedExpression]:
        """Return the expressions in an element's attributes and text, its children's not."""
        return self.by_element.get(id(element), [])

    def expression_in(self, element: Element, attribute: str) -> CheckedExpression | None:
        """Return the expression that is the whole value of an attribute."""
        given = element.get(attribute)
        if given is None or given.value.expression is None:
            return None
        return next((found for found in self.expressions_of(element) if found.attribute is given), None)

    def included_by(self, element: Element) -> Document | None:
        attribute = element.get("fragment-id")
        return None if attribute is None else (self.settings.fragments or {}).get(attribute.value.text)

    def inputs_of(self, fragment: Document) -> list[str]:
        """Return the variables that a fragment reads with an index, and neither sets before nor tests for."""
        from apimpolicy.checks.variables import Questions, variable_reads

        inside = Subject(fragment, self._check, self.settings._replace(others=None, wider=()))
        questions, found = Questions(inside), dict[str, None]()
        for expression in inside.expressions:
            reads = variable_reads(expression)
            asked = {read.name for read in reads if read.how == "question"}
            for read in reads:
                if read.how != "index" or read.name is None or read.name in asked:
                    continue
                known = inside.flow.before(expression.element).variables
                if read.name not in known and not questions.is_asked_before(expression, read.name):
                    found[read.name] = None
        return list(found)

    def _of(self, element: Element) -> Iterator[CheckedExpression]:
        for attribute in element.attributes:
            for part in attribute.value.parts:
                yield CheckedExpression(*self._check.compile(part), element, attribute)
        for child in element.children:
            if isinstance(child, Characters):
                for part in child.parts:
                    yield CheckedExpression(*self._check.compile(part), element)

    @cached_property
    def flow(self) -> DataFlow:
        """The state before each policy: variables, types, consumed bodies."""
        from apimpolicy.checks.flow import DataFlow

        return DataFlow(self)

    @property
    def is_fragment(self) -> bool:
        return any(root.name == "fragment" for root in self.document.roots)

    @staticmethod
    def specification_of(element: Element) -> Specification | None:
        """Return the specification of an element: a policy, or a part of one."""
        parts: list[str] = []
        for found in _with_ancestors(element):
            specification = specification_of(found.name) if is_known(found.name) else None
            for part in parts:
                specification = specification.part(part) if specification is not None else None
            if specification is not None:
                return specification
            parts.insert(0, found.name)
        return None

    @classmethod
    def slot_of(cls, element: Element, attribute: str) -> AttributeSlot | None:
        specification = cls.specification_of(element)
        slots = specification.attributes if specification is not None else ()
        return next((slot for slot in slots if slot.name == attribute), None)

    @classmethod
    def takes_text_only(cls, element: Element) -> bool:
        """Return whether an element can contain only text or an expression."""
        specification = cls.specification_of(element)
        if specification is not None:
            return specification.takes_text and not specification.children
        around = cls.specification_of(element.parent) if element.parent is not None else None
        return around is not None and any(slot.child == element.name for slot in around.contents)

    @staticmethod
    def is_policy(element: Element) -> bool:
        parent = element.parent
        if parent is None or not is_known(element.name):
            return False
        specification = specification_of(parent.name) if is_known(parent.name) else None
        return specification is None or specification.part(element.name) is None

    @staticmethod
    def section_of(element: Element) -> str | None:
        from apimpolicy.gateway.policies.spec import SECTIONS

        for found in _with_ancestors(element):
            if found.name in SECTIONS and (found.parent is None or found.parent.name == "policies"):
                return found.name
        return None

    @staticmethod
    def nearest_with(element: Element | None, *traits: str) -> Element | None:
        """Return the nearest policy that has one of the traits: the element itself, or one around it."""
        return next((found for found in _with_ancestors(element) if has_trait(found.name, *traits)), None)


def _with_ancestors(element: Element | None) -> Iterator[Element]:
    if element is not None:
        yield element
        yield from element.ancestors()


def _longest(prefixes: tuple[str, ...], code: str) -> int:
    return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)
