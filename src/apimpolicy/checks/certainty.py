"""Findings that apply whatever a template or an unknown named value inserts later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.registry import has_trait
from apimpolicy.text.document import Characters
from apimpolicy.text.holes import has_hole, is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.checks.rule import Rule
    from apimpolicy.checks.subject import Subject
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element

_NAMES = ("name",)
"""Attributes that may name a variable which is set."""


def certain(subject: Subject, rules: Iterable[Rule], found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the findings that no hole can explain: neither at their position nor in their subject."""
    about_all = {rule.code for rule in rules if rule.needs_all}
    for finding in found:
        text = finding.source.text[finding.start : finding.end]
        if has_hole(text) or has_hole(finding.message) or _is_open(subject, subject.element_at(finding.start)):
            continue
        if finding.code not in about_all or not _may_do_more(subject):
            yield finding


def _is_open(subject: Subject, element: Element | None) -> bool:
    """Return whether a hole may hold more of an element: its text, children, attributes, or something below them."""
    return element is not None and any(
        below.may_have_more_attributes
        or (_has_hole(below) and (below is element or not subject.takes_text_only(below)))
        for below in element.descendants()
    )


def _has_hole(element: Element) -> bool:
    return any(
        isinstance(child, Characters) and has_hole(child.raw) and child.is_unknown_outside_expressions
        for child in element.children
    )


def _may_do_more(subject: Subject) -> bool:
    """Return whether a hole anywhere may be a policy, or code that looks at something."""
    return (
        any(expression.compiled.has_code_holes for expression in subject.expressions)
        or any(_is_open(subject, root) for root in subject.document.roots)
        or any(
            (_may_decide(element, attribute.name) and _begins_with_hole(attribute.value))
            or (attribute.name.endswith(_NAMES) and is_unknown(attribute.value.raw))
            for element in subject.elements
            for attribute in element.attributes
        )
    )


def _may_decide(element: Element, attribute: str) -> bool:
    """Return whether the value of an attribute may be an expression that looks at anything."""
    if attribute == "condition":
        return element.name == "when" or has_trait(element.name, "repeats")
    return attribute == "value" and has_trait(element.name, "sets-variable")


def _begins_with_hole(value: Characters) -> bool:
    return not value.parts and is_unknown(value.raw.split(maxsplit=1)[0] if value.raw.strip() else "")
