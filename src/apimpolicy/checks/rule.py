'''The base class of the rules of `check`. A rule is a module in `rules/`, and its docstring is the rule's page.

    """certificate-not-verified: a client certificate is compared, but never verified.

    What it does … Why it matters … Example … Use instead … Sources …
    """

    class CertificateNotVerified(Rule):
        code = "POL301"
        members = ("Certificate",)

        def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
            for node in expression.of_kind(PropertyAccess):
                ...
                yield self.at_code(expression, node, "the certificate is compared, but never verified", help="…")

A rule is made for one document. `visit_element` sees the elements named in `elements` and the policies that have one of
the `traits`, `visit_expression` every expression, `finish` comes last; each returns findings.

A rule is loaded only for a document that has something for it: of each that it states, `elements` (with `traits`),
`attributes` and `words`, one; or one of `members`. These are units that no line break or blank can divide. They are
literals, or made of constants of the module: `apimpolicy.declarations` reads them without importing the rule. Rules
import all names of their signatures from here.
'''

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, TypedDict, Unpack

from apimpolicy.checks.expressions import CheckedExpression
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.gateway.policies.registry import names_with
from apimpolicy.text.document import Attribute, Document, Element
from apimpolicy.text.source import is_unknown

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Bound

    class Words(TypedDict, total=False):
        """Optional parts of a finding: a label beside the carets, help on what to do, another severity."""

        label: str
        help: str
        severity: Severity


__all__ = ("Attribute", "CheckedExpression", "Diagnostic", "Element", "Findings", "Rule", "Severity", "Subject")

Findings = Iterator[Diagnostic]


class Rule:
    """Base class of rules. `severity` applies unless the settings name another; `by_default` False is opt-in."""

    code: ClassVar[str] = ""
    severity: ClassVar[Severity] = Severity.WARNING
    by_default: ClassVar[bool] = True
    elements: ClassVar[tuple[str, ...]] = ()
    needs_all: ClassVar[bool] = False
    """Set if a finding reports that something is missing in the document: a hole may contain it."""

    fixed_by_null_check: ClassVar[bool] = False
    """Set if `?.` at the finding fixes it: editors offer that."""

    traits: ClassVar[tuple[str, ...]] = ()
    """Traits of policies (`gateway.policies.traits`); `once` are those that are allowed once in a section."""

    attributes: ClassVar[tuple[str, ...]] = ()
    """Names of attributes of which a document must have one."""

    members: ClassVar[tuple[str, ...]] = ()
    """Pieces of names in the C# of an expression."""

    words: ClassVar[tuple[str, ...]] = ()
    """Pieces of words anywhere, in lower case, of which a document must have one; it may have them in any case. A rule
    outside of the catalogue has nothing else, and its words are looked for as they are."""

    known: ClassVar[tuple[str, ...]] = ()
    """Settings of which one must be known, whatever else the document has."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @classmethod
    def page(cls) -> str:
        """Return the rule's page: the docstring of its class, or of its module."""
        import inspect
        import sys

        own = cls.__dict__.get("__doc__")
        return inspect.cleandoc(own or sys.modules[cls.__module__].__doc__ or "")

    @classmethod
    def name(cls) -> str:
        """Return the rule's name, with which its page begins: `certificate-not-verified`."""
        return cls.page().partition(":")[0].strip()

    @property
    def document(self) -> Document:
        return self.subject.document

    @property
    def settings(self) -> Settings:
        return self.subject.settings

    def visit_element(self, element: Element) -> Iterable[Diagnostic]:
        """Return findings about an element whose name is in `elements`."""
        return ()

    @classmethod
    def visits(cls) -> tuple[str, ...]:
        """Return the names of the elements that `visit_element` sees."""
        return tuple(dict.fromkeys((*cls.elements, *names_with(*cls.traits)))) if cls.traits else cls.elements

    @classmethod
    def reads_code(cls) -> bool:
        """Return whether the rule looks at expressions."""
        return cls.visit_expression is not Rule.visit_expression

    def visit_expression(self, expression: CheckedExpression) -> Iterable[Diagnostic]:
        return ()

    def finish(self) -> Iterable[Diagnostic]:
        """Return findings that need all of the document."""
        return ()

    @staticmethod
    def literal(element: Element, name: str) -> str | None:
        """Return the value of an attribute if it is a literal: neither an expression nor a text with a hole."""
        attribute = element.get(name)
        if attribute is None or attribute.value.parts:
            return None
        text = attribute.value.text
        return None if is_unknown(text) else text

    def at_element(self, element: Element, message: str, **words: Unpack[Words]) -> Diagnostic:
        """Return a finding at the name of an element."""
        return self.at_span(element, element.name_start, element.name_end, message, **words)

    def at_attribute(self, element: Element, name: str, message: str, **words: Unpack[Words]) -> Diagnostic:
        """Return a finding at the name of an attribute."""
        attribute = self._attribute(element, name)
        return self.at_span(element, attribute.name_start, attribute.name_end, message, **words)

    def at_value(self, element: Element, name: str, message: str, **words: Unpack[Words]) -> Diagnostic:
        """Return a finding at the value of an attribute."""
        value = self._attribute(element, name).value
        return self.at_span(element, value.start, value.end, message, **words)

    @staticmethod
    def _attribute(element: Element, name: str) -> Attribute:
        found = element.get(name)
        if found is None:
            raise LookupError(f"<{element.name}> has no attribute '{name}'")
        return found

    def at_span(self, element: Element, start: int, end: int, message: str, **words: Unpack[Words]) -> Diagnostic:
        """Return a finding at offsets of the document's source."""
        return Diagnostic(self.code, message, element.source, start, end, **self._words(words))

    def at_file_span(self, start: int, end: int, message: str, **words: Unpack[Words]) -> Diagnostic:
        """Return a finding at offsets of the file, before named values were replaced."""
        return Diagnostic(self.code, message, self.subject.written, start, end, **self._words(words))

    def at_facts(self, kind: str, message: str, more: str = "", **words: Unpack[Words]) -> Findings:
        """Yield findings at facts that a solver has proven; `{}` is the text of a fact, after `more` if it has one."""
        for fact in self.settings.proofs.of(kind) if self.settings.proofs is not None else ():
            text = (message + more if fact.what else message).format(fact.what)
            yield self.at_file_span(fact.start, fact.end, text, **words)

    def at_code(self, expression: CheckedExpression, node: Bound, message: str, **words: Unpack[Words]) -> Diagnostic:
        """Return a finding at a node of an expression."""
        start, end = node.syntax.start, node.syntax.end
        return Diagnostic.within(expression.excerpt, start, end, self.code, message, **self._words(words))

    def _words(self, words: Words) -> Words:
        return {"severity": self.severity, **words}
