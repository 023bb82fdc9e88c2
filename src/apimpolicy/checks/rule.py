'''What a rule of `check` is: one module in `rules/`, whose docstring is the rule's page.

    """certificate-not-verified: a client certificate is compared, but never verified.

    What it does … Why it matters … Example … Use instead … Sources …
    """

    class CertificateNotVerified(Rule):
        code = "POL301"

        def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
            for node in expression.of_kind(PropertyAccess):
                ...
                yield self.at_code(expression, node, "the certificate is compared, but never verified", help="…")

A rule is made for one document. `visit_element` sees the elements named in `elements`, `visit_expression` every
expression, `finish` comes last; each gives findings. Where a rule is listed (`catalogue.py`) stand the words of which a
document must contain one for the rule to be loaded at all.
'''

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from apimpolicy.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Settings, Subject
    from apimpolicy.text.document import Attribute, Document, Element


class Rule:
    """What all rules have. `severity` is the one unless the settings name another; `by_default` False is opt-in."""

    code: ClassVar[str] = ""
    severity: ClassVar[Severity] = Severity.WARNING
    by_default: ClassVar[bool] = True
    elements: ClassVar[tuple[str, ...]] = ()

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @property
    def document(self) -> Document:
        return self.subject.document

    @property
    def settings(self) -> Settings:
        return self.subject.settings

    def visit_element(self, element: Element) -> Iterable[Diagnostic]:
        """Findings about an element whose name is in `elements`."""
        return ()

    def visit_expression(self, expression: CheckedExpression) -> Iterable[Diagnostic]:
        """Findings about an expression."""
        return ()

    def finish(self) -> Iterable[Diagnostic]:
        """Findings that need all of the document."""
        return ()

    @staticmethod
    def literal(element: Element, name: str) -> str | None:
        """The value of an attribute that is given and neither an expression nor a named value."""
        attribute = element.get(name)
        if attribute is None or attribute.value.parts:
            return None
        text = attribute.value.text
        return None if "{{" in text else text

    def at_element(
        self, element: Element, message: str, *, label: str = "", help: str = "", severity: Severity | None = None
    ) -> Diagnostic:
        """A finding at the name of an element."""
        return self._at(element, element.name_start, element.name_end, message, label, help, severity)

    def at_attribute(
        self,
        element: Element,
        attribute: Attribute,
        message: str,
        *,
        label: str = "",
        help: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding at the name of an attribute."""
        return self._at(element, attribute.name_start, attribute.name_end, message, label, help, severity)

    def at_value(
        self,
        element: Element,
        attribute: Attribute,
        message: str,
        *,
        label: str = "",
        help: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding at the value of an attribute."""
        value = attribute.value
        return self._at(element, value.start, value.end, message, label, help, severity)

    def at_span(
        self,
        element: Element,
        start: int,
        end: int,
        message: str,
        *,
        label: str = "",
        help: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding at offsets of the document's source."""
        return self._at(element, start, end, message, label, help, severity)

    def at_code(
        self,
        expression: CheckedExpression,
        node: Bound,
        message: str,
        *,
        label: str = "",
        help: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding at a node of an expression."""
        syntax = node.syntax
        return Diagnostic.within(
            expression.excerpt,
            syntax.start,
            syntax.end,
            self.code,
            message,
            severity=severity or self.severity,
            label=label,
            help=help,
        )

    def _at(
        self, element: Element, start: int, end: int, message: str, label: str, help: str, severity: Severity | None
    ) -> Diagnostic:
        return Diagnostic(self.code, message, element.source, start, end, severity or self.severity, label, help)
