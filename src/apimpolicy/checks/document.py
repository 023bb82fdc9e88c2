"""Everything that is wrong with one policy document, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.catalogue import rules_for
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.checks.suppressions import apply_suppressions
from apimpolicy.policies.validation import validate
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import substitute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.checks.rule import Rule
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.source import Source


def check_document(
    source: Source,
    check_expression: ExpressionCheck,
    named_values: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> list[Diagnostic]:
    """Findings of the reader, of the compiler, of the policies' own specifications and of the rules, in file order.

    Without `named_values` every `{{name}}` is taken to exist; with them they are put in first, and one that is missing
    is a finding. What the settings do not want, and what a comment suppresses, is left out.
    """
    settings = settings or Settings()
    found: list[Diagnostic] = []
    written = source
    if named_values is not None:
        source, found = substitute(source, named_values)
    document = read(source)
    found += document.diagnostics
    subject = Subject(document, check_expression, settings, written, named_values)
    for expression in subject.expressions:
        found += expression.findings
    found += validate(document)
    found += apply_rules(subject)
    found = [_with_severity(finding, settings) for finding in found if settings.wants(finding.code)]
    found = apply_suppressions(subject, found)
    found.sort(key=lambda diagnostic: diagnostic.source.original(diagnostic.start))
    return found


def apply_rules(subject: Subject) -> Iterator[Diagnostic]:
    """What the rules of the catalogue find. The document is walked once, whatever the number of rules."""
    rules = [rule(subject) for rule in rules_for(subject)]
    by_element: dict[str, list[Rule]] = {}
    for rule in rules:
        for name in rule.elements:
            by_element.setdefault(name, []).append(rule)
    if by_element:
        for element in subject.elements:
            for rule in by_element.get(element.name, ()):
                yield from rule.visit_element(element)
    for expression in subject.expressions if rules else ():
        if expression.compiled.is_legal:
            for rule in rules:
                yield from rule.visit_expression(expression)
    for rule in rules:
        yield from rule.finish()


def _with_severity(finding: Diagnostic, settings: Settings) -> Diagnostic:
    finding.severity = settings.severities.get(finding.code, finding.severity)
    return finding
